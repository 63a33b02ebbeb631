#include "historian/packer.h"

#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <new>
#include <numeric>
#include <string>

namespace myriad::historian {
namespace {

using spine::BytesView;

constexpr std::size_t padding = 16;
constexpr std::size_t checksum_size = 4;

// The forms of a column, as its first varint. From `symbols` on: symbols + the index of the shape.
enum Form : std::uint64_t { constant = 0, sparse = 1, packed = 2, symbols = 3 };

// Integers below 2^exact are symbols themselves; of others the symbol has the place of the highest bit and the
// `mantissa` bits below it. What is still lower is kept as it is: there it looks like noise.
struct Shape {
  unsigned exact, mantissa;

  constexpr unsigned symbol(std::uint64_t v) const {
    if (v >> exact == 0) return static_cast<unsigned>(v);
    const unsigned high = static_cast<unsigned>(std::bit_width(v)) - 1;
    return (1u << exact) + ((high - exact) << mantissa) +
           static_cast<unsigned>((v >> (high - mantissa)) & ((1u << mantissa) - 1));
  }
  constexpr unsigned low_bits(std::uint64_t v) const {
    return v >> exact == 0 ? 0 : static_cast<unsigned>(std::bit_width(v)) - 1 - mantissa;
  }
  // The least integer of a symbol; above what 64 bits hold, 0.
  constexpr std::uint64_t base(unsigned symbol) const {
    if (symbol < (1u << exact)) return symbol;
    const unsigned above = symbol - (1u << exact), high = exact + (above >> mantissa);
    if (high > 63) return 0;
    return std::uint64_t{1} << high | std::uint64_t{above & ((1u << mantissa) - 1)} << (high - mantissa);
  }
};

constexpr std::array<Shape, 6> shapes{{{8, 0}, {4, 0}, {4, 1}, {4, 2}, {4, 3}, {7, 1}}};
// The shapes that fit all up to 255; all there is; what others can be judged by; what has the most exact symbols.
constexpr unsigned whole_bytes = 0, widest = 3, finest = 4, long_exact = 5;

constexpr std::uint64_t mask(unsigned bits) {
  return bits >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << bits) - 1;
}

// What a symbol stands for; below `count`.
struct Symbols {
  explicit Symbols(Shape shape) {
    for (; count < 256; ++count) {
      base[count] = shape.base(count);
      if (count > 0 && base[count] == 0) return;
      low_bits[count] = static_cast<std::uint8_t>(shape.low_bits(base[count]));
    }
  }

  unsigned count = 0;
  std::array<std::uint64_t, 256> base;
  std::array<std::uint8_t, 256> low_bits;
};

// Appends up to 64 bits a call to bytes that have room.
class BitWriter {
 public:
  explicit BitWriter(std::uint8_t* at) : at_(at) {}

  void put(std::uint64_t value, unsigned bits) {
    if (bits > 56) [[unlikely]] {
      put_few(value & mask(32), 32);
      value >>= 32, bits -= 32;
    }
    put_few(value, bits);
  }
  std::uint8_t* finish() { return at_ + (held_ > 0); }

 private:
  void put_few(std::uint64_t value, unsigned bits) {
    word_ |= value << held_;
    std::memcpy(at_, &word_, 8);
    held_ += bits;
    at_ += held_ >> 3;
    word_ >>= held_ & ~7u;
    held_ &= 7;
  }

  std::uint8_t* at_;
  std::uint64_t word_ = 0;
  unsigned held_ = 0;
};

// Reads up to 64 bits a call from bytes that are padded.
class BitReader {
 public:
  explicit BitReader(const std::uint8_t* from) : from_(from) {}

  std::uint64_t get(unsigned bits) {
    std::uint64_t word;
    std::memcpy(&word, from_ + (at_ >> 3), 8);
    const unsigned skip = at_ & 7;
    word >>= skip;
    if (bits > 56 && skip > 0) [[unlikely]]
      word |= std::uint64_t{from_[(at_ >> 3) + 8]} << (64 - skip);
    at_ += bits;
    return word & mask(bits);
  }

