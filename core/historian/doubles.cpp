#include "historian/doubles.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "historian/decimals.h"
#include "historian/dictionary.h"
#include "historian/integers.h"
#include "spine/columns.h"

namespace myriad::historian {
namespace {

using spine::unzigzag;
using spine::zigzag;
using Integers = std::vector<std::uint64_t>;
using View = std::span<const std::uint64_t>;

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

// Floats and large integers can be decimals of more bits than they have themselves.
bool better_whole(View bits, const Split& split) {
  Integers whole(bits.size());
  std::transform(bits.begin(), bits.end(), whole.begin(), order);
  return integers_cost(whole) < integers_cost(split.m) + integers_cost(split.above);
}

void put_doubles(Packer& out, View bits, bool may_use_dictionary) {
  if (bits.empty()) return;
  auto decimals = split(bits);
  const bool best = out.effort() == Effort::best, dictionaries = may_use_dictionary && best;
  if (best && decimals && better_whole(bits, *decimals)) decimals.reset();
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
  const auto everywhere = in.constant_column();
  if (everywhere == 0 && !floats) {
    for (auto& v : out) v = decimals.exact(v);
    return;
  }
  Integers above(out.size(), everywhere.value_or(0));
  if (!everywhere) in.column(above);
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

void put_doubles(Packer& out, View bits) {
  put_doubles(out, bits, true);
}
void get_doubles(Unpacker& in, std::span<std::uint64_t> out) {
  get_doubles(in, out, true);
}

}  // namespace myriad::historian
