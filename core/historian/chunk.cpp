#include "historian/chunk.h"

#include <algorithm>
#include <bit>
#include <numeric>

namespace myriad::historian {
namespace {

bool is_text(std::uint16_t type) {
  return type >= MYRIAD_TEXT;
}

double number(std::uint16_t type, std::uint64_t bits) {
  if (type == MYRIAD_F64) return std::bit_cast<double>(bits);
  return type == MYRIAD_U64 ? static_cast<double>(bits) : static_cast<double>(static_cast<std::int64_t>(bits));
}

}  // namespace

Chunk::Chunk(std::vector<Entry> sorted, std::vector<spine::Kind> kinds, spine::Bytes blob)
    : entries_(std::move(sorted)), kinds_(std::move(kinds)), blob_(std::move(blob)) {}

void Chunk::append(model::BatchView batch, const model::Reading& r) {
  std::uint64_t value = r.value.u64;
  if (is_text(r.type)) {
    const auto text = batch.text(r);
    value = std::uint64_t{blob_.size()} << 32 | text.size();
    blob_.insert(blob_.end(), text.begin(), text.end());
  }
  push(r.time_ns, r.type, r.quality, value);
}

void Chunk::push(Nanos time, std::uint16_t type, std::uint16_t quality, std::uint64_t value) {
  if (!entries_.empty() && time <= entries_.back().time) sorted_ = false;
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

void Chunk::sort() {
  if (sorted_) return;
  std::vector<spine::Kind> kind_of;
  kind_of.reserve(size());
  for (const auto& kind : kinds_) kind_of.insert(kind_of.end(), kind.count, kind);
  std::vector<std::uint32_t> order(size());
  std::iota(order.begin(), order.end(), 0u);
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return entries_[a].time < entries_[b].time; });

  Chunk sorted;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const Entry& entry = entries_[order[i]];
    if (i + 1 < order.size() && entries_[order[i + 1]].time == entry.time) continue;
    sorted.push(entry.time, kind_of[order[i]].type, kind_of[order[i]].quality, entry.value);
  }
  sorted.blob_ = std::move(blob_);
  *this = std::move(sorted);
}

Summary Chunk::summary() const {
  Summary s;
  if (empty()) return s;
  s.from = entries_.front().time;
  s.to = entries_.back().time;
  s.count = static_cast<std::uint32_t>(size());
  for_each([&](Nanos, std::uint16_t type, std::uint16_t quality, std::uint64_t bits) {
    if (is_text(type) || quality > MYRIAD_UNCERTAIN) return;
    const double v = number(type, bits);
    if (s.numbers++ == 0) s.first = s.min = s.max = v;
    s.min = std::min(s.min, v);
    s.max = std::max(s.max, v);
    s.sum += v;
    s.last = v;
  });
  return s;
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
