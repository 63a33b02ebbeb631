// The pieces that the spine's rows and the historian's chunks are made of: columns of 64-bit integers as few bytes,
// exact decimals, runs of one type and quality, zstd with a checksum. Pure. Decoding bounds-checks every byte.
#pragma once

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/result.h"

struct ZSTD_CCtx_s;
struct ZSTD_DCtx_s;

namespace myriad::spine {

using Bytes = std::vector<std::uint8_t>;
using BytesView = std::span<const std::uint8_t>;

// Small magnitudes of either sign become small numbers.
constexpr std::uint64_t zigzag(std::uint64_t delta) {
  return (delta << 1) ^ static_cast<std::uint64_t>(static_cast<std::int64_t>(delta) >> 63);
}
constexpr std::uint64_t unzigzag(std::uint64_t code) {
  return (code >> 1) ^ (0 - (code & 1));
}

// ---- Writing: each appends to `out`.

void put_varint(Bytes& out, std::uint64_t);
// Four bits per value say its length, 0 to 8 bytes; the bytes follow together. Without a branch per value.
void put_column(Bytes& out, std::span<const std::uint64_t>);
// First all lowest bytes, then the next: what doubles of one origin share lies together for zstd.
void put_planes(Bytes& out, std::span<const std::uint64_t>);

// Reads what the functions above wrote. After the first fault ok() is false and everything read is zero or empty.
class Reader {
 public:
  explicit Reader(BytesView data) : data_(data) {}

  std::uint64_t varint();
  // The number of items that follow, at most `per_byte` in every byte left: bounds what a caller may allocate.
  std::size_t count(std::size_t per_byte);
  void column(std::span<std::uint64_t> out);
  void planes(std::span<std::uint64_t> out);
  BytesView bytes(std::size_t size);

  bool ok() const { return ok_; }
  void fail();
  std::size_t left() const { return data_.size() - at_; }

 private:
  std::uint64_t load(std::size_t length);

  BytesView data_;
  std::size_t at_ = 0;
  bool ok_ = true;
};

// ---- Runs of readings with one type and quality

struct Kind {
  std::uint32_t count = 0;
  std::uint16_t type = 0, quality = 0;
};
void put_kinds(Bytes& out, std::span<const Kind>);
// Kinds that add up to `readings`, each of a known type and quality; else the reader fails and there are none.
std::vector<Kind> get_kinds(Reader&, std::size_t readings);

// ---- Times: the largest of 1 s, 1 ms, 1 µs, 1 ns that divides all differences

unsigned common_unit(std::span<const std::int64_t> differences);  // an index for unit_ns
inline constexpr std::array<std::int64_t, 4> unit_ns{1, 1'000, 1'000'000, 1'000'000'000};

// ---- Doubles that are exact decimals, as integers

class Decimals {
 public:
  static constexpr unsigned max_digits = 9;
  explicit Decimals(unsigned digits) : scale_(powers[digits]) {}

  // The digits after the point that most of these doubles (as bits) need, judged by a sample.
  static unsigned choose(std::span<const std::uint64_t> bits);

  // Whether v is exactly m / 10^digits, bit for bit.
  bool shrink(double v, std::uint64_t& m) const {
    constexpr double magic = 0x1.8p52;  // adding it rounds to an integer that lies in the low bits
    const double x = v * scale_;
    const double y = x + magic;
    m = std::bit_cast<std::uint64_t>(y) - std::bit_cast<std::uint64_t>(magic);
    const bool fits = std::fabs(x) < 0x1p51;
    const bool exact = std::bit_cast<std::uint64_t>((y - magic) / scale_) == std::bit_cast<std::uint64_t>(v);
    return fits & exact;
  }
  double grow(std::uint64_t m) const { return static_cast<double>(static_cast<std::int64_t>(m)) / scale_; }

 private:
  static constexpr std::array<double, max_digits + 1> powers{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9};
  double scale_;
};

// ---- zstd frames with a checksum; one thread each

class Compressor {
 public:
  Compressor();
  void compress(BytesView body, Bytes& out);  // appends

 private:
  std::unique_ptr<ZSTD_CCtx_s, std::size_t (*)(ZSTD_CCtx_s*)> context_;
};

class Decompressor {
 public:
  Decompressor();
  Status decompress(BytesView frame, Bytes& body);  // replaces; refuses a bad checksum and bodies over 256 MiB

 private:
  std::unique_ptr<ZSTD_DCtx_s, std::size_t (*)(ZSTD_DCtx_s*)> context_;
};

}  // namespace myriad::spine
