// Writes where no memory is, in poll().
#include "broken.h"

namespace {

class Segfaults : public Broken {
 public:
  using Broken::Broken;

 protected:
  void fault() override {
    volatile std::uintptr_t nowhere = 16;
    *reinterpret_cast<volatile int*>(nowhere) = 1;
  }
};

}  // namespace

MYRIAD_PLUGIN(Segfaults, "segfaults", "1.0.0")
