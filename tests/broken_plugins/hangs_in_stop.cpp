// Never returns from stop().
#include "broken.h"

namespace {

class HangsInStop : public Broken {
 public:
  using Broken::Broken;
  void stop() override {
    for (;;) std::this_thread::sleep_for(std::chrono::hours(1));
  }
};

}  // namespace

MYRIAD_PLUGIN(HangsInStop, "hangs_in_stop", "1.0.0")
