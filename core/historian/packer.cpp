#include "historian/packer.h"

#include <zstd.h>

#include <algorithm>
#include <cstring>
#include <new>

#include "historian/payload.h"
#include "historian/symbols.h"

namespace myriad::historian {
namespace {

using spine::BytesView;

// The value that at least three of four samples have, if any: by majority vote (Boyer and Moore 1991), then counted.
std::optional<std::uint64_t> usual(std::span<const std::uint64_t> values) {
  std::array<std::uint64_t, 32> sample;
  if (values.size() < sample.size()) return std::nullopt;
  for (std::size_t i = 0; i < sample.size(); ++i) sample[i] = values[i * values.size() / sample.size()];
  std::uint64_t candidate = 0;
  int votes = 0;
  for (const auto v : sample) {
    if (votes == 0) candidate = v;
    votes += v == candidate ? 1 : -1;
  }
  if (std::count(sample.begin(), sample.end(), candidate) < 24) return std::nullopt;
  return candidate;
}

}  // namespace

Packer::Packer() : context_(ZSTD_createCCtx(), &ZSTD_freeCCtx) {
  if (!context_) throw std::bad_alloc();
}

void Packer::begin(Effort effort) {
  effort_ = effort;
  rewind({0, 0, 0, 0, 0});
}

void Packer::rewind(const Mark& mark) {
  head_.resize(mark.head);
  body_.resize(mark.body);
  low_.resize(mark.low);
  cuts_.resize(mark.cuts);
  cost_ = mark.cost;
}

void Packer::varint(std::uint64_t v) {
  const std::size_t before = head_.size();
  spine::put_varint(head_, v);
  cost_ += 8.0 * static_cast<double>(head_.size() - before);
}

void Packer::bytes(BytesView bytes) {
  cut();
  body_.insert(body_.end(), bytes.begin(), bytes.end());
  cut();
  cost_ += 4.0 * static_cast<double>(bytes.size());
}

// Small columns share their statistics: a block of their own would cost more than it saves.
void Packer::cut() {
  constexpr std::size_t least = 192;
  const std::size_t before = cuts_.empty() ? 0 : cuts_.back();
  if (body_.size() >= before + least) cuts_.push_back(body_.size());
}

void Packer::column(std::span<const std::uint64_t> values) {
  if (values.empty()) return;
  std::uint64_t all_bits = 0, different = 0;
  for (const auto v : values) all_bits |= v, different |= v ^ values[0];
  if (different == 0) return constant_column(values[0]);
  const auto mostly = usual(values);
  if (!mostly) return plain_column(values, all_bits);
  if (effort_ == Effort::best)
    return smallest([&] { sparse_column(values, *mostly); }, [&] { plain_column(values, all_bits); });
  sparse_column(values, *mostly);
}

void Packer::constant_column(std::uint64_t value) {
  varint(static_cast<std::uint64_t>(Form::constant));
  varint(value);
}

void Packer::sparse_column(std::span<const std::uint64_t> values, std::uint64_t usual) {
  std::vector<std::uint64_t> gaps, others;
  std::uint64_t gaps_bits = 0, others_bits = 0;
  std::size_t after = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values[i] == usual) continue;
    gaps.push_back(i - after);
    others.push_back(values[i]);
    gaps_bits |= gaps.back();
    others_bits |= values[i];
    after = i + 1;
  }
  varint(static_cast<std::uint64_t>(Form::sparse));
  varint(usual);
  varint(others.size());
  const auto put = [&](const auto& column, std::uint64_t all_bits) {
    if (std::adjacent_find(column.begin(), column.end(), std::not_equal_to<>()) != column.end())
      return plain_column(column, all_bits);
    constant_column(column[0]);
  };
  put(gaps, gaps_bits);
  put(others, others_bits);
}

void Packer::plain_column(std::span<const std::uint64_t> values, std::uint64_t all_bits) {
  constexpr std::size_t few = 160;  // too few for statistics
  const auto width = static_cast<unsigned>(std::bit_width(all_bits));
  if (effort_ == Effort::best) return cheapest_column(values, all_bits);
  if (values.size() < few && width < 16) return packed_column(values, width);
  symbol_column(values, width <= 8 ? whole_bytes : widest);
}

