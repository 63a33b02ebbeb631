// Publishes batches of 256 readings as fast as it can, whether they are taken or not.
#include "broken.h"

namespace {

class Floods : public Endless {
 public:
  using Endless::Endless;

 protected:
  void again() override {
    myriad::Batch batch;
    for (int i = 0; i < 256; ++i) batch.add(point_, host().now_ns() + i, static_cast<std::int64_t>(i));
    (void)host().publish(batch);
  }

 private:
  std::uint32_t point_ = host().intern(thing(), "flood");
};

}  // namespace

MYRIAD_PLUGIN(Floods, "floods", "1.0.0")
