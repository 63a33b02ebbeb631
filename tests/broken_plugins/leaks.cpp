// Grows by 8 MiB at every poll, and touches them.
#include "broken.h"

namespace {

class Leaks : public Broken {
 public:
  using Broken::Broken;

 protected:
  void fault() override { held_.emplace_back(std::size_t{8} << 20, 'x'); }

 private:
  std::vector<std::string> held_;
};

}  // namespace

MYRIAD_PLUGIN(Leaks, "leaks", "1.0.0")
