// Doubles as decimals and how many last places they are beside them, as a float or arithmetic leaves them. Pure.
#pragma once

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <span>

namespace myriad::historian {

// The order of doubles, given as bits, as the order of signed integers; neighbours are one apart. Its own inverse.
inline std::uint64_t order(std::uint64_t bits) {
  return bits ^ (static_cast<std::uint64_t>(static_cast<std::int64_t>(bits) >> 63) >> 1);
}
// The same for floats, given as the bits of doubles.
inline std::uint64_t order32(std::uint64_t bits) {
  const auto narrow = std::bit_cast<std::int32_t>(static_cast<float>(std::bit_cast<double>(bits)));
  return static_cast<std::uint64_t>(std::int64_t{narrow ^ ((narrow >> 31) & 0x7fffffff)});
}
inline std::uint64_t unorder32(std::uint64_t order) {
  const auto narrow = static_cast<std::int32_t>(order);
  return std::bit_cast<std::uint64_t>(
      static_cast<double>(std::bit_cast<float>(narrow ^ ((narrow >> 31) & 0x7fffffff))));
}

// v is near m / 10^digits: in the last places of a double, or of a float.
class Decimals {
 public:
  static constexpr unsigned max_digits = 17;
  Decimals(unsigned digits, bool floats) : scale_(powers[digits]), floats_(floats) {}

  // The nearest decimal, and how many doubles (floats) v is above it. False: none is near; m is then `before`.
  bool split(std::uint64_t bits, std::uint64_t before, std::uint64_t& m, std::uint64_t& above) const {
    constexpr double magic = 0x1.8p52;  // adding it rounds to an integer that lies in the low bits
    const double x = std::bit_cast<double>(bits) * scale_;
    const bool fits = std::fabs(x) < 0x1p51;
    const double y = x + magic;
    m = fits ? std::bit_cast<std::uint64_t>(y) - std::bit_cast<std::uint64_t>(magic) : before;
    above = floats_ ? order32(bits) - order32(exact(m)) : order(bits) - order(exact(m));
    return fits;
  }
  std::uint64_t join(std::uint64_t m, std::uint64_t above) const {
    return floats_ ? unorder32(order32(exact(m)) + above) : order(order(exact(m)) + above);
  }

  std::uint64_t exact(std::uint64_t m) const {  // the double nearest to m / 10^digits
    return std::bit_cast<std::uint64_t>(static_cast<double>(static_cast<std::int64_t>(m)) / scale_);
  }

 private:
  static constexpr std::array<double, max_digits + 1> powers{1,   1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,
                                                             1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17};
  double scale_;
  bool floats_;
};

// Whether all these doubles are floats.
bool all_floats(std::span<const std::uint64_t> bits);

inline constexpr unsigned no_decimals = Decimals::max_digits + 1;

// The digits that most need, by a sample; a rare value with more is cheaper as far above its decimal than as a reason
// for everyone's digits. no_decimals when too few are decimals.
unsigned choose_digits(std::span<const std::uint64_t> bits, bool floats);

}  // namespace myriad::historian
