#include "historian/dictionary.h"

#include <algorithm>
#include <bit>

namespace myriad::historian {
namespace {

bool less(std::uint64_t a, std::uint64_t b) {
  return static_cast<std::int64_t>(a) < static_cast<std::int64_t>(b);
}

}  // namespace

Dictionary::Dictionary(std::span<const std::uint64_t> values) {
  if (!collect(values)) {
    words_.clear();
    return;
  }
  std::sort(words_.begin(), words_.end(), less);
  for (std::uint32_t i = 0; i < words_.size(); ++i) find(words_[i]).place = i;
}

// Whether they are few and far between.
bool Dictionary::collect(std::span<const std::uint64_t> values) {
  const std::size_t most = values.size() / 3;
  table_.assign(std::bit_ceil(2 * most + 2), Slot{0, absent});
  for (const auto v : values) {
    Slot& slot = find(v);
    if (slot.place != absent) continue;
    if (words_.size() == most) return false;
    slot = {v, 0};
    words_.push_back(v);
  }
  if (words_.empty()) return false;
  const auto [least, largest] = std::minmax_element(words_.begin(), words_.end(), less);
  return *largest - *least >= 2 * words_.size();
}

std::vector<std::uint64_t> Dictionary::places(std::span<const std::uint64_t> values) {
  std::vector<std::uint64_t> places(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) places[i] = find(values[i]).place;
  return places;
}

Dictionary::Slot& Dictionary::find(std::uint64_t word) {
  const std::size_t mask = table_.size() - 1;
  std::size_t at = (word * 0x9e3779b97f4a7c15u >> 32) & mask;
  while (table_[at].place != absent && table_[at].word != word) at = (at + 1) & mask;
  return table_[at];
}

}  // namespace myriad::historian
