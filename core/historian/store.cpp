#include "historian/store.h"

#include <algorithm>
#include <thread>

namespace myriad::historian {
namespace {

constexpr std::size_t slice_readings = 4'096;             // taken under one lock
constexpr std::size_t chunk_text = std::size_t{1} << 18;  // a chunk of long texts is full before it has its readings

}  // namespace

class Store::Asking {
 public:
  explicit Asking(const Store& store) {
    ++store.asking_;
    lock_ = std::unique_lock(store.mutex_);
    --store.asking_;
  }

 private:
  std::unique_lock<std::mutex> lock_;
};

Store::Store(const Options& options, const model::Points& points, std::vector<StoredSeries> stored, Progress progress)
    : options_(options),
      points_(points),
      next_(progress.next),
      last_chunk_(progress.last_chunk),
      stored_readings_(progress.readings) {
  for (auto& each : stored) add(std::move(each));
}

Store::Series& Store::add(StoredSeries stored) {
  last_series_ = std::max(last_series_, stored.id);
  Series& series = series_.emplace_back(std::move(stored));
  by_name_.emplace(series.name, &series);
  return series;
}

Store::Series& Store::series_of(std::uint32_t point) {
  if (point >= by_point_.size()) by_point_.resize(std::max<std::size_t>(point + 1, 2 * by_point_.size()));
  Series*& series = by_point_[point];
  if (series) return *series;
  const auto name = points_.name(model::PointId{point});
  const auto known = by_name_.find(name);
  series = known != by_name_.end() ? known->second : &add({last_series_ + 1, std::string(name), 0, 0, std::nullopt});
  return *series;
}

void Store::take(model::BatchView batch, spine::Sequence first, SteadyTime now) {
  for (std::size_t at = 0; at < batch.readings.size(); at += slice_readings) {
    const auto slice = batch.readings.subspan(at, std::min(slice_readings, batch.readings.size() - at));
    for (int patience = 0; asking_ > 0 && patience < 100; ++patience) std::this_thread::yield();
    const std::scoped_lock lock(mutex_);
    take_slice(batch, slice, first + at, now);
  }
}

void Store::take_slice(model::BatchView batch, std::span<const model::Reading> slice, spine::Sequence first,
                       SteadyTime now) {
  spine::Sequence sequence = first;
  for (const model::Reading& r : slice) {
    const spine::Sequence at = sequence++;
    Series& series = r.point < by_point_.size() && by_point_[r.point] ? *by_point_[r.point] : series_of(r.point);
    if (at <= series.through) continue;
    if (series.unstored++ == 0) {
      series.first_unstored = at;
      series.since = now;
    }
    series.last_taken = at;
    open_bytes_ -= series.open.text_bytes();
    series.open.append(batch, r);
    open_bytes_ += series.open.text_bytes() + sizeof(Chunk::Entry);
    ++open_readings_;
    if (series.open.size() >= options_.chunk_readings || series.open.text_bytes() >= chunk_text) store(series, true);
  }
  next_ = sequence;
}

// Encodes the open chunk. Closing begins a new one; otherwise it stays open and this part will be replaced.
void Store::store(Series& series, bool close) {
  const std::size_t before = bytes_of(series), readings = series.open.size();
  auto write = std::make_shared<Write>();
  series.open.sort();
  write->chunk = series.part != 0 ? series.part : ++last_chunk_;
  write->series = series.id;
  write->name = series.name;
  write->summary = series.open.summary();
  const auto payload = encoder_.encode(series.open);
  write->payload.assign(payload.begin(), payload.end());
  write->longest = series.longest = std::max(series.longest, write->summary.to - write->summary.from);
  write->through = series.through = series.last_taken;
  if (!series.latest || series.latest->time <= write->summary.to) write->latest = series.latest = series.open.newest();
  waiting_.push_back(std::move(write));

  stored_readings_ += series.unstored;
  series.unstored = 0;
  series.part = close ? 0 : waiting_.back()->chunk;
  if (close) series.open.clear();
  open_bytes_ -= before - bytes_of(series);
  open_readings_ -= readings - series.open.size();
}

std::size_t Store::bytes_of(const Series& series) {
  return series.open.size() * sizeof(Chunk::Entry) + series.open.text_bytes();
}

Progress Store::progress() const {
  Progress progress{next_, stored_readings_, last_chunk_};
  for (const Series& series : series_)
    if (series.unstored > 0) progress.next = std::min(progress.next, series.first_unstored);
  return progress;
}

void Store::written() {
  const std::scoped_lock lock(mutex_);
  waiting_.clear();
}

bool Store::is_due(const Series& series, Why why, SteadyTime now) const {
  switch (why) {
    case Why::due:
      return series.unstored > 0 && (now - series.since >= options_.store_after ||
                                     next_ - series.first_unstored > options_.store_after_readings);
    case Why::memory:
      return bytes_of(series) > 0 && bytes_of(series) >= average_bytes_;
    case Why::closing:
      return series.unstored > 0;
  }
  return false;
}

bool Store::store_some(Why why, std::size_t& from, std::size_t most, SteadyTime now) {
  const std::scoped_lock lock(mutex_);
  if (from == 0) {
    std::size_t used = 0;
    for (const Series& series : series_) used += series.open.empty() ? 0 : 1;
    average_bytes_ = open_bytes_ / std::max<std::size_t>(1, used);
  }
  for (; from < series_.size() && waiting_.size() < most; ++from) {
    Series& series = series_[from];
    if (!is_due(series, why, now)) continue;
    store(series, why == Why::memory);
    if (why == Why::memory) series.open = Chunk();  // gives its memory back
  }
  return from < series_.size();
}

bool Store::over_memory() const {
  return open_bytes_ > options_.open_bytes;
}

void Store::skip_to(spine::Sequence next) {
  const std::scoped_lock lock(mutex_);
  next_ = next;
}

std::optional<Store::Snapshot> Store::snapshot(std::string_view point, Range range) const {
  const Asking asking(*this);
  const auto found = by_name_.find(point);
  if (found == by_name_.end()) return std::nullopt;
  const Series& series = *found->second;
  Snapshot out{series.id, series.longest, {}, {}};
  if (!series.open.empty() && series.open.from() < range.to && series.open.to() >= range.from) out.open = series.open;
  for (const auto& write : waiting_)
    if (write->series == series.id && write->summary.from < range.to && write->summary.to >= range.from)
      out.waiting.push_back(write);
  return out;
}

std::vector<std::pair<std::string, model::Sample>> Store::latest() const {
  const Asking asking(*this);
  std::vector<std::pair<std::string, model::Sample>> all;
  for (const Series& series : series_) {
    const auto open = series.open.newest();
    const auto& newest = open && (!series.latest || open->time >= series.latest->time) ? open : series.latest;
    if (newest) all.emplace_back(series.name, *newest);
  }
  return all;
}

void Store::count(Stats& stats) const {
  const Asking asking(*this);
  stats.next = next_;
  stats.open_readings = open_readings_;
  stats.chunks = static_cast<std::uint64_t>(last_chunk_);
  stats.readings = stored_readings_;
  for (const Series& series : series_) stats.readings += series.unstored;
}

}  // namespace myriad::historian
