// Publishes to points whose ids it was never given.
#include "broken.h"

namespace {

class UnknownPoints : public Broken {
 public:
  using Broken::Broken;

 protected:
  void fault() override {
    for (const std::uint32_t id : {0U, count_point() + 100'000, 0xffff'ffffU}) {
      myriad::Batch batch;
      batch.add(id, host().now_ns(), std::int64_t{1});
      report(host().publish(batch) == MYRIAD_OK);
    }
  }
};

}  // namespace

MYRIAD_PLUGIN(UnknownPoints, "unknown_points", "1.0.0")
