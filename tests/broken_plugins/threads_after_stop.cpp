// Leaves a thread behind that publishes after stop().
#include "broken.h"

namespace {

class ThreadsAfterStop : public Broken {
 public:
  using Broken::Broken;

 protected:
  void fault() override {
    if (!std::exchange(left_, true))
      std::thread([given = host(), point = count_point()] {
        for (std::int64_t i = -1;; --i) {
          myriad::Batch batch;
          batch.add(point, given.now_ns(), i);
          (void)given.publish(batch);
          std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
      }).detach();
  }

 private:
  bool left_ = false;
};

}  // namespace

MYRIAD_PLUGIN(ThreadsAfterStop, "threads_after_stop", "1.0.0")
