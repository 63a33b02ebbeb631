#include "historian/integers.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>
#include <vector>

#include "historian/dictionary.h"
#include "spine/columns.h"

namespace myriad::historian {
namespace {

using spine::unzigzag;
using spine::zigzag;
using Integers = std::vector<std::uint64_t>;
using View = std::span<const std::uint64_t>;

// How an integer is foretold from those before it: by none (plain), or by the last, v1, and a share of the step to it,
// v1 - v2, in quarters. Smooth series go on as they went; noisy ones come back half the way.
enum class Mode : std::uint8_t { plain, last, trend, half_trend, half_back, dictionary };
constexpr std::uint64_t all_equal = 0;  // in the place of the divisor
constexpr std::array predictors{Mode::last, Mode::trend, Mode::half_trend, Mode::half_back};

constexpr std::int64_t quarters(Mode mode) {
  switch (mode) {
    case Mode::trend:
      return 4;
    case Mode::half_trend:
      return 2;
    case Mode::half_back:
      return -2;
    case Mode::plain:
    case Mode::last:
    case Mode::dictionary:
      return 0;
  }
  return 0;
}

template <std::int64_t share>
std::uint64_t foretold(std::uint64_t v1, std::uint64_t v2) {
  if constexpr (share == 0) return v1;
  const std::uint64_t step = (v1 - v2) * static_cast<std::uint64_t>(share);
  return v1 + static_cast<std::uint64_t>(static_cast<std::int64_t>(step) >> 2);
}

template <class F>
auto with_share(Mode mode, F&& f) {
  switch (quarters(mode)) {
    case 4:
      return f(std::integral_constant<std::int64_t, 4>());
    case 2:
      return f(std::integral_constant<std::int64_t, 2>());
    case -2:
      return f(std::integral_constant<std::int64_t, -2>());
    default:
      return f(std::integral_constant<std::int64_t, 0>());
  }
}

void residuals(Mode mode, View in, std::uint64_t* out) {
  with_share(mode, [&](auto share) {
    std::uint64_t v1 = 0, v2 = 0;
    for (const auto v : in) {
      *out++ = zigzag(v - foretold<share>(v1, v2));
      v2 = v1, v1 = v;
    }
  });
}

// `before` stands where there is none before.
void undo_residuals(Mode mode, std::uint64_t before, std::span<std::uint64_t> values) {
  with_share(mode, [&](auto share) {
    std::uint64_t v1 = before, v2 = before;
    for (auto& v : values) {
      v = foretold<share>(v1, v2) + unzigzag(v);
      v2 = v1, v1 = v;
    }
  });
}

// About how many bits integers take when their sizes vary little: the sum of logarithms, off a float's own bits.
double log_sum(View values) {
  std::uint64_t sum = 0;
  for (const auto v : values)
    sum += std::bit_cast<std::uint32_t>(static_cast<float>(static_cast<std::int64_t>(v >> 1)) + 0.5f) - 0x3f000000u;
  return static_cast<double>(sum) / (1 << 23);
}

// Division by one divisor of what is a multiple of it, without a division (Granlund and Montgomery 1994, section 9).
class Divisor {
 public:
  explicit Divisor(std::uint64_t divisor)
      : shift_(static_cast<unsigned>(std::countr_zero(divisor))), inverse_(divisor >> shift_) {
    const std::uint64_t odd = inverse_;
    for (int i = 0; i < 5; ++i) inverse_ *= 2 - odd * inverse_;  // Newton, modulo 2^64
    most_ = ~std::uint64_t{0} / odd;
  }
  bool divides(std::uint64_t v) const {  // unsigned
    return ((v >> shift_) << shift_) == v && (v >> shift_) * inverse_ <= most_;
  }
  std::uint64_t exact(std::uint64_t multiple) const {  // signed
    return static_cast<std::uint64_t>(static_cast<std::int64_t>(multiple) >> shift_) * inverse_;
  }

