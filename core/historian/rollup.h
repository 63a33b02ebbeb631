// Rollups: tallies of a point's readings by minute, hour and day (UTC), kept beside the chunks. Pure.
#pragma once

#include <array>
#include <cstdint>

#include "base/clock.h"

namespace myriad::historian {

// Level 0 is the readings themselves.
inline constexpr int rollup_levels = 3;
inline constexpr std::array<Nanos, rollup_levels + 1> rollup_width{
    1, Nanos{60} * 1'000'000'000, Nanos{3'600} * 1'000'000'000, Nanos{86'400} * 1'000'000'000};

// A bucket of fewer readings than this costs about as much as they do: there the level below answers, and is kept as
// long as this level's rollups would be.
inline constexpr std::uint64_t worthwhile_readings = 32;

constexpr Nanos bucket_begin(Nanos time, int level) {
  return time - time % rollup_width[static_cast<std::size_t>(level)];
}
constexpr Nanos bucket_begin_after(Nanos time, int level) {  // the first at `time` or after
  const Nanos width = rollup_width[static_cast<std::size_t>(level)];
  return time > INT64_MAX - width ? INT64_MAX - INT64_MAX % width : bucket_begin(time + width - 1, level);
}

}  // namespace myriad::historian
