// Sleeps in poll() for ever, deaf to cancel().
#include "broken.h"

namespace {

class HangsInPoll : public Broken {
 public:
  using Broken::Broken;

 protected:
  void fault() override {
    for (;;) std::this_thread::sleep_for(std::chrono::hours(1));
  }
};

}  // namespace

MYRIAD_PLUGIN(HangsInPoll, "hangs_in_poll", "1.0.0")
