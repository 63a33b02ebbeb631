// Calls abort() in poll().
#include <cstdlib>

#include "broken.h"

namespace {

class Aborts : public Broken {
 public:
  using Broken::Broken;

 protected:
  void fault() override { std::abort(); }
};

}  // namespace

MYRIAD_PLUGIN(Aborts, "aborts", "1.0.0")
