#include "historian/store.h"

#include <algorithm>
#include <thread>

namespace myriad::historian {
namespace {

constexpr std::size_t slice_readings = 4'096;  // taken under one lock
constexpr Nanos late_gap = rollup_width[2];    // late readings further apart become chunks of their own
constexpr std::size_t small_chunks = 32;       // so many are worth joining, whatever they hold
constexpr Nanos roll_buckets = 64;
constexpr std::uint64_t roll_at_once = 65'536;

constexpr std::size_t tight_bytes = 2;  // a reading; above it a closer look may pay

// Before this some rollup tells of readings. Retention may have removed those of the lower levels.
Nanos rolled_through(const std::array<Nanos, rollup_levels + 1>& rolled) {
  return *std::max_element(rolled.begin(), rolled.end());
}

// Times further apart than `late_gap` make ranges of their own.
std::vector<Range> clusters(const Chunk& sorted, std::size_t count) {
  std::vector<Range> out;
  sorted.for_each(0, count, [&](Nanos time, std::uint16_t, std::uint16_t, std::uint64_t) {
    if (out.empty() || time - out.back().to >= late_gap) out.push_back({time, time});
    out.back().to = time + 1;
  });
  return out;
}

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

Store::Store(const Options& options, const model::Points& points, const Clock& clock, std::vector<StoredSeries> stored,
             Progress progress, Retention retention)
    : options_(options),
      points_(points),
      clock_(clock),
      retention_(std::move(retention)),
      next_(progress.next),
      last_series_(progress.last_series),
      last_chunk_(progress.last_chunk),
      stored_readings_(progress.readings) {
  for (auto& each : stored) queue_if_due(add(std::move(each)));
}

Store::Series& Store::add(StoredSeries stored) {
  last_series_ = std::max(last_series_, stored.id);
  untidy_readings_ += stored.untidy;
  known_ = std::max(known_, stored.through);
  Series& series = series_.emplace_back(std::move(stored), taken_.emplace_back());
  by_name_.emplace(series.name, &series);
  return series;
}

Store::Place Store::place_of(std::uint32_t point) {
  if (point >= by_point_.size()) by_point_.resize(std::max<std::size_t>(point + 1, 2 * by_point_.size()));
  Place& place = by_point_[point];
  if (place.series) return place;
  const auto name = points_.name(model::PointId{point});
  const auto known = by_name_.find(name);
  if (known != by_name_.end()) {
    place.series = known->second;
  } else {
    StoredSeries made;
    made.id = last_series_ + 1;
    made.name = name;
    place.series = &add(std::move(made));
  }
  place.taken = &place.series->taken;
  return place;
}

// All that are handed out are this store's.
Store::Series& Store::own(const StoredSeries& series) {
  return const_cast<Series&>(static_cast<const Series&>(series));
}

// ---- Taking

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
  for (std::size_t i = 0; i < slice.size(); ++i) {
    prefetch(slice, i);
    const model::Reading& r = slice[i];
    const spine::Sequence at = first + i;
    const auto [taken, series] =
        r.point < by_point_.size() && by_point_[r.point].taken ? by_point_[r.point] : place_of(r.point);
    if (at <= known_ && at <= series->through) continue;
    if (taken->unstored++ == 0) begin_unstored(*series, at, now);
    ++unstored_readings_;
    taken->last = at;
    open_series_ += taken->chunk.empty() ? 1 : 0;
    const std::size_t bytes = taken->chunk.append(segments_, batch, r);
    open_bytes_ += bytes;
    ++open_readings_;
    const bool much_text = bytes > sizeof(Chunk::Entry) && taken->chunk.text_bytes() >= chunk_text;
    if (taken->chunk.size() >= options_.chunk_readings || much_text) store(*series, true);
  }
  next_ = first + slice.size();
}

// Of very many points none is in a cache when its turn comes. So what a reading changes is fetched some readings ahead,
// and when that is there, the end of its chunk.
void Store::prefetch(std::span<const model::Reading> slice, std::size_t at) const {
  constexpr std::size_t far = 32, near = 16;
  const auto ahead = [&](std::size_t distance) -> const Taken* {
    if (at + distance >= slice.size()) return nullptr;
    const std::uint32_t point = slice[at + distance].point;
    return point < by_point_.size() ? by_point_[point].taken : nullptr;
  };
  if (const Taken* taken = ahead(far)) __builtin_prefetch(taken, 1);
  if (const Taken* taken = ahead(near)) taken->chunk.prefetch();
}

void Store::skip_to(spine::Sequence next, std::uint64_t lost) {
  const std::scoped_lock lock(mutex_);
  next_ = next;
  lost_ += lost;
}

// Sequences only grow, so the list is in order and its front is where a restart has to go on.
void Store::begin_unstored(Series& series, spine::Sequence at, SteadyTime now) {
  series.first_unstored = at;
  series.since = now;
  series.older = newest_unstored_;
  (newest_unstored_ ? newest_unstored_->newer : oldest_unstored_) = &series;
  newest_unstored_ = &series;
}

void Store::end_unstored(Series& series) {
  if (series.taken.unstored == 0) return;
  (series.older ? series.older->newer : oldest_unstored_) = series.newer;
  (series.newer ? series.newer->older : newest_unstored_) = series.older;
  series.older = series.newer = nullptr;
  stored_readings_ += series.taken.unstored;
  unstored_readings_ -= series.taken.unstored;
  series.taken.unstored = 0;
}

// ---- Storing

// Encodes the open chunk. Closing begins a new one; otherwise it stays open and this part will be replaced. What is
// late goes into chunks of its own, so that one stray reading does not stretch a chunk over a year.
void Store::store(Series& series, bool close) {
  OpenChunk& open = series.taken.chunk;
  Chunk chunk = open.copy();
  open_bytes_ -= open.bytes();
  open_readings_ -= open.size();
  open_series_ -= open.empty() ? 0 : 1;
  open.clear(segments_);
  if (const Revised revised = chunk.sort(); revised.readings > 0) {
    revised_ += revised.readings;
    new_revisions_.push_back({clock_.now(), series.id, revised});
  }
  if (const std::size_t late = chunk.lower_bound(series.frontier + 1); late > 0) store_late(series, chunk, late);
  if (!chunk.empty()) {
    const std::int64_t id = series.part != 0 ? series.part : ++last_chunk_;
    write(series, chunk, id, close, false);
    series.part = close ? 0 : id;
  }
  if (!close && !chunk.empty()) {
    open.append(segments_, chunk);
    open_bytes_ += open.bytes();
    open_readings_ += open.size();
    ++open_series_;
  }
  series.through = std::max(series.through, series.taken.last);
  end_unstored(series);
  touch(series);
  queue_if_due(series);
}

// Takes the first `count` readings out of the chunk. Those that retention would remove at once are not stored.
void Store::store_late(Series& series, Chunk& chunk, std::size_t count) {
  const std::size_t expired = std::min(count, chunk.lower_bound(retention_.cutoffs(series.name, clock_.now())[0]));
  expired_ += expired;
  Chunk rest;
  rest.append(chunk, count, chunk.size());
  for (const Range& cluster : clusters(chunk, count)) {
    const std::size_t first = std::max(expired, chunk.lower_bound(cluster.from));
    const std::size_t last = chunk.lower_bound(cluster.to);
    if (first >= last) continue;
    Chunk late;
    late.append(chunk, first, last);
    write(series, late, ++last_chunk_, true, true);
    if (cluster.from >= rolled_through(series.rolled)) continue;
    series.stale.push_back(cluster);
    new_stale_.emplace_back(series.id, cluster);
  }
  chunk = std::move(rest);
}

void Store::write(Series& series, Chunk& chunk, std::int64_t id, bool close, bool late) {
  auto out = std::make_shared<Write>();
  out->chunk = id;
  out->replaces = id == series.part;
  out->series = series.id;
  out->from = chunk.from();
  out->to = chunk.to();
  out->count = chunk.size();
  const auto payload = encoder_.encode(chunk);
  out->codec = chunk_codec;
  out->payload.assign(payload.begin(), payload.end());
  const bool full = chunk.size() >= options_.chunk_readings || chunk.text_bytes() >= chunk_text;
  out->tidy = close && !late && full && payload.size() <= tight_bytes * chunk.size() + chunk.text_bytes();
  series.longest = std::max(series.longest, out->to - out->from);
  if (!series.latest || series.latest->time <= out->to) series.latest = chunk.newest();
  if (close) {
    series.unrolled += out->count;
    if (!late) series.frontier = out->to;
    if (!out->tidy) series.untidy += out->count, untidy_readings_ += out->count, ++series.untidy_chunks;
  }
  if (!late) {
    series.last_from = out->from;
    series.last_to = out->to;
    series.last_count = static_cast<std::uint32_t>(out->count);
    series.last_bytes = static_cast<std::uint32_t>(out->payload.size());
  }
  waiting_.push_back(std::move(out));
}

void Store::touch(Series& series) {
  if (std::exchange(series.changed, true)) return;
  changed_.push_back(&series);
}

Change Store::change() const {
  Change out;
  out.chunks = waiting_;
  out.series.assign(changed_.begin(), changed_.end());
  out.stale = new_stale_;
  out.revisions = new_revisions_;
  out.progress = Progress{oldest_unstored_ ? oldest_unstored_->first_unstored : next_, stored_readings_, last_chunk_};
  return out;
}

void Store::written() {
  const std::scoped_lock lock(mutex_);
  for (Series* series : changed_) series->changed = false;
  changed_.clear();
  waiting_.clear();
  new_stale_.clear();
  new_revisions_.clear();
}

bool Store::is_due(const Series& series, Why why, SteadyTime now) const {
  switch (why) {
    case Why::due:
      return series.taken.unstored > 0 && (now - series.since >= options_.store_after ||
                                           next_ - series.first_unstored > options_.store_after_readings);
    case Why::memory:
      return !series.taken.chunk.empty() && series.taken.chunk.bytes() >= average_bytes_;
    case Why::ending:
      return !series.taken.chunk.empty();
    case Why::closing:
      return series.taken.unstored > 0;
  }
  return false;
}

bool Store::store_some(Why why, std::size_t& from, std::size_t most, SteadyTime now) {
  const std::scoped_lock lock(mutex_);
  if (waiting_.empty()) average_bytes_ = open_bytes_ / std::max<std::size_t>(1, open_series_);
  for (; from < series_.size() && waiting_.size() < most; ++from) {
    if (why == Why::memory && open_bytes_ <= options_.open_bytes / 8 * 7) return false;
    Series& series = series_[from];
    if (!is_due(series, why, now)) continue;
    store(series, why == Why::memory || why == Why::ending);
  }
  return from < series_.size();
}

bool Store::over_memory() const {
  return open_bytes_ > options_.open_bytes;
}

// ---- Upkeep

Store::Due Store::due(const StoredSeries& stored) const {
  const auto& series = static_cast<const Series&>(stored);
  const Nanos over = series.frontier < 0 ? 0 : bucket_begin(series.frontier, 1) - series.rolled[1];
  const bool enough = over >= roll_buckets * rollup_width[1] || (over > 0 && series.unrolled >= roll_at_once);
  return {series.untidy >= options_.chunk_readings || series.untidy_chunks >= small_chunks,
          series.unrolled >= options_.chunk_readings && enough, !series.stale.empty()};
}

void Store::queue_if_due(Series& series) {
  const Due now = due(series);
  if (series.queued || !options_.upkeep || !(now.tidy || now.roll || now.refresh)) return;
  series.queued = true;
  jobs_.push_back(&series);
}

const StoredSeries* Store::next_job() {
  const std::scoped_lock lock(mutex_);
  if (jobs_.empty()) return nullptr;
  Series* series = jobs_.front();
  jobs_.pop_front();
  series->queued = false;
  return series;
}

const StoredSeries* Store::find(std::string_view point) const {
  const auto found = by_name_.find(point);
  return found == by_name_.end() ? nullptr : found->second;
}

std::vector<const StoredSeries*> Store::all() const {
  std::vector<const StoredSeries*> out;
  for (const Series& series : series_) out.push_back(&series);
  return out;
}

std::int64_t Store::part_of(const StoredSeries& series) const {
  return static_cast<const Series&>(series).part;
}

void Store::tidied(const StoredSeries& stored, Nanos longest, std::size_t untidy, const Revised& revised) {
  const std::scoped_lock lock(mutex_);
  Series& series = own(stored);
  series.longest = std::max(series.longest, longest);
  untidy_readings_ += untidy - series.untidy;  // unsigned, and right when it grows less
  series.untidy = untidy;
  series.untidy_chunks = untidy > 0 ? 1 : 0;
  revised_ += revised.readings;
}

void Store::rolled(const StoredSeries& stored, int level, Nanos through) {
  const std::scoped_lock lock(mutex_);
  Series& series = own(stored);
  series.rolled[static_cast<std::size_t>(level)] = through;
  if (level == 1) series.unrolled = 0;
}

void Store::freshened(const StoredSeries& stored) {
  const std::scoped_lock lock(mutex_);
  own(stored).stale.clear();
}

void Store::close_open(const StoredSeries& stored) {
  const std::scoped_lock lock(mutex_);
  if (Series& series = own(stored); !series.taken.chunk.empty()) store(series, true);
}

void Store::make_stale(const StoredSeries& stored, Range range) {
  const std::scoped_lock lock(mutex_);
  Series& series = own(stored);
  series.stale.push_back(range);
  new_stale_.emplace_back(series.id, range);
}

void Store::set_latest(const StoredSeries& stored, std::optional<model::Sample> latest) {
  const std::scoped_lock lock(mutex_);
  Series& series = own(stored);
  series.latest = std::move(latest);
  touch(series);
}

void Store::set_retention(Retention retention) {
  const std::scoped_lock lock(mutex_);
  retention_ = std::move(retention);
}

// ---- Asking

std::optional<Store::Snapshot> Store::snapshot(std::string_view point) const {
  Snapshot out;
  Nanos frontier = 0;
  {
    const Asking asking(*this);
    const auto found = by_name_.find(point);
    if (found == by_name_.end()) return std::nullopt;
    const Series& series = *found->second;
    out.series = series.id;
    out.longest = series.longest;
    out.part = series.part;
    out.open = series.taken.chunk.copy();
    out.rolled = series.rolled;
    out.stale = series.stale;
    frontier = series.frontier;
    for (const auto& write : waiting_)
      if (write->series == series.id) out.waiting.push_back(write);
  }
  out.open.sort();
  for (const Range& late : clusters(out.open, out.open.lower_bound(frontier + 1)))
    if (late.from < rolled_through(out.rolled)) out.stale.push_back(late);
  return out;
}

std::vector<std::pair<std::string, model::Sample>> Store::latest() const {
  const Asking asking(*this);
  std::vector<std::pair<std::string, model::Sample>> all;
  for (const Series& series : series_) {
    const auto open = series.taken.chunk.copy().newest();
    const auto& newest = open && (!series.latest || open->time >= series.latest->time) ? open : series.latest;
    if (newest) all.emplace_back(series.name, *newest);
  }
  return all;
}

Pace Store::pace_of(const Series& series) {
  Pace pace{series.last_from, series.last_to, series.last_count, series.last_to, 0};
  if (series.last_count > 0) pace.bytes_per_reading = static_cast<double>(series.last_bytes) / series.last_count;
  if (series.taken.chunk.empty()) return pace;
  pace.newest = std::max(pace.newest, series.taken.chunk.to());
  if (series.taken.chunk.size() <= 16 && pace.count >= 2) return pace;
  pace.from = series.taken.chunk.from();
  pace.to = series.taken.chunk.to();
  pace.count = series.taken.chunk.size();
  return pace;
}

std::vector<Estimate> Store::estimate(const std::vector<std::string>& patterns) const {
  const Asking asking(*this);
  Estimator estimator(patterns, retention_, clock_.now(), options_.chunk_readings);
  for (const Series& series : series_) estimator.add(series.name, pace_of(series));
  return estimator.take();
}

std::vector<RetentionRule> Store::rules() const {
  const Asking asking(*this);
  return retention_.rules();
}

void Store::count(Stats& stats) const {
  const Asking asking(*this);
  stats.next = next_;
  stats.open_readings = open_readings_;
  stats.chunks = static_cast<std::uint64_t>(last_chunk_);
  stats.readings = stored_readings_;
  stats.revised = revised_;
  stats.expired = expired_;
  stats.lost = lost_;
  stats.readings += unstored_readings_;
  stats.untidy_readings = untidy_readings_;
}

}  // namespace myriad::historian
