// Publishes batches whose sizes are lies, another one at every poll.
#include "broken.h"

namespace {

class LiesAboutSizes : public Broken {
 public:
  using Broken::Broken;

 protected:
  void fault() override {
    myriad::Batch batch;
    batch.add(count_point(), host().now_ns(), std::int64_t{1});
    auto raw = batch.raw();
    switch (turn_++ % 5) {
      case 0:
        raw.struct_size = 4;
        break;
      case 1:
        raw.stride = 0;
        break;
      case 2:
        raw.stride = 7;
        break;
      case 3:
        raw.readings = nullptr;
        break;
      case 4:
        raw.count = 1U << 30;
        break;
    }
    report(host().raw()->publish(host().raw(), &raw) == MYRIAD_OK);
  }

 private:
  unsigned turn_ = 0;
};

}  // namespace

MYRIAD_PLUGIN(LiesAboutSizes, "lies_about_sizes", "1.0.0")
