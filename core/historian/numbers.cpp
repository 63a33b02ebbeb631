#include "historian/numbers.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>
#include <optional>
#include <vector>

#include "historian/decimals.h"
#include "spine/columns.h"

namespace myriad::historian {
namespace {

using spine::unzigzag;
using spine::zigzag;
using Integers = std::vector<std::uint64_t>;
using View = std::span<const std::uint64_t>;

// ---- Integers

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

bool less(std::uint64_t a, std::uint64_t b) {
  return static_cast<std::int64_t>(a) < static_cast<std::int64_t>(b);
}

// The distinct integers of a column; none when they are too many, or too dense, to be worth it.
class Dictionary {
 public:
  Dictionary() = default;
  explicit Dictionary(View values) {
    const std::size_t most = values.size() / 3;
    table_.assign(std::bit_ceil(2 * most + 2), Slot{0, absent});
    for (const auto v : values) {
      Slot& slot = find(v);
      if (slot.place != absent) continue;
      if (words_.size() == most) {
        words_.clear();
        return;
      }
      slot = {v, 0};
      words_.push_back(v);
    }
    std::sort(words_.begin(), words_.end(), less);
    if (words_.empty() || words_.back() - words_.front() < 2 * words_.size()) {
      words_.clear();
      return;
    }
    for (std::uint32_t i = 0; i < words_.size(); ++i) find(words_[i]).place = i;
  }

  bool empty() const { return words_.empty(); }
  const Integers& words() const { return words_; }  // ascending as signed
  Integers places(View values) {
    Integers places(values.size());
    for (std::size_t i = 0; i < values.size(); ++i) places[i] = find(values[i]).place;
    return places;
  }

 private:
  static constexpr std::uint32_t absent = UINT32_MAX;
  struct Slot {
    std::uint64_t word;
    std::uint32_t place;
  };

  // Where the word is or belongs.
  Slot& find(std::uint64_t word) {
    const std::size_t mask = table_.size() - 1;
    std::size_t at = (word * 0x9e3779b97f4a7c15u >> 32) & mask;
    while (table_[at].place != absent && table_[at].word != word) at = (at + 1) & mask;
    return table_[at];
  }

