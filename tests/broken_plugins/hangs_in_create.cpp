// Never returns from create().
#include "broken.h"

namespace {

class HangsInCreate : public Broken {
 public:
  HangsInCreate(myriad::Host given, std::string_view text) : Broken(given, text) {
    for (;;) std::this_thread::sleep_for(std::chrono::hours(1));
  }
};

}  // namespace

MYRIAD_PLUGIN(HangsInCreate, "hangs_in_create", "1.0.0")
