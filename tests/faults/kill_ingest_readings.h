// What the writer of kill_ingest_test sends, so that the test can tell from a reading's number all that it must be.
#pragma once

#include <cstdint>
#include <string>

namespace myriad::kill_ingest {

constexpr std::int64_t points = 4;

inline std::string point_of(std::int64_t number) {
  return "kill/p" + std::to_string(number % points);
}

// Mostly ascending and even. Some are late, at an odd time of their own in the past; some write an earlier reading of
// the same point again. The number is the value, so the last one of a time is known.
inline std::int64_t time_of(std::int64_t number) {
  const std::int64_t back = points * (1 + number % 499);
  if (number < back) return 2 * number;
  if (number % 11 == 5) return 2 * (number - back) + 1;
  if (number % 13 == 7) return 2 * (number - back);
  return 2 * number;
}

}  // namespace myriad::kill_ingest
