#include "historian/rollup_codec.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <cmath>

#include "historian/decimals.h"
#include "historian/doubles.h"
#include "historian/integers.h"
#include "historian/times.h"

namespace myriad::historian {
namespace {

using spine::unzigzag;
using spine::zigzag;
using Integers = std::vector<std::uint64_t>;
using Buckets = std::span<const Bucket>;

Error damaged(const std::string& what) {
  return {Code::internal, "a run of rollups is damaged: " + what};
}

std::uint64_t bits_of(double v) {
  return std::bit_cast<std::uint64_t>(v);
}
double double_of(std::uint64_t bits) {
  return std::bit_cast<double>(bits);
}
double signed_double(std::uint64_t v) {
  return static_cast<double>(static_cast<std::int64_t>(v));
}

// ---- The four readings of a bucket that are known, as integers: decimals, or doubles in their order.

struct Scale {
  unsigned digits = no_decimals;
  bool floats = false;

  bool whole() const { return digits == no_decimals; }
  bool sums_are_decimals() const { return !whole() && !floats; }
};

constexpr std::array<double Tally::*, 4> known{&Tally::first, &Tally::last, &Tally::min, &Tally::max};

struct Known {
  std::uint64_t first = 0, last = 0, min = 0, max = 0;
};
constexpr std::array<std::uint64_t Known::*, 4> fields{&Known::first, &Known::last, &Known::min, &Known::max};

Scale scale_of(Buckets buckets) {
  Integers all;
  for (const Bucket& b : buckets)
    for (const auto member : known) all.push_back(bits_of(b.tally.*member));
  if (const unsigned digits = choose_digits(all, false); digits != no_decimals) return {digits, false};
  if (all_floats(all)) return {choose_digits(all, true), true};
  return {};
}

// Each by what it is next to: first by the last of the bucket before, the others by first and last.
Known foretell(const Known& k, const Known& before) {
  const auto less = [](std::uint64_t a, std::uint64_t b) {
    return static_cast<std::int64_t>(a) < static_cast<std::int64_t>(b);
  };
  return {before.last, k.first, std::min(k.first, k.last, less), std::max(k.first, k.last, less)};
}

class KnownCoder {
 public:
  explicit KnownCoder(Scale scale) : scale_(scale), decimals_(scale.whole() ? 0 : scale.digits, scale.floats) {}

  std::vector<Known> put(Packer& out, Buckets buckets) const {
    std::vector<Known> integers(buckets.size());
    Integers above;
    std::uint64_t before = 0, places = 0;
    for (std::size_t i = 0; i < buckets.size(); ++i)
      for (std::size_t f = 0; f < known.size(); ++f) {
        std::uint64_t& m = integers[i].*fields[f];
        const std::uint64_t bits = bits_of(buckets[i].tally.*known[f]);
        if (scale_.whole()) {
          m = order(bits);
        } else {
          decimals_.split(bits, before, m, places);
          above.push_back(zigzag(places));
          before = m;
        }
      }
    for (std::size_t f = 0; f < known.size(); ++f) {
      Integers column(buckets.size());
      for (std::size_t i = 0; i < column.size(); ++i)
        column[i] = integers[i].*fields[f] - foretell(integers[i], i > 0 ? integers[i - 1] : Known()).*fields[f];
      put_integers(out, column);
    }
    out.column(above);
    return integers;
  }

  // `doubles`: the buckets get them; else they only serve what is foretold by the integers.
  std::vector<Known> get(Unpacker& in, std::span<Bucket> buckets, bool doubles) const {
    std::vector<Known> integers(buckets.size());
    Integers column(buckets.size());
    for (std::size_t f = 0; f < known.size() && in.ok(); ++f) {
      get_integers(in, column);
      for (std::size_t i = 0; i < column.size(); ++i) integers[i].*fields[f] = column[i];
    }
    undo(integers);
    Integers above(scale_.whole() ? 0 : known.size() * buckets.size());
    in.column(above);
    if (in.ok() && doubles) join(integers, above, buckets);
    return integers;
  }

 private:
  void join(const std::vector<Known>& integers, const Integers& above, std::span<Bucket> buckets) const {
    std::size_t at = 0;
    for (std::size_t i = 0; i < buckets.size(); ++i)
      for (std::size_t f = 0; f < known.size(); ++f) {
        const std::uint64_t m = integers[i].*fields[f];
        buckets[i].tally.*known[f] = double_of(scale_.whole() ? order(m) : decimals_.join(m, unzigzag(above[at++])));
      }
  }

