// Computes in poll() for ever, deaf to cancel().
#include "broken.h"

namespace {

class SpinsInPoll : public Broken {
 public:
  using Broken::Broken;

 protected:
  void fault() override {
    for (volatile unsigned turns = 0;;) turns = turns + 1;
  }
};

}  // namespace

MYRIAD_PLUGIN(SpinsInPoll, "spins_in_poll", "1.0.0")
