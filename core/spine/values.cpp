#include "spine/values.h"

#include <algorithm>

#include "myriad/plugin.h"

namespace myriad::spine {
namespace {

// Replaces each value by its difference from the last of its slot (or back).
template <bool forward, class Last>
void difference(std::span<const std::uint32_t> points, std::span<std::uint64_t> values, Last& last) {
  last.fill(0);
  for (std::size_t i = 0; i < values.size(); ++i) {
    std::uint64_t& before = last[points.empty() ? 0 : points[i] % last.size()];
    const std::uint64_t v = values[i];
    values[i] = forward ? zigzag(v - before) : before + unzigzag(v);
    before = forward ? v : values[i];
  }
}

template <class F>
void for_each_double_run(std::span<const Kind> kinds, F&& f) {
  std::size_t at = 0;
  for (const Kind& kind : kinds) {
    if (kind.type == MYRIAD_F64) f(at, at + kind.count);
    at += kind.count;
  }
}

}  // namespace

void ValueCoder::put(Bytes& out, std::span<const Kind> kinds, std::span<const std::uint32_t> points,
                     std::span<const std::uint64_t> bits) {
  unsigned digits = 0;
  for_each_double_run(kinds, [&](std::size_t from, std::size_t to) {
    digits = std::max(digits, Decimals::choose(bits.subspan(from, std::min<std::size_t>(to - from, 4'096))));
  });
  stream_.assign(bits.begin(), bits.end());
  shrink_doubles(kinds, points, bits, digits);
  put_varint(out, digits);
  put_whole(out);
  difference<true>(points, stream_, last_);
  put_column(out, stream_);
}

void ValueCoder::shrink_doubles(std::span<const Kind> kinds, std::span<const std::uint32_t> points,
                                std::span<const std::uint64_t> bits, unsigned digits) {
  const Decimals decimals(digits);
  last_.fill(0);
  whole_.clear();
  gaps_.clear();
  std::size_t after = 0;
  for_each_double_run(kinds, [&](std::size_t from, std::size_t to) {
    for (std::size_t i = from; i < to; ++i) {
      if (decimals.shrink(std::bit_cast<double>(bits[i]), stream_[i])) [[likely]]
        continue;
      std::uint64_t& before = last_[points.empty() ? 0 : points[i] % slots];
      whole_.push_back(bits[i] ^ before);
      before = bits[i];
      gaps_.push_back(i - after);
      after = i + 1;
      stream_[i] = 0;
    }
  });
}

void ValueCoder::put_whole(Bytes& out) {
  put_varint(out, whole_.size());
  put_column(out, gaps_);
  put_planes(out, whole_);
}

void ValueCoder::get(Reader& in, std::span<const Kind> kinds, std::span<const std::uint32_t> points,
                     std::span<std::uint64_t> bits) {
  const std::uint64_t digits = in.varint();
  if (digits > Decimals::max_digits) return in.fail();
  whole_.resize(in.count(1));
  gaps_.resize(whole_.size());
  in.column(gaps_);
  in.planes(whole_);
  in.column(bits);
  if (!in.ok()) return;
  difference<false>(points, bits, last_);

  const Decimals decimals(static_cast<unsigned>(digits));
  for_each_double_run(kinds, [&](std::size_t from, std::size_t to) {
    for (std::size_t i = from; i < to; ++i) bits[i] = std::bit_cast<std::uint64_t>(decimals.grow(bits[i]));
  });
  last_.fill(0);
  std::size_t at = 0;
  for (std::size_t k = 0; k < whole_.size(); ++k, ++at) {
    if (gaps_[k] >= bits.size() - at) return in.fail();
    at += gaps_[k];
    std::uint64_t& before = last_[points.empty() ? 0 : points[at] % slots];
    bits[at] = before ^= whole_[k];
  }
}

}  // namespace myriad::spine
