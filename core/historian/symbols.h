// How integers become symbols, which an entropy coder shortens, and low bits, which look like noise. Pure.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <span>
#include <tuple>

namespace myriad::historian {

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

inline constexpr std::array<Shape, 6> shapes{{{8, 0}, {4, 0}, {4, 1}, {4, 2}, {4, 3}, {7, 1}}};
// The shapes that fit all up to 255; all there is; what others can be judged by; what has the most exact symbols.
inline constexpr unsigned whole_bytes = 0, widest = 3, finest = 4, long_exact = 5;

constexpr std::uint64_t mask(unsigned bits) {
  return bits >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << bits) - 1;
}

// Which shape makes a column smallest, and about how many bits it then has; `packed`: its integers as they are.
struct Choice {
  static constexpr unsigned packed = shapes.size();
  unsigned shape = packed;
  double bits = 0;
};
// `all_bits`: those that any value has.
Choice cheapest_shape(std::span<const std::uint64_t> values, std::uint64_t all_bits);

// What a symbol stands for; below `count`.
struct Symbols {
  constexpr explicit Symbols(Shape shape) {
    for (; count < 256; ++count) {
      base[count] = shape.base(count);
      if (count > 0 && base[count] == 0) return;
      low_bits[count] = static_cast<std::uint8_t>(shape.low_bits(base[count]));
    }
  }

  unsigned count = 0;
  std::array<std::uint64_t, 256> base{};
  std::array<std::uint8_t, 256> low_bits{};
};
// Of each of the shapes: to work them out takes as long as to read a short column.
inline constexpr auto shape_symbols = [] {
  return std::apply([](auto... shape) { return std::array{Symbols(shape)...}; }, shapes);
}();

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

}  // namespace myriad::historian