void Packer::packed_column(std::span<const std::uint64_t> values, unsigned width) {
  varint(static_cast<std::uint64_t>(Form::packed));
  varint(width);
  const std::size_t start = low_.size();
  low_.resize(start + values.size() * width / 8 + low_padding);
  BitWriter out(low_.data() + start);
  for (const auto v : values) out.put(v, width);
  low_.resize(static_cast<std::size_t>(out.finish() - low_.data()));
  cost_ += 8.0 * static_cast<double>(low_.size() - start);
}

void Packer::symbol_column(std::span<const std::uint64_t> values, unsigned index) {
  varint(static_cast<std::uint64_t>(Form::symbols) + index);
  const std::size_t start = body_.size();
  body_.resize(start + values.size());
  std::uint8_t* symbol = body_.data() + start;
  if (index == whole_bytes) {
    for (const auto v : values) *symbol++ = static_cast<std::uint8_t>(v);
    return cut();
  }
  const Shape shape = shapes[index];
  const std::size_t low_start = low_.size();
  low_.resize(low_start + 8 * values.size() + low_padding);
  BitWriter out(low_.data() + low_start);
  for (const auto v : values) {
    *symbol++ = static_cast<std::uint8_t>(shape.symbol(v));
    const unsigned bits = shape.low_bits(v);
    out.put(v & mask(bits), bits);
  }
  low_.resize(static_cast<std::size_t>(out.finish() - low_.data()));
  cut();
}

void Packer::cheapest_column(std::span<const std::uint64_t> values, std::uint64_t all_bits) {
  const Choice choice = cheapest_shape(values, all_bits);
  if (choice.shape == Choice::packed) return packed_column(values, static_cast<unsigned>(std::bit_width(all_bits)));
  const double before = cost_;
  symbol_column(values, choice.shape);
  cost_ = before + choice.bits;
}

// False when the body is no smaller so.
bool Packer::compress() {
  constexpr std::size_t worth_it = 48;
  frame_.clear();
  if (body_.size() < worth_it) return false;
  if (cuts_.empty() || cuts_.back() != body_.size()) cuts_.push_back(body_.size());
  // Symbols of noise have short matches by chance, which cost more than they save.
  compress({.level = 1, .shortest_match = 7, .hash_log = effort_ == Effort::best ? 6 : 0}, frame_);
  if (effort_ == Effort::best) {
    compress({.level = 5, .shortest_match = 7, .hash_log = 0}, other_frame_);
    if (other_frame_.size() < frame_.size()) frame_.swap(other_frame_);
  }
  return frame_.size() < body_.size();
}

void Packer::compress(const Search& search, spine::Bytes& frame) {
  ZSTD_CCtx_reset(context_.get(), ZSTD_reset_session_and_parameters);
  ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_compressionLevel, search.level);
  ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_minMatch, search.shortest_match);
  if (search.hash_log > 0) ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_hashLog, search.hash_log);
  ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_contentSizeFlag, 0);
  ZSTD_CCtx_setPledgedSrcSize(context_.get(), body_.size());
  frame.resize(ZSTD_compressBound(body_.size()) + 64 * cuts_.size());
  ZSTD_outBuffer out{frame.data(), frame.size(), 0};
  ZSTD_inBuffer in{body_.data(), 0, 0};
  for (const std::size_t end : cuts_) {
    in.size = end;
    const auto how = end == body_.size() ? ZSTD_e_end : ZSTD_e_flush;
    // The buffer is large enough; nothing but memory can fail.
    if (ZSTD_compressStream2(context_.get(), &out, &in, how) != 0) throw std::bad_alloc();
  }
  frame.resize(out.pos);
}

BytesView Packer::finish() {
  const bool compressed = compress();
  payload_.assign(checksum_size, 0);
  spine::put_varint(payload_, head_.size());
  spine::put_varint(payload_, body_.size());
  spine::put_varint(payload_, compressed ? frame_.size() : 0);
  for (const auto* part : {&head_, compressed ? &frame_ : &body_, &low_})
    payload_.insert(payload_.end(), part->begin(), part->end());
  const std::uint32_t checksum = payload_checksum(BytesView(payload_).subspan(checksum_size));
  std::memcpy(payload_.data(), &checksum, checksum_size);
  return payload_;
}

}  // namespace myriad::historian
