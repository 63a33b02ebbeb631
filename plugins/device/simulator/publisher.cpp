#include "publisher.h"

#include <condition_variable>
#include <mutex>

namespace simulator {

void pause(const std::stop_token& stop, std::chrono::nanoseconds time) {
  std::mutex mutex;
  std::condition_variable_any stopped;
  std::unique_lock lock(mutex);
  stopped.wait_for(lock, stop, time, [] { return false; });
}

bool Publisher::publish(const myriad::Batch& batch, const std::stop_token& stop) {
  // Short enough that a queue of a few thousand readings never runs empty meanwhile.
  constexpr auto breath = std::chrono::microseconds(500);
  while (!stop.stop_requested()) {
    const auto status = host_.publish(batch);
    if (status == MYRIAD_OK) {
      published_ += batch.size();
      return true;
    }
    if (status != MYRIAD_E_AGAIN)
      throw myriad::Failure(status, "the host refused a batch of " + std::to_string(batch.size()) + " readings");
    ++waits_;
    pause(stop, breath);
  }
  return false;
}

}  // namespace simulator
