// A run of rollup buckets of one point as bytes, and back. Counts, times, min, max, sum, first and last come back bit
// for bit; squares and area nearly. Pure; one thread each.
#pragma once

#include <span>
#include <vector>

#include "base/result.h"
#include "historian/packer.h"
#include "historian/tally.h"
#include "historian/unpacker.h"

namespace myriad::historian {

// Readings whose times are in [begin, begin + width).
struct Bucket {
  Nanos begin = 0;
  Tally tally;
};

// Stored beside each run; a later codec has another number.
inline constexpr int rollup_codec = 1;

// How far squares may move, relative to itself (stddev then moves by half of that, or by rollup_noise of the largest
// magnitude where it is nothing but rounding); and area, relative to the largest magnitude × the span.
inline constexpr double rollup_error = 1e-7;
inline constexpr double rollup_noise = 1e-12;

class RollupEncoder {
 public:
  static constexpr std::size_t most_buckets = std::size_t{1} << 20;

  // Requires begins that are multiples of width, not negative, and ascend, no two the same; and of each tally: numbers
  // only, at least one, with times inside its bucket. Valid until the next call.
  spine::BytesView encode(std::span<const Bucket>, Nanos width, Effort = Effort::fast);

 private:
  Packer out_;
};

class RollupDecoder {
 public:
  // Any bytes at all: damage is an error of Code::internal, as far as the detail is read. Squares and area take a third
  // of the time, and few aggregates need them.
  Result<std::vector<Bucket>> decode(int codec, spine::BytesView payload, Detail = Detail::all);
  // Of the last run that was decoded.
  Nanos width() const { return width_; }

 private:
  Unpacker in_;
  Nanos width_ = 0;
};

}  // namespace myriad::historian