 private:
  unsigned shift_;
  std::uint64_t inverse_, most_;
};

std::uint64_t magnitude(std::uint64_t v) {
  return static_cast<std::int64_t>(v) < 0 ? 0 - v : v;
}

void put_plain(Packer& out, View values) {
  std::int64_t least = 0;  // the first is 0
  for (const auto v : values) least = std::min(least, static_cast<std::int64_t>(v));
  Integers column(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) column[i] = values[i] - static_cast<std::uint64_t>(least);
  out.varint(static_cast<std::uint64_t>(Mode::plain));
  out.varint(0 - static_cast<std::uint64_t>(least));
  out.column(column);
}

void put_foretold(Packer& out, Mode mode, View values) {
  Integers column(values.size());
  residuals(mode, values, column.data());
  out.varint(static_cast<std::uint64_t>(mode));
  out.column(column);
}

// Enough runs of neighbours to judge by.
Integers sample_of(View values, std::size_t run) {
  constexpr std::size_t runs = 4;
  if (values.size() <= runs * run) return {values.begin(), values.end()};
  Integers sample;
  for (std::size_t i = 0; i < runs; ++i) {
    const auto from = values.subspan(i * (values.size() - run) / (runs - 1), run);
    sample.insert(sample.end(), from.begin(), from.end());
  }
  return sample;
}

double plain_cost(View values) {
  const auto middle = std::accumulate(values.begin(), values.end(), 0.0, [](double sum, std::uint64_t v) {
    return sum + static_cast<double>(static_cast<std::int64_t>(v));
  });
  const auto mean = static_cast<std::uint64_t>(
      std::llround(std::clamp(middle / static_cast<double>(values.size()), -0x1p62, 0x1p62)));
  Integers column(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) column[i] = zigzag(values[i] - mean);
  return log_sum(column);
}

double foretold_cost(Mode mode, View values) {
  Integers column(values.size());
  residuals(mode, values, column.data());
  return log_sum(column);
}

Mode best_predictor(View values) {
  Mode best = Mode::last;
  double least = std::numeric_limits<double>::infinity();
  for (const Mode mode : predictors)
    if (const double cost = foretold_cost(mode, values); cost < least) least = cost, best = mode;
  return best;
}

// Of integers that begin with 0 and have no common divisor.
void put_reduced(Packer& out, View values, bool may_use_dictionary) {
  constexpr double clear = 0.5;     // bits each
  constexpr double doubtful = 0.2;  // differences of noise look better by this than they are
  const bool best = out.effort() == Effort::best;
  const Integers sample = sample_of(values, best ? 128 : 48);
  const Mode mode = best ? best_predictor(sample) : Mode::last;
  const double gain = (plain_cost(sample) - foretold_cost(mode, sample)) / static_cast<double>(sample.size());
  const auto plain = [&] { put_plain(out, values); };
  const auto foretold = [&] { put_foretold(out, mode, values); };
  if (!best) return gain < doubtful ? plain() : foretold();
  Dictionary dictionary = may_use_dictionary ? Dictionary(values) : Dictionary();
  if (dictionary.empty()) {
    if (gain > clear) return foretold();
    if (gain < -clear) return plain();
    return out.smallest(plain, foretold);
  }
  const Integers places = dictionary.places(values);
  out.smallest(plain, foretold, [&] {
    out.varint(static_cast<std::uint64_t>(Mode::dictionary));
    put_by_dictionary(out, places, dictionary.words().size(), [&] { put_integers(out, dictionary.words(), false); });
  });
}

}  // namespace

std::uint64_t common_divisor(View values) {
  std::uint64_t divisor = 0;
  std::optional<Divisor> by;
  for (const auto v : values) {
    if (by && by->divides(magnitude(v))) continue;
    if (v == 0) continue;
    divisor = std::gcd(divisor, magnitude(v));
    if (divisor == 1) break;
    by.emplace(divisor);
  }
  return std::max<std::uint64_t>(divisor, 1);
}

void divide(std::span<std::uint64_t> multiples, std::uint64_t divisor) {
  if (divisor == 1) return;
  const Divisor by(divisor);
  for (auto& v : multiples) v = by.exact(v);
}

void put_integers(Packer& out, View values, bool may_use_dictionary) {
  if (values.empty()) return;
  const std::uint64_t first = values[0];
  Integers reduced(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) reduced[i] = values[i] - first;
  out.varint(zigzag(first));
  if (std::all_of(reduced.begin(), reduced.end(), [](auto v) { return v == 0; })) return out.varint(all_equal);
  const std::uint64_t divisor = common_divisor(reduced);
  divide(reduced, divisor);
  out.varint(divisor);
  put_reduced(out, reduced, may_use_dictionary);
}

void get_integers(Unpacker& in, std::span<std::uint64_t> out, bool may_use_dictionary) {
  if (out.empty()) return;
  const std::uint64_t first = unzigzag(in.varint()), divisor = in.varint();
  if (in.ok() && divisor == all_equal) return std::fill(out.begin(), out.end(), first);
  const std::uint64_t mode = in.varint();
  if (!in.ok() || mode > static_cast<std::uint64_t>(Mode::dictionary)) return in.fail();
  std::uint64_t add = first;
  switch (static_cast<Mode>(mode)) {
    case Mode::plain:
      add -= in.varint() * divisor;
      in.column(out);
      break;
    case Mode::last:
    case Mode::trend:
    case Mode::half_trend:
    case Mode::half_back:
      in.column(out);
      // Predictions move along with what they are made from.
      if (divisor == 1) return undo_residuals(static_cast<Mode>(mode), first, out);
      undo_residuals(static_cast<Mode>(mode), 0, out);
      break;
    case Mode::dictionary:
      if (!may_use_dictionary) return in.fail();
      get_by_dictionary(in, out, [&](auto& words) { get_integers(in, words, false); });
      break;
  }
  for (auto& v : out) v = v * divisor + add;
}

double integers_cost(View values) {
  constexpr std::size_t run = 64;
  Integers sample = sample_of(values, run);
  if (sample.empty()) return 0;
  const std::uint64_t first = sample[0];
  for (auto& v : sample) v -= first;
  divide(sample, common_divisor(sample));
  return std::min(plain_cost(sample), foretold_cost(Mode::last, sample));
}

}  // namespace myriad::historian