 private:
  const std::uint8_t* from_;
  std::uint64_t at_ = 0;
};

// The value that at least three of four samples have, if any.
std::optional<std::uint64_t> usual(std::span<const std::uint64_t> values) {
  std::array<std::uint64_t, 32> sample;
  if (values.size() < sample.size()) return std::nullopt;
  for (std::size_t i = 0; i < sample.size(); ++i) sample[i] = values[i * values.size() / sample.size()];
  std::nth_element(sample.begin(), sample.begin() + 16, sample.end());
  const auto middle = sample[16];
  if (std::count(sample.begin(), sample.end(), middle) < 24) return std::nullopt;
  return middle;
}

// How often which values come, those of one bin as its least.
struct Bin {
  std::uint64_t value;
  std::uint32_t count;
};

std::vector<Bin> bins_of(std::span<const std::uint64_t> values, Shape shape) {
  std::array<std::uint32_t, 512> counts{};
  for (const auto v : values) ++counts[shape.symbol(v)];
  std::vector<Bin> bins;
  for (unsigned symbol = 0; symbol < counts.size(); ++symbol)
    if (counts[symbol] > 0) bins.push_back({shape.base(symbol), counts[symbol]});
  return bins;
}

// Bits of a Huffman code for symbols that come so often: the weights of its inner nodes, added up. Of many symbols the
// entropy, which is then as near and needs no order.
double huffman_bits(std::vector<std::uint32_t>& counts, std::size_t total) {
  constexpr std::size_t many = 48;
  if (counts.size() > many)
    return std::accumulate(counts.begin(), counts.end(), 0.0, [total](double bits, std::uint32_t count) {
      return bits + static_cast<double>(count) *
                        static_cast<double>(std::log2(static_cast<float>(total) / static_cast<float>(count)));
    });
  std::sort(counts.begin(), counts.end());
  std::vector<std::uint32_t> inner;
  std::size_t leaf = 0, node = 0;
  const auto lightest = [&] {
    if (leaf < counts.size() && (node == inner.size() || counts[leaf] <= inner[node])) return counts[leaf++];
    return inner[node++];
  };
  double bits = 0;
  for (std::size_t i = 1; i < counts.size(); ++i) {
    const std::uint32_t left = lightest(), weight = left + lightest();
    inner.push_back(weight);
    bits += weight;
  }
  return bits;
}

// Bits that a column of this shape takes, with what zstd says before it.
double symbol_bits(const std::vector<Bin>& bins, Shape shape, std::size_t total) {
  constexpr double table_bits_a_symbol = 4, block_bits = 80;
  std::array<std::uint32_t, 512> sums{};
  double low = 0;
  for (const auto& bin : bins) {
    sums[shape.symbol(bin.value)] += bin.count;
    low += static_cast<double>(bin.count) * shape.low_bits(bin.value);
  }
  std::vector<std::uint32_t> counts;
  for (const auto sum : sums)
    if (sum > 0) counts.push_back(sum);
  const double huffman = huffman_bits(counts, total) + table_bits_a_symbol * static_cast<double>(counts.size());
  return block_bits + low + std::min(huffman, 8 * static_cast<double>(total));
}

}  // namespace

std::uint32_t payload_checksum(BytesView rest) {
  return static_cast<std::uint32_t>(::crc32_z(0, rest.data(), rest.size()));
}

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
  varint(Form::constant);
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
  varint(Form::sparse);
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
  constexpr std::size_t few = 64;  // too few for statistics
  const auto width = static_cast<unsigned>(std::bit_width(all_bits));
  if (effort_ == Effort::best) return cheapest_column(values, all_bits);
  if (values.size() < few && width < 16) return packed_column(values, width);
  symbol_column(values, width <= 8 ? whole_bytes : widest);
}

void Packer::packed_column(std::span<const std::uint64_t> values, unsigned width) {
  varint(Form::packed);
  varint(width);
  const std::size_t start = low_.size();
  low_.resize(start + values.size() * width / 8 + padding);
  BitWriter out(low_.data() + start);
  for (const auto v : values) out.put(v, width);
  low_.resize(static_cast<std::size_t>(out.finish() - low_.data()));
  cost_ += 8.0 * static_cast<double>(low_.size() - start);
}

void Packer::symbol_column(std::span<const std::uint64_t> values, unsigned index) {
  varint(Form::symbols + index);
  const std::size_t start = body_.size();
  body_.resize(start + values.size());
  std::uint8_t* symbol = body_.data() + start;
  if (index == whole_bytes) {
    for (const auto v : values) *symbol++ = static_cast<std::uint8_t>(v);
    return cut();
  }
  const Shape shape = shapes[index];
  const std::size_t low_start = low_.size();
  low_.resize(low_start + 8 * values.size() + padding);
  BitWriter out(low_.data() + low_start);
  for (const auto v : values) {
    *symbol++ = static_cast<std::uint8_t>(shape.symbol(v));
    const unsigned bits = shape.low_bits(v);
    out.put(v & mask(bits), bits);
  }
  low_.resize(static_cast<std::size_t>(out.finish() - low_.data()));
  cut();
}

