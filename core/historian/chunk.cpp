#include "historian/chunk.h"

#include <algorithm>
#include <numeric>

namespace myriad::historian {
namespace {

bool is_text(std::uint16_t type) {
  return type >= MYRIAD_TEXT;
}

}  // namespace

void Revised::note(Nanos time) {
  ++readings;
  from = std::min(from, time);
  to = std::max(to, time);
}

void Revised::add(const Revised& other) {
  readings += other.readings;
  from = std::min(from, other.from);
  to = std::max(to, other.to);
}

Chunk::Chunk(std::vector<Entry> entries, std::vector<spine::Kind> kinds, spine::Bytes blob, bool sorted)
    : entries_(std::move(entries)), kinds_(std::move(kinds)), blob_(std::move(blob)), sorted_(sorted) {}

void Chunk::append(model::BatchView batch, const model::Reading& r) {
  std::uint64_t value = r.value.u64;
  if (is_text(r.type)) {
    const auto text = batch.text(r);
    value = std::uint64_t{blob_.size()} << 32 | text.size();
    blob_.insert(blob_.end(), text.begin(), text.end());
  }
  push(r.time_ns, r.type, r.quality, value);
}

void Chunk::append(const Chunk& other) {
  append(other, 0, other.size());
}

void Chunk::append(const Chunk& other, std::size_t first, std::size_t last) {
  entries_.reserve(size() + last - first);
  other.for_each(first, last, [&](Nanos time, std::uint16_t type, std::uint16_t quality, std::uint64_t value) {
    if (is_text(type)) {
      const auto text = other.text(value);
      value = std::uint64_t{blob_.size()} << 32 | text.size();
      blob_.insert(blob_.end(), text.begin(), text.end());
    }
    push(time, type, quality, value);
  });
}

void Chunk::push(Nanos time, std::uint16_t type, std::uint16_t quality, std::uint64_t value) {
  if (!entries_.empty() && time <= entries_.back().time) sorted_ = false;
  // By a quarter: of 100,000 open chunks, half would be room for nothing.
  if (entries_.size() == entries_.capacity()) entries_.reserve(entries_.size() + entries_.size() / 4 + 16);
  entries_.push_back({time, value});
  if (kinds_.empty() || kinds_.back().type != type || kinds_.back().quality != quality)
    kinds_.push_back({0, type, quality});
  ++kinds_.back().count;
}

void Chunk::clear() {
  entries_.clear();
  kinds_.clear();
  blob_.clear();
  sorted_ = true;
}

Nanos Chunk::from() const {
  if (sorted_) return entries_.front().time;
  return std::min_element(entries_.begin(), entries_.end(), [](auto& a, auto& b) { return a.time < b.time; })->time;
}

Nanos Chunk::to() const {
  if (sorted_) return entries_.back().time;
  return std::max_element(entries_.begin(), entries_.end(), [](auto& a, auto& b) { return a.time < b.time; })->time;
}

std::size_t Chunk::lower_bound(Nanos time) const {
  const auto found = std::lower_bound(entries_.begin(), entries_.end(), time,
                                      [](const Entry& entry, Nanos t) { return entry.time < t; });
  return static_cast<std::size_t>(found - entries_.begin());
}

bool Chunk::same(std::size_t a, const spine::Kind& kind_a, std::size_t b, const spine::Kind& kind_b) const {
  if (kind_a.type != kind_b.type || kind_a.quality != kind_b.quality) return false;
  if (is_text(kind_a.type)) return text(entries_[a].value) == text(entries_[b].value);
  return entries_[a].value == entries_[b].value;
}

Revised Chunk::sort() {
  Revised revised;
  if (sorted_) return revised;
  std::vector<spine::Kind> kind_of;
  kind_of.reserve(size());
  for (const auto& kind : kinds_) kind_of.insert(kind_of.end(), kind.count, kind);
  std::vector<std::uint32_t> order(size());
  std::iota(order.begin(), order.end(), 0u);
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return entries_[a].time < entries_[b].time; });

  Chunk sorted;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const std::uint32_t at = order[i], next = i + 1 < order.size() ? order[i + 1] : at;
    if (next != at && entries_[next].time == entries_[at].time) {
      if (!same(at, kind_of[at], next, kind_of[next])) revised.note(entries_[at].time);
      continue;
    }
    sorted.push(entries_[at].time, kind_of[at].type, kind_of[at].quality, entries_[at].value);
  }
  sorted.blob_ = std::move(blob_);
  *this = std::move(sorted);
  return revised;
}

std::optional<model::Sample> Chunk::newest() const {
  if (empty()) return std::nullopt;
  if (sorted_) return sample(entries_.back().time, kinds_.back().type, kinds_.back().quality, entries_.back().value);
  Entry best = entries_.front();
  spine::Kind kind = kinds_.front();
  for_each([&](Nanos time, std::uint16_t type, std::uint16_t quality, std::uint64_t value) {
    if (time >= best.time) best = {time, value}, kind = {1, type, quality};
  });
  return sample(best.time, kind.type, kind.quality, best.value);
}

model::Sample Chunk::sample(Nanos time, std::uint16_t type, std::uint16_t quality, std::uint64_t value) const {
  model::Reading r{};
  r.time_ns = time;
  r.type = type;
  r.quality = quality;
  if (is_text(type))
    r.value.blob = {static_cast<std::uint32_t>(value >> 32), static_cast<std::uint32_t>(value)};
  else
    r.value.u64 = value;
  return model::to_sample({{}, blob_}, r);
}

std::string_view Chunk::text(std::uint64_t value) const {
  return {reinterpret_cast<const char*>(blob_.data()) + (value >> 32), static_cast<std::uint32_t>(value)};
}

}  // namespace myriad::historian
