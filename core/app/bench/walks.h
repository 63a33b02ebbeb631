// Readings as equipment sends them, made in memory, the same every time: walks of two decimals, round after round of
// all points. Not thread-safe.
#pragma once

#include <vector>

#include "base/clock.h"
#include "model/reading.h"

namespace myriad::app::bench {

class Walks {
 public:
  struct Shape {
    std::vector<std::uint32_t> points;  // ids
    Nanos start = 0, step = 0;          // of the rounds
    Nanos unit = 1'000'000;             // times are late by 0 to `jitter` of these
    std::uint32_t jitter = 0;
    bool scanned = false;       // all points of a round have one time
    std::uint32_t widest = 10;  // hundredths between two values
  };
  // Sensors at 1 Hz that answer up to 19 ms late.
  static Shape at_1_hz(std::vector<std::uint32_t> points);
  // What the simulator's load looks like when nothing holds it up.
  static Shape flood(std::vector<std::uint32_t> points);

  explicit Walks(Shape);
  // The next readings, all of good doubles. Valid until the next call.
  const model::Batch& next(std::size_t readings);

 private:
  std::uint32_t random(std::uint32_t below);

  const Shape shape_;
  std::vector<std::int64_t> hundredths_;
  std::uint64_t random_ = 42;
  std::size_t at_ = 0;
  Nanos round_, late_ = 0;
  model::Batch batch_;
};

}  // namespace myriad::app::bench