// Of all shapes and of bits as they are, by what the counts of symbols let expect.
void Packer::cheapest_column(std::span<const std::uint64_t> values, std::uint64_t all_bits) {
  constexpr double worth_it = 0.995;  // the first is the fastest to read
  const auto width = static_cast<unsigned>(std::bit_width(all_bits));
  double least = 8.0 * std::ceil(width * static_cast<double>(values.size()) / 8);
  unsigned best = shapes.size();
  const auto compare = [&](const std::vector<Bin>& bins, unsigned index) {
    const double bits = symbol_bits(bins, shapes[index], values.size());
    if (bits < least * worth_it) least = bits, best = index;
  };
  const bool small = width <= 8;
  const auto bins = bins_of(values, shapes[small ? whole_bytes : finest]);
  if (small) compare(bins, whole_bytes);
  for (const unsigned index : {1u, 2u, 3u, finest})
    if (shapes[index].symbol(all_bits) < 256) compare(bins, index);
  if (!small && width <= 12) compare(bins_of(values, shapes[long_exact]), long_exact);
  if (best == shapes.size()) return packed_column(values, width);
  const double before = cost_;
  symbol_column(values, best);
  cost_ = before + least;
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

Unpacker::Unpacker() : context_(ZSTD_createDCtx(), &ZSTD_freeDCtx) {
  if (!context_) throw std::bad_alloc();
}

Status Unpacker::open(BytesView payload) {
  const auto bad = [](std::string what) { return Error{Code::internal, std::move(what)}; };
  std::uint32_t checksum = 0;
  if (payload.size() < checksum_size) return bad("it has " + std::to_string(payload.size()) + " bytes");
  std::memcpy(&checksum, payload.data(), checksum_size);
  const BytesView rest = payload.subspan(checksum_size);
  if (payload_checksum(rest) != checksum) return bad("its checksum is another");

  spine::Reader in(rest);
  const auto head_size = in.varint(), body_size = in.varint(), frame_size = in.varint();
  if (body_size > max_body) return bad("its body would have " + std::to_string(body_size) + " bytes");
  const BytesView head = in.bytes(head_size);
  const BytesView stored = in.bytes(frame_size > 0 ? frame_size : body_size);
  if (!in.ok()) return bad("it is cut short");
  body_bytes_.resize(body_size);
  if (frame_size > 0) {
    const std::size_t got =
        ZSTD_decompressDCtx(context_.get(), body_bytes_.data(), body_size, stored.data(), stored.size());
    if (ZSTD_isError(got) || got != body_size) return bad("its zstd frame does not decode");
  } else {
    std::copy(stored.begin(), stored.end(), body_bytes_.begin());
  }
  head_ = spine::Reader(head);
  body_ = spine::Reader(body_bytes_);
  const BytesView low = in.bytes(in.left());
  low_.assign(low.begin(), low.end());
  low_.resize(low.size() + padding);
  low_at_ = 0;
  low_size_ = low.size();
  return {};
}

// Sets low_column_ and goes past the bits; false when there are fewer.
bool Unpacker::take_low(std::uint64_t bits) {
  if (bits / 8 + (bits % 8 > 0) > low_size_ - low_at_) {
    fail();
    return false;
  }
  low_column_ = low_.data() + low_at_;
  low_at_ += bits / 8 + (bits % 8 > 0);
  return true;
}

std::optional<std::uint64_t> Unpacker::constant_column() {
  spine::Reader next = head_;
  if (next.varint() != Form::constant) return std::nullopt;
  const std::uint64_t value = next.varint();
  if (!next.ok()) return std::nullopt;
  head_ = next;
  return value;
}

void Unpacker::column(std::span<std::uint64_t> out, bool may_be_sparse) {
  if (out.empty()) return;
  const std::uint64_t form = varint();
  if (!ok()) return;
  if (form == Form::constant) return std::fill(out.begin(), out.end(), varint());
  if (form == Form::packed) return packed_column(out);
  if (form >= Form::symbols) return symbol_column(out, form - Form::symbols);
  if (!may_be_sparse) return fail();
  sparse_column(out);
}

void Unpacker::sparse_column(std::span<std::uint64_t> out) {
  std::fill(out.begin(), out.end(), varint());
  const std::uint64_t count = varint();
  if (!ok() || count > out.size()) return fail();
  std::vector<std::uint64_t> gaps(count), others(count);
  column(gaps, false);
  column(others, false);
  if (!ok()) return;
  std::size_t at = 0;
  for (std::size_t i = 0; i < count; ++i, ++at) {
    if (gaps[i] >= out.size() - at) return fail();
    at += gaps[i];
    out[at] = others[i];
  }
}

void Unpacker::packed_column(std::span<std::uint64_t> out) {
  const std::uint64_t width = varint();
  if (width > 64 || !take_low(width * out.size())) return fail();
  BitReader in(low_column_);
  for (auto& v : out) v = in.get(static_cast<unsigned>(width));
}

void Unpacker::symbol_column(std::span<std::uint64_t> out, std::uint64_t shape) {
  const BytesView symbols = body_.bytes(out.size());
  if (!ok() || shape >= shapes.size()) return fail();
  if (shape == whole_bytes) {
    std::copy(symbols.begin(), symbols.end(), out.begin());
    return;
  }
  const Symbols known(shapes[shape]);
  if (*std::max_element(symbols.begin(), symbols.end()) >= known.count) return fail();
  std::uint64_t bits = 0;
  for (const auto symbol : symbols) bits += known.low_bits[symbol];
  if (!take_low(bits)) return;
  BitReader in(low_column_);
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = known.base[symbols[i]] + in.get(known.low_bits[symbols[i]]);
}

}  // namespace myriad::historian
