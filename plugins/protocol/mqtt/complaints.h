// Counts what was refused and logs it at a limited rate: the first at once, then at most one line each ten seconds,
// which says how many there were and names the last. Not thread-safe: belongs to the network thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <myriad/plugin.hpp>
#include <string>

namespace mqtt {

class Complaints {
 public:
  using Clock = std::chrono::steady_clock;
  Complaints(myriad::Host host, std::string metric) : host_(host), metric_(std::move(metric)) {}

  void add(std::string what, Clock::time_point now = Clock::now()) {
    host_.metric(metric_, static_cast<double>(++count_));
    last_ = std::move(what);
    ++unlogged_;
    flush(now);
  }
  // Logs what was held back, when it is time.
  void flush(Clock::time_point now = Clock::now()) {
    if (unlogged_ == 0 || (logged_once_ && now - logged_ < std::chrono::seconds(10))) return;
    host_.warn(unlogged_ == 1 ? last_ : std::to_string(unlogged_) + " messages refused; the last: " + last_);
    unlogged_ = 0;
    logged_once_ = true;
    logged_ = now;
  }
  std::uint64_t count() const { return count_; }

 private:
  myriad::Host host_;
  std::string metric_, last_;
  std::uint64_t count_ = 0, unlogged_ = 0;
  bool logged_once_ = false;
  Clock::time_point logged_{};
};

}  // namespace mqtt
