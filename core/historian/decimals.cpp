#include "historian/decimals.h"

#include <algorithm>
#include <limits>

namespace myriad::historian {
namespace {

using View = std::span<const std::uint64_t>;

std::uint64_t magnitude(std::uint64_t v) {
  return static_cast<std::int64_t>(v) < 0 ? 0 - v : v;
}

// How far above or below m arithmetic may have left a decimal: the less, the closer decimals lie, since any double is
// near one of many digits.
std::uint64_t tolerance(std::uint64_t m, bool floats) {
  const std::uint64_t most = floats ? 2 : 48, close = std::uint64_t{1} << (floats ? 18 : 46);
  return std::min(most, close / std::max<std::uint64_t>(1, magnitude(m)));
}

// The fewest digits with which v is a decimal but for a few last places; else no_decimals.
unsigned digits_needed(std::uint64_t bits, bool floats) {
  std::uint64_t m, above;
  for (unsigned digits = 0; digits <= Decimals::max_digits; ++digits) {
    if (!Decimals(digits, floats).split(bits, 0, m, above)) break;
    if (magnitude(above) <= tolerance(m, floats)) return digits;
  }
  return no_decimals;
}

}  // namespace

bool all_floats(View bits) {
  return std::all_of(bits.begin(), bits.end(), [](std::uint64_t b) {
    const double v = std::bit_cast<double>(b);
    if (!(std::fabs(v) <= std::numeric_limits<float>::max())) return false;
    return std::bit_cast<std::uint64_t>(static_cast<double>(static_cast<float>(v))) == b;
  });
}

unsigned choose_digits(View bits, bool floats) {
  constexpr std::size_t sample = 48;
  std::array<std::size_t, no_decimals + 1> needed{};
  const std::size_t n = std::min(bits.size(), std::clamp<std::size_t>(bits.size() / 4, 16, sample));
  for (std::size_t i = 0; i < n; ++i) ++needed[digits_needed(bits[i * bits.size() / n], floats)];
  std::size_t covered = 0;
  for (unsigned digits = 0; digits <= Decimals::max_digits; ++digits) {
    covered += needed[digits];
    if (covered * 16 >= n * 15) return digits;
  }
  const std::size_t decimals = n - needed.back();
  if (decimals * 4 < n * 3) return no_decimals;
  covered = 0;
  for (unsigned digits = 0;; ++digits) {
    covered += needed[digits];
    if (covered * 16 >= decimals * 15) return digits;
  }
}

}  // namespace myriad::historian
