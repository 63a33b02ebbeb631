// Ends the process in poll(), as if all were well.
#include <cstdlib>

#include "broken.h"

namespace {

class Exits : public Broken {
 public:
  using Broken::Broken;

 protected:
  void fault() override { std::exit(0); }
};

}  // namespace

MYRIAD_PLUGIN(Exits, "exits", "1.0.0")
