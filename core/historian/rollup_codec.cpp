#include "historian/rollup_codec.h"

#include <bit>
#include <cassert>

namespace myriad::historian {
namespace {

using spine::unzigzag;
using spine::zigzag;

Error damaged(const std::string& what) {
  return {Code::internal, "a run of rollups is damaged: " + what};
}

constexpr double Tally::*numbers[] = {&Tally::first, &Tally::last, &Tally::min,    &Tally::max,
                                      &Tally::sum,   &Tally::area, &Tally::squares};

}  // namespace

spine::BytesView RollupEncoder::encode(std::span<const Bucket> buckets, Nanos width) {
  body_.clear();
  spine::put_varint(body_, buckets.size());
  spine::put_varint(body_, static_cast<std::uint64_t>(width));
  const auto put = [&](auto&& value) {
    column_.clear();
    for (const Bucket& b : buckets) column_.push_back(value(b));
    spine::put_column(body_, column_);
  };
  Nanos before = 0;
  put([&](const Bucket& b) {
    assert(b.tally.numbers > 0 && b.tally.numbers == b.tally.readings);
    const Nanos step = b.begin / width - before;
    before = b.begin / width;
    return zigzag(static_cast<std::uint64_t>(step));
  });
  put([](const Bucket& b) { return b.tally.numbers; });
  put([](const Bucket& b) { return static_cast<std::uint64_t>(b.tally.first_time - b.begin); });
  put([](const Bucket& b) { return static_cast<std::uint64_t>(b.tally.last_time - b.tally.first_time); });
  for (const auto member : numbers) {
    std::uint64_t last = 0;
    put([&](const Bucket& b) {
      const auto bits = std::bit_cast<std::uint64_t>(b.tally.*member);
      return std::exchange(last, bits) ^ bits;
    });
  }
  payload_.clear();
  compressor_.compress(body_, payload_);
  return payload_;
}

Result<std::vector<Bucket>> RollupDecoder::decode(int codec, spine::BytesView payload) {
  if (codec != rollup_codec) return damaged("codec " + std::to_string(codec) + ", this Myriad knows 1");
  if (auto done = decompressor_.decompress(payload, body_); !done) return damaged(done.error().message);
  spine::Reader in(body_);
  std::vector<Bucket> buckets(in.count(1));
  const auto width = in.varint();
  column_.resize(buckets.size());
  const auto get = [&](auto&& set) {
    in.column(column_);
    if (!in.ok()) return;
    for (std::size_t i = 0; i < buckets.size(); ++i) set(buckets[i], column_[i]);
  };
  std::uint64_t step = 0;
  get([&](Bucket& b, std::uint64_t v) { b.begin = static_cast<Nanos>((step += unzigzag(v)) * width); });
  get([](Bucket& b, std::uint64_t v) { b.tally.readings = b.tally.numbers = v; });
  get([](Bucket& b, std::uint64_t v) {
    b.tally.first_time = static_cast<Nanos>(static_cast<std::uint64_t>(b.begin) + v);
  });
  get([](Bucket& b, std::uint64_t v) {
    b.tally.last_time = static_cast<Nanos>(static_cast<std::uint64_t>(b.tally.first_time) + v);
  });
  for (const auto member : numbers) {
    std::uint64_t last = 0;
    get([&](Bucket& b, std::uint64_t v) { b.tally.*member = std::bit_cast<double>(last ^= v); });
  }
  if (!in.ok() || in.left() > 0) return damaged("its columns");
  return buckets;
}

}  // namespace myriad::historian
