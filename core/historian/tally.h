// What a run of readings of one point comes to, in a form that runs can be joined in without reading them again. Pure.
#pragma once

#include <cstdint>

#include "base/clock.h"

namespace myriad::historian {

// Of readings with quality good or uncertain; others do not count. Booleans are the numbers 0 and 1, text is no number.
struct Tally {
  std::uint64_t readings = 0;           // numbers and texts
  std::uint64_t numbers = 0;            // all below is of these, and 0 without any
  Nanos first_time = 0, last_time = 0;  // inclusive
  double min = 0, max = 0, sum = 0;
  double first = 0, last = 0;  // by time
  double squares = 0;          // of the distances from the mean, added up (Youngs and Cramer 1971)
  double area = 0;             // value × seconds from first_time to last_time, each number held until the next

  void clear() {  // member by member: `*this = {}` becomes a string instruction, which is slow
    readings = numbers = 0;
    first_time = last_time = 0;
    min = max = sum = first = last = squares = area = 0;
  }
  void add(Nanos time, double number);  // requires time >= last_time
  void add(const Tally& later);         // requires later.first_time >= last_time

  double mean() const { return sum / static_cast<double>(numbers); }  // requires numbers
};

// How much of a tally is asked for, each with what stands before it; the rest may be anything.
enum class Detail : std::uint8_t {
  sums,    // counts, times and sum
  values,  // first, last, min and max
  all      // squares and area
};

}  // namespace myriad::historian
