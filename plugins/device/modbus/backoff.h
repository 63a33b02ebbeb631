// When to try again: after each failure twice as late, up to a cap, each delay shortened by up to a half at random so
// that many instances do not return at once. One thread at a time.
#pragma once

#include <algorithm>
#include <chrono>
#include <random>

namespace modbus {

class Backoff {
 public:
  using Clock = std::chrono::steady_clock;

  Backoff(std::chrono::milliseconds first, std::chrono::milliseconds most) : first_(first), most_(most) {}

  // Nothing failed, or the delay has passed.
  bool due() const { return delay_.count() == 0 || Clock::now() >= until_; }
  std::chrono::milliseconds left() const {
    return std::max(std::chrono::ceil<std::chrono::milliseconds>(until_ - Clock::now()), std::chrono::milliseconds(0));
  }
  void fail(std::minstd_rand& random) {
    delay_ = std::min(delay_.count() == 0 ? first_ : 2 * delay_, most_);
    const double part = std::uniform_real_distribution(0.5, 1.0)(random);
    until_ = Clock::now() + std::chrono::duration_cast<Clock::duration>(delay_ * part);
  }
  void reset() { delay_ = std::chrono::milliseconds(0); }

 private:
  std::chrono::milliseconds first_, most_;
  std::chrono::milliseconds delay_{0};
  Clock::time_point until_;
};

}  // namespace modbus
