// Publishing from a thread of ours: waits while the host's queue is full, and stops at once when asked.
#pragma once

#include <chrono>
#include <stop_token>

#include "myriad/plugin.hpp"

namespace simulator {

// Waits, or returns earlier when asked to stop.
void pause(const std::stop_token& stop, std::chrono::nanoseconds time);

class Publisher {  // used by one thread
 public:
  explicit Publisher(myriad::Host host) : host_(host) {}
  // True when the host took the batch, false when asked to stop first. Throws myriad::Failure when the host refuses it.
  bool publish(const myriad::Batch& batch, const std::stop_token& stop);
  std::uint64_t published() const { return published_; }  // readings
  std::uint64_t waits() const { return waits_; }          // times the queue was full

 private:
  myriad::Host host_;
  std::uint64_t published_ = 0, waits_ = 0;
};

}  // namespace simulator