  static void undo(std::vector<Known>& integers) {
    std::uint64_t last = 0;
    for (auto& k : integers) {
      k.first += last;
      last = k.last += k.first;
      const Known foretold = foretell(k, {});
      k.min += foretold.min;
      k.max += foretold.max;
    }
  }

  Scale scale_;
  Decimals decimals_;
};

// ---- Sums: near the count × the middle of the four

std::uint64_t foretold_sum(const Known& k, std::uint64_t numbers) {
  return static_cast<std::uint64_t>(static_cast<std::int64_t>((k.first + k.last + k.min + k.max) * numbers) >> 2);
}
std::uint64_t foretold_sum(const Tally& t) {
  return order(
      bits_of((t.first * 0.25 + t.last * 0.25 + t.min * 0.25 + t.max * 0.25) * static_cast<double>(t.numbers)));
}

// Returns the sums as integers of the scale, when they are.
Integers put_sums(Packer& out, Scale scale, Buckets buckets, const std::vector<Known>& integers) {
  Integers column(buckets.size()), above(buckets.size()), sums(buckets.size());
  const Decimals decimals(scale.whole() ? 0 : scale.digits, false);
  for (std::size_t i = 0; i < buckets.size(); ++i) {
    const Tally& t = buckets[i].tally;
    if (!scale.sums_are_decimals()) {
      column[i] = order(bits_of(t.sum)) - foretold_sum(t);
      continue;
    }
    const std::uint64_t foretold = foretold_sum(integers[i], t.numbers);
    decimals.split(bits_of(t.sum), foretold, sums[i], above[i]);
    above[i] = zigzag(above[i]);
    column[i] = sums[i] - foretold;
  }
  put_integers(out, column);
  if (scale.sums_are_decimals()) out.column(above);
  return sums;
}

Integers get_sums(Unpacker& in, Scale scale, std::span<Bucket> buckets, const std::vector<Known>& integers) {
  Integers sums(buckets.size()), above(scale.sums_are_decimals() ? buckets.size() : 0);
  get_integers(in, sums);
  in.column(above);
  const Decimals decimals(scale.whole() ? 0 : scale.digits, false);
  for (std::size_t i = 0; in.ok() && i < buckets.size(); ++i) {
    Tally& t = buckets[i].tally;
    if (!scale.sums_are_decimals()) {
      t.sum = double_of(order(sums[i] + foretold_sum(t)));
      continue;
    }
    sums[i] += foretold_sum(integers[i], t.numbers);
    t.sum = double_of(decimals.join(sums[i], unzigzag(above[i])));
  }
  return sums;
}

// ---- Squares. Of decimals they are integers once the mean is moved to the next integer; else few bits of a double.

enum class Squares : std::uint8_t { integers, short_doubles };
constexpr unsigned squares_dropped = 29;  // of 52 bits: 23 stay

double largest(const Tally& t) {
  return std::max(std::fabs(t.min), std::fabs(t.max));
}

// What moving the mean to the next integer adds, and what the range lets expect.
struct Moved {
  Moved(const Known& k, std::uint64_t sum, std::uint64_t numbers) {
    const double n = static_cast<double>(numbers), s = signed_double(sum);
    const double rest = s - n * std::nearbyint(s / n);
    added = rest * rest / n;
    const double range = signed_double(k.max - k.min);
    foretold = static_cast<std::uint64_t>(std::min(range * range * n / 14, 0x1p52));
  }
  double added;
  std::uint64_t foretold;
};

bool integer_squares(Buckets buckets, double unit, const std::vector<Known>& integers, const Integers& sums,
                     Integers& column) {
  constexpr double most = 0x1p26;  // short doubles take less
  for (std::size_t i = 0; i < buckets.size(); ++i) {
    const Tally& t = buckets[i].tally;
    const Moved moved(integers[i], sums[i], t.numbers);
    const double squares = std::nearbyint(t.squares * unit + moved.added);
    const double error = std::fabs(std::max(0.0, squares - moved.added) / unit - t.squares);
    const double noise = rollup_noise * largest(t);
    const double allowed = std::max(rollup_error / 2 * t.squares, noise * noise * static_cast<double>(t.numbers));
    if (!(squares <= most) || !(error <= allowed)) return false;
    column[i] = static_cast<std::uint64_t>(squares) - moved.foretold;
  }
  return true;
}

std::uint64_t foretold_squares(const Tally& t) {
  const double range = t.max - t.min;
  return order(bits_of(range * range * static_cast<double>(t.numbers) / 14)) >> squares_dropped;
}

void put_squares(Packer& out, Scale scale, Buckets buckets, const std::vector<Known>& integers, const Integers& sums) {
  Integers column(buckets.size());
  const double unit = scale.sums_are_decimals() ? std::pow(10.0, 2 * scale.digits) : 0;
  if (scale.sums_are_decimals() && integer_squares(buckets, unit, integers, sums, column)) {
    out.varint(static_cast<std::uint64_t>(Squares::integers));
    return put_integers(out, column);
  }
  for (std::size_t i = 0; i < buckets.size(); ++i) {
    const Tally& t = buckets[i].tally;
    constexpr std::uint64_t half = std::uint64_t{1} << (squares_dropped - 1);
    const std::uint64_t bits = order(bits_of(t.squares));
    // The largest double would round to infinity.
    const std::uint64_t rounded = t.squares < 0x1.fp1023 ? bits + half : bits;
    column[i] = (rounded >> squares_dropped) - foretold_squares(t);
  }
  out.varint(static_cast<std::uint64_t>(Squares::short_doubles));
  put_integers(out, column);
}

void get_squares(Unpacker& in, Scale scale, std::span<Bucket> buckets, const std::vector<Known>& integers,
                 const Integers& sums) {
  const std::uint64_t form = in.varint();
  Integers column(buckets.size());
  get_integers(in, column);
  if (!in.ok() || form > static_cast<std::uint64_t>(Squares::short_doubles)) return in.fail();
  const bool whole = form == static_cast<std::uint64_t>(Squares::integers);
  if (whole && !scale.sums_are_decimals()) return in.fail();
  const double unit = whole ? std::pow(10.0, 2 * scale.digits) : 0;
  for (std::size_t i = 0; i < buckets.size(); ++i) {
    Tally& t = buckets[i].tally;
    if (whole) {
      const Moved moved(integers[i], sums[i], t.numbers);
      t.squares = std::max(0.0, signed_double(column[i] + moved.foretold) - moved.added) / unit;
    } else {
      t.squares = double_of(order((column[i] + foretold_squares(t)) << squares_dropped));
    }
  }
}

// ---- Area: in steps of the allowed error from what an even spread over the span would come to

enum class Areas : std::uint8_t { steps, doubles };

struct Spread {
  explicit Spread(const Tally& t) {
    const double span = static_cast<double>(t.last_time - t.first_time) / 1e9;
    area = t.numbers > 1 ? (t.sum - t.last) / static_cast<double>(t.numbers - 1) * span : 0;
    step = largest(t) * span * rollup_error;
  }
  double area, step;
};

bool area_steps(Buckets buckets, Integers& column) {
  for (std::size_t i = 0; i < buckets.size(); ++i) {
    const Tally& t = buckets[i].tally;
    const Spread spread(t);
    const double off = t.area - spread.area;
    const double steps = off == 0 ? 0 : std::nearbyint(off / spread.step);
    if (!(std::fabs(steps) < 0x1p40) || !(std::fabs(spread.area + steps * spread.step - t.area) <= spread.step))
      return false;
    column[i] = static_cast<std::uint64_t>(static_cast<std::int64_t>(steps));
  }
  return true;
}

void put_areas(Packer& out, Buckets buckets) {
  Integers column(buckets.size());
  if (area_steps(buckets, column)) {
    out.varint(static_cast<std::uint64_t>(Areas::steps));
    return put_integers(out, column);
  }
  for (std::size_t i = 0; i < buckets.size(); ++i) column[i] = bits_of(buckets[i].tally.area);
  out.varint(static_cast<std::uint64_t>(Areas::doubles));
  put_doubles(out, column);
}

void get_areas(Unpacker& in, std::span<Bucket> buckets) {
  const std::uint64_t form = in.varint();
  Integers column(buckets.size());
  if (!in.ok() || form > static_cast<std::uint64_t>(Areas::doubles)) return in.fail();
  const bool doubles = form == static_cast<std::uint64_t>(Areas::doubles);
  doubles ? get_doubles(in, column) : get_integers(in, column);
  for (std::size_t i = 0; i < buckets.size(); ++i) {
    Tally& t = buckets[i].tally;
    if (const Spread spread(t); doubles)
      t.area = double_of(column[i]);
    else
      t.area = spread.area + signed_double(column[i]) * spread.step;
  }
}

// ---- Counts and times

template <class Value>
void put_each(Packer& out, Buckets buckets, Value&& value) {
  Integers column(buckets.size());
  for (std::size_t i = 0; i < column.size(); ++i) column[i] = static_cast<std::uint64_t>(value(buckets[i]));
  put_integers(out, column);
}

template <class Set>
void get_each(Unpacker& in, std::span<Bucket> buckets, Set&& set) {
  Integers column(buckets.size());
  get_integers(in, column);
  for (std::size_t i = 0; in.ok() && i < column.size(); ++i) set(buckets[i], column[i]);
}

void put_counts_and_times(Packer& out, Buckets buckets, Nanos width) {
  Integers begins(buckets.size());
  for (std::size_t i = 0; i < begins.size(); ++i) begins[i] = static_cast<std::uint64_t>(buckets[i].begin);
  put_times(out, begins);
  put_each(out, buckets, [](const Bucket& b) { return b.tally.numbers; });
  put_each(out, buckets, [](const Bucket& b) { return b.tally.first_time - b.begin; });
  put_each(out, buckets, [width](const Bucket& b) { return b.begin + width - b.tally.last_time; });
}

// Whether they are as encode() requires.
bool get_counts_and_times(Unpacker& in, std::span<Bucket> buckets, Nanos width) {
  Integers begins(buckets.size());
  get_times(in, begins);
  get_each(in, buckets, [](Bucket& b, std::uint64_t v) { b.tally.readings = b.tally.numbers = v; });
  get_each(in, buckets, [](Bucket& b, std::uint64_t v) { b.tally.first_time = static_cast<Nanos>(v); });
  get_each(in, buckets, [](Bucket& b, std::uint64_t v) { b.tally.last_time = static_cast<Nanos>(v); });
  if (!in.ok()) return false;
  Nanos least = 0;
  for (std::size_t i = 0; i < buckets.size(); ++i) {
    Tally& t = buckets[i].tally;
    const Nanos begin = buckets[i].begin = static_cast<Nanos>(begins[i]);
    if (begin < least || begin > INT64_MAX - width || begin % width != 0 || t.numbers == 0) return false;
    const Nanos first = t.first_time, from_end = t.last_time;
    if (first < 0 || first >= width || from_end < 1 || from_end > width - first) return false;
    t.first_time = begin + first;
    t.last_time = begin + width - from_end;
    least = begin + width;
  }
  return true;
}

}  // namespace

spine::BytesView RollupEncoder::encode(Buckets buckets, Nanos width, Effort effort) {
  assert(buckets.size() <= most_buckets);
  assert(std::all_of(buckets.begin(), buckets.end(),
                     [](const Bucket& b) { return b.tally.numbers > 0 && b.tally.numbers == b.tally.readings; }));
  out_.begin(effort);
  out_.varint(buckets.size());
  out_.varint(static_cast<std::uint64_t>(width));
  put_counts_and_times(out_, buckets, width);
  const Scale scale = scale_of(buckets);
  out_.varint(scale.digits);
  out_.varint(scale.floats);
  const auto integers = KnownCoder(scale).put(out_, buckets);
  const auto sums = put_sums(out_, scale, buckets, integers);
  put_squares(out_, scale, buckets, integers, sums);
  put_areas(out_, buckets);
  return out_.finish();
}

Result<std::vector<Bucket>> RollupDecoder::decode(int codec, spine::BytesView payload, Detail detail) {
  if (codec != rollup_codec)
    return damaged("codec " + std::to_string(codec) + ", this Myriad knows " + std::to_string(rollup_codec));
  if (auto done = in_.open(payload); !done) return damaged(done.error().message);
  const std::uint64_t size = in_.varint();
  width_ = static_cast<Nanos>(in_.varint());
  if (size > RollupEncoder::most_buckets) return damaged("it would have " + std::to_string(size) + " buckets");
  if (width_ <= 0) return damaged("its width is " + std::to_string(width_));
  std::vector<Bucket> buckets(size);
  if (!get_counts_and_times(in_, buckets, width_)) return damaged("its counts or times");
  const std::uint64_t digits = in_.varint(), floats = in_.varint();
  if (!in_.ok() || digits > no_decimals || floats > 1) return damaged("its scale");
  const Scale scale{static_cast<unsigned>(digits), floats == 1};
  const bool doubles = detail != Detail::sums || !scale.sums_are_decimals();  // other sums are foretold by the doubles
  const auto integers = KnownCoder(scale).get(in_, buckets, doubles);
  const auto sums = get_sums(in_, scale, buckets, integers);
  if (detail != Detail::all && in_.ok()) return buckets;
  get_squares(in_, scale, buckets, integers, sums);
  get_areas(in_, buckets);
  if (!in_.at_end()) return damaged("its numbers");
  return buckets;
}

}  // namespace myriad::historian
