// The time of day, replaceable in tests. Durations are measured with std::chrono::steady_clock directly.
#pragma once

#include <atomic>
#include <cstdint>

namespace myriad {

// Nanoseconds since 1970-01-01T00:00:00Z, UTC. Good until 2262-04-11.
using Nanos = std::int64_t;

class Clock {  // thread-safe
 public:
  virtual ~Clock() = default;
  virtual Nanos now() const = 0;
};

class SystemClock final : public Clock {
 public:
  Nanos now() const override;
};

class ManualClock final : public Clock {
 public:
  explicit ManualClock(Nanos start = 0) : now_(start) {}
  Nanos now() const override { return now_.load(); }
  void set(Nanos now) { now_.store(now); }
  void advance(Nanos by) { now_.fetch_add(by); }

 private:
  std::atomic<Nanos> now_;
};

}  // namespace myriad