  std::vector<Slot> table_;
  Integers words_;
};

template <class PutWords>
void put_by_dictionary(Packer& out, View places, std::size_t words, PutWords&& put_words) {
  out.varint(words);
  put_words();
  put_integers(out, places, false);
}

// Of integers that begin with 0 and have no common divisor.
void put_reduced(Packer& out, View values, bool may_use_dictionary) {
  constexpr double clear = 0.5;  // bits each
  const bool best = out.effort() == Effort::best;
  const Integers sample = sample_of(values, best ? 128 : 32);
  const Mode mode = best ? best_predictor(sample) : Mode::last;
  const double gain = (plain_cost(sample) - foretold_cost(mode, sample)) / static_cast<double>(sample.size());
  const auto plain = [&] { put_plain(out, values); };
  const auto foretold = [&] { put_foretold(out, mode, values); };
  if (!best) return gain < 0 ? plain() : foretold();
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

void get_integers(Unpacker& in, std::span<std::uint64_t> out, bool may_use_dictionary);

template <class GetWords>
void get_by_dictionary(Unpacker& in, std::span<std::uint64_t> out, GetWords&& get_words) {
  const std::uint64_t size = in.varint();
  if (!in.ok() || size == 0 || size > out.size()) return in.fail();
  Integers words(size);
  get_words(words);
  get_integers(in, out, false);
  if (!in.ok()) return;
  for (auto& v : out) {
    if (v >= size) return in.fail();
    v = words[v];
  }
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

// ---- Doubles

enum class Form : std::uint8_t { whole, decimals, float_decimals, dictionary };

void put_whole(Packer& out, View bits, bool may_use_dictionary) {
  Integers ordered(bits.size());
  for (std::size_t i = 0; i < bits.size(); ++i) ordered[i] = order(bits[i]);
  out.varint(static_cast<std::uint64_t>(Form::whole));
  put_integers(out, ordered, may_use_dictionary);
}

struct Split {
  Split(View bits, unsigned for_digits, bool for_floats)
      : digits(for_digits), floats(for_floats), m(bits.size()), above(bits.size()) {
    const Decimals decimals(digits, floats);
    std::uint64_t before = 0, any = 0;
    for (std::size_t i = 0; i < bits.size(); ++i) {
      decimals.split(bits[i], before, m[i], above[i]);
      any |= above[i];
      above[i] = zigzag(above[i]);
      before = m[i];
    }
    exact = any == 0;
  }

  unsigned digits;
  bool floats;
  Integers m, above;
  bool exact = false;
};

void put_decimals(Packer& out, const Split& split, bool may_use_dictionary) {
  out.varint(static_cast<std::uint64_t>(split.floats ? Form::float_decimals : Form::decimals));
  out.varint(split.digits);
  put_integers(out, split.m, may_use_dictionary);
  split.exact ? out.constant_column(0) : out.column(split.above);
}

void put_doubles(Packer& out, View bits, bool may_use_dictionary);

void put_dictionary(Packer& out, Dictionary& dictionary, View ordered) {
  Integers words(dictionary.words().size());
  std::transform(dictionary.words().begin(), dictionary.words().end(), words.begin(), order);
  out.varint(static_cast<std::uint64_t>(Form::dictionary));
  put_by_dictionary(out, dictionary.places(ordered), words.size(), [&] { put_doubles(out, words, false); });
}

// The decimals, or floats that are decimals, that they seem to be.
std::optional<Split> split(View bits) {
  if (const unsigned digits = choose_digits(bits, false); digits != no_decimals) return Split(bits, digits, false);
  if (!all_floats(bits)) return std::nullopt;
  if (const unsigned digits = choose_digits(bits, true); digits != no_decimals) return Split(bits, digits, true);
  return std::nullopt;
}

void put_doubles(Packer& out, View bits, bool may_use_dictionary) {
  if (bits.empty()) return;
  const auto decimals = split(bits);
  const bool dictionaries = may_use_dictionary && out.effort() == Effort::best;
  const auto as_seen = [&] {
    decimals ? put_decimals(out, *decimals, dictionaries) : put_whole(out, bits, dictionaries);
  };
  // Of integers, a dictionary says as much and is smaller.
  if (!dictionaries || (decimals && decimals->exact)) return as_seen();
  Integers ordered(bits.size());
  std::transform(bits.begin(), bits.end(), ordered.begin(), order);
  Dictionary dictionary(ordered);
  if (dictionary.empty()) return as_seen();
  out.smallest(as_seen, [&] { put_dictionary(out, dictionary, ordered); });
}

void get_doubles(Unpacker& in, std::span<std::uint64_t> out, bool may_use_dictionary);

void get_decimals(Unpacker& in, std::span<std::uint64_t> out, bool floats) {
  const std::uint64_t digits = in.varint();
  if (!in.ok() || digits > Decimals::max_digits) return in.fail();
  const Decimals decimals(static_cast<unsigned>(digits), floats);
  get_integers(in, out, true);
  if (!floats && in.constant_column() == 0) {
    for (auto& v : out) v = decimals.exact(v);
    return;
  }
  Integers above(out.size());
  in.column(above);
  if (!in.ok()) return;
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = decimals.join(out[i], unzigzag(above[i]));
}

void get_doubles(Unpacker& in, std::span<std::uint64_t> out, bool may_use_dictionary) {
  if (out.empty()) return;
  const std::uint64_t form = in.varint();
  if (!in.ok() || form > static_cast<std::uint64_t>(Form::dictionary)) return in.fail();
  switch (static_cast<Form>(form)) {
    case Form::whole:
      get_integers(in, out, true);
      std::transform(out.begin(), out.end(), out.begin(), order);
      break;
    case Form::decimals:
      get_decimals(in, out, false);
      break;
    case Form::float_decimals:
      get_decimals(in, out, true);
      break;
    case Form::dictionary:
      if (!may_use_dictionary) return in.fail();
      get_by_dictionary(in, out, [&](auto& words) { get_doubles(in, words, false); });
      break;
  }
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

void get_integers(Unpacker& in, std::span<std::uint64_t> out) {
  get_integers(in, out, true);
}
void put_doubles(Packer& out, View bits) {
  put_doubles(out, bits, true);
}
void get_doubles(Unpacker& in, std::span<std::uint64_t> out) {
  get_doubles(in, out, true);
}

}  // namespace myriad::historian
