#include "historian/chunk_codec.h"

#include <algorithm>
#include <array>

namespace myriad::historian {
namespace {

using spine::unzigzag;
using spine::zigzag;

Error damaged(const std::string& what) {
  return {Code::internal, "a chunk of history is damaged: " + what};
}

// The interval that the point mostly has; a few samples suffice.
std::int64_t usual(std::span<const std::int64_t> intervals) {
  std::array<std::int64_t, 31> sample{};
  const std::size_t n = std::min(intervals.size(), sample.size());
  if (n == 0) return 0;
  for (std::size_t i = 0; i < n; ++i) sample[i] = intervals[i * intervals.size() / n];
  std::nth_element(sample.begin(), sample.begin() + static_cast<std::ptrdiff_t>(n / 2),
                   sample.begin() + static_cast<std::ptrdiff_t>(n));
  return sample[n / 2];
}

}  // namespace

// How far each interval is from the usual one: regular times become zeros, jittered ones small numbers.
void ChunkEncoder::put_times(const std::vector<Chunk::Entry>& entries) {
  intervals_.resize(entries.empty() ? 0 : entries.size() - 1);
  for (std::size_t i = 0; i < intervals_.size(); ++i) intervals_[i] = entries[i + 1].time - entries[i].time;
  const unsigned unit = spine::common_unit(intervals_);
  const std::int64_t ns = spine::unit_ns[unit];
  const std::int64_t period = usual(intervals_) / ns;
  spine::put_varint(body_, entries.empty() ? 0 : static_cast<std::uint64_t>(entries.front().time));
  spine::put_varint(body_, unit);
  spine::put_varint(body_, static_cast<std::uint64_t>(period));
  column_.resize(intervals_.size());
  for (std::size_t i = 0; i < intervals_.size(); ++i)
    column_[i] = zigzag(static_cast<std::uint64_t>(intervals_[i] / ns - period));
  spine::put_column(body_, column_);
}

spine::BytesView ChunkEncoder::encode(const Chunk& chunk) {
  body_.clear();
  spine::put_varint(body_, chunk.size());
  spine::put_kinds(body_, chunk.kinds());
  put_times(chunk.entries());
  column_.clear();
  chunk.for_each([&](Nanos, std::uint16_t type, std::uint16_t, std::uint64_t value) {
    column_.push_back(type >= MYRIAD_TEXT ? static_cast<std::uint32_t>(value) : value);
  });
  values_.put(body_, chunk.kinds(), {}, column_);
  if (chunk.text_bytes() > 0)
    chunk.for_each([&](Nanos, std::uint16_t type, std::uint16_t, std::uint64_t value) {
      if (type < MYRIAD_TEXT) return;
      const auto text = chunk.text(value);
      body_.insert(body_.end(), text.begin(), text.end());
    });
  payload_.clear();
  compressor_.compress(body_, payload_);
  return payload_;
}

Result<Chunk> ChunkDecoder::decode(int codec, spine::BytesView payload) {
  if (codec != chunk_codec) return damaged("codec " + std::to_string(codec) + ", this Myriad knows 1");
  if (auto done = decompressor_.decompress(payload, body_); !done) return damaged(done.error().message);
  return decode_body(body_);
}

bool ChunkDecoder::get_times(spine::Reader& in, std::vector<Chunk::Entry>& entries) {
  std::uint64_t time = in.varint();
  const std::uint64_t unit = in.varint(), period = in.varint();
  if (unit >= spine::unit_ns.size()) return false;
  column_.resize(entries.empty() ? 0 : entries.size() - 1);
  in.column(column_);
  if (!in.ok()) return false;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (i > 0) time += (period + unzigzag(column_[i - 1])) * static_cast<std::uint64_t>(spine::unit_ns[unit]);
    entries[i].time = static_cast<Nanos>(time);
    if (entries[i].time < 0 || (i > 0 && entries[i].time <= entries[i - 1].time)) return false;
  }
  return true;
}

Result<Chunk> ChunkDecoder::decode_body(spine::BytesView body) {
  spine::Reader in(body);
  std::vector<Chunk::Entry> entries(in.count(2));  // the shortest column has half a byte a reading
  auto kinds = spine::get_kinds(in, entries.size());
  if (!in.ok() || !get_times(in, entries)) return damaged("its times");
  column_.resize(entries.size());
  values_.get(in, kinds, {}, column_);
  if (!in.ok()) return damaged("its values");

  std::uint64_t text = 0;
  std::size_t i = 0;
  for (const auto& kind : kinds)
    for (const std::size_t end = i + kind.count; i < end; ++i) {
      entries[i].value = column_[i];
      if (kind.type < MYRIAD_TEXT) continue;
      if (column_[i] > in.left() - text) return damaged("its text");
      entries[i].value = text << 32 | column_[i];
      text += column_[i];
    }
  if (text != in.left()) return damaged("its text");
  const auto blob = in.bytes(text);
  return Chunk(std::move(entries), std::move(kinds), spine::Bytes(blob.begin(), blob.end()));
}

}  // namespace myriad::historian
