// Latest values, and fan-out of committed readings to live subscribers. Fed by one thread with what the spine has
// committed, so that nobody sees a reading that a crash could take back. Thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "model/points.h"
#include "model/value.h"

namespace myriad::bus {

struct Change {
  model::PointId point{};
  model::Sample sample;
};

// What a subscriber receives, coalesced when it is slow: never more than one pending change per point beyond `limit`.
class Subscription {
 public:
  virtual ~Subscription() = default;  // unsubscribes
  struct Taken {
    std::vector<Change> changes;
    std::uint64_t sequence = 0;  // of the newest reading seen, whether it matched or not
    std::uint64_t skipped = 0;   // readings replaced by newer ones of their point since the last take
  };
  virtual Taken take() = 0;  // does not block; empties
};

class Bus {
 public:
  static std::unique_ptr<Bus> make(const model::Points& points);
  virtual ~Bus() = default;

  // One feeder thread. `last`: sequence of the last reading. A reading older than the latest of its point changes
  // nothing.
  virtual void feed(model::BatchView, std::uint64_t last) = 0;

  virtual std::optional<model::Sample> latest(model::PointId) const = 0;

  // `patterns` as in base/names.h. `wake` is called on the feeder thread when something waits; it must not block.
  // The subscription starts with the latest value of every matching point.
  virtual std::unique_ptr<Subscription> subscribe(std::vector<std::string> patterns, std::size_t limit,
                                                  std::function<void()> wake) = 0;
};

}  // namespace myriad::bus
