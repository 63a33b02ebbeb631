// Publishes a text that lies behind the end of its batch's blob.
#include "broken.h"

namespace {

class WritesOutOfBlob : public Broken {
 public:
  using Broken::Broken;

 protected:
  void fault() override {
    myriad::Batch batch;
    batch.add(count_point(), host().now_ns(), "text");
    batch.readings()[0].value.blob = {1U << 20, 64};
    report(host().publish(batch) == MYRIAD_OK);
  }
};

}  // namespace

MYRIAD_PLUGIN(WritesOutOfBlob, "writes_out_of_blob", "1.0.0")
