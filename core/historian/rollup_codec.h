// A run of rollup buckets of one point as bytes, and back. Counts, times, min, max, sum, first and last come back bit
// for bit; squares and area within rollup_error. Pure; one thread each.
#pragma once

#include <span>
#include <vector>

#include "base/result.h"
#include "historian/tally.h"
#include "spine/columns.h"
#include "spine/values.h"

namespace myriad::historian {

// Readings whose times are in [begin, begin + width).
struct Bucket {
  Nanos begin = 0;
  Tally tally;
};

// Stored beside each run; a later codec has another number.
inline constexpr int rollup_codec = 1;

// How far squares may move, relative to itself; and area, relative to the largest magnitude × the span.
inline constexpr double rollup_error = 1e-7;

class RollupEncoder {
 public:
  // Requires begins that are multiples of width and ascend, and of each tally: numbers only, at least one, with times
  // inside its bucket. Valid until the next call.
  spine::BytesView encode(std::span<const Bucket>, Nanos width);

 private:
  spine::Compressor compressor_;
  std::vector<std::uint64_t> column_;
  spine::Bytes body_, payload_;
};

class RollupDecoder {
 public:
  // Any bytes at all: damage is an error of Code::internal.
  Result<std::vector<Bucket>> decode(int codec, spine::BytesView payload);

 private:
  spine::Decompressor decompressor_;
  std::vector<std::uint64_t> column_;
  spine::Bytes body_;
};

}  // namespace myriad::historian
