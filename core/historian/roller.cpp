#include "historian/roller.h"

#include <algorithm>

namespace myriad::historian {
namespace {

constexpr std::size_t most_buckets = 256;   // in a stored rollup
constexpr std::size_t small_buckets = 128;  // one with fewer grows by what follows it
constexpr Nanos window_buckets = 4'096;     // made anew at a time
constexpr std::array<Nanos, rollup_levels + 1> enough_buckets{0, 1, 32, 16};

Nanos width(int level) {
  return rollup_width[static_cast<std::size_t>(level)];
}
Nanos through(const StoredSeries& series, int level) {
  return series.rolled[static_cast<std::size_t>(level)];
}

bool numbers_only(const std::vector<Bucket>& buckets) {
  return std::all_of(buckets.begin(), buckets.end(),
                     [](const Bucket& bucket) { return bucket.tally.readings == bucket.tally.numbers; });
}

// Whether a bucket on average stands for so many readings that it is worth its place. Texts have no tallies.
bool worthwhile(const std::vector<Bucket>& buckets) {
  std::uint64_t readings = 0;
  for (const Bucket& bucket : buckets) readings += bucket.tally.readings;
  return readings >= worthwhile_readings * buckets.size() && numbers_only(buckets);
}

// Gathers readings and smaller buckets into the buckets of a level.
class Gathering {
 public:
  explicit Gathering(int level) : level_(level) {}

  void add(const Chunk& chunk, std::size_t first, std::size_t last) {
    chunk.for_each(first, last, [this](Nanos time, std::uint16_t type, std::uint16_t quality, std::uint64_t bits) {
      if (quality > MYRIAD_UNCERTAIN) return;
      Tally& tally = at(time);
      if (const auto number = number_of(type, quality, bits))
        tally.add(time, *number);
      else
        ++tally.readings;
    });
  }
  void add(const Bucket& smaller) { at(smaller.begin).add(smaller.tally); }
  std::vector<Bucket> take() { return std::move(buckets_); }

 private:
  Tally& at(Nanos time) {
    if (time >= end_) {
      const Nanos begin = bucket_begin(time, level_);
      end_ = begin + width(level_);
      buckets_.push_back({begin, {}});
    }
    return buckets_.back().tally;
  }

  const int level_;
  Nanos end_ = 0;
  std::vector<Bucket> buckets_;
};

std::vector<Range> joined(std::vector<Range> ranges, int level) {
  for (Range& range : ranges) range = {bucket_begin(range.from, level), bucket_begin_after(range.to, level)};
  std::sort(ranges.begin(), ranges.end(), [](const Range& a, const Range& b) { return a.from < b.from; });
  std::vector<Range> out;
  for (const Range& range : ranges)
    if (!out.empty() && range.from <= out.back().to)
      out.back().to = std::max(out.back().to, range.to);
    else
      out.push_back(range);
  return out;
}

}  // namespace

Status Roller::extend(const StoredSeries& series, bool all) {
  for (int level = 1; level <= rollup_levels; ++level) {
    const Nanos to = bucket_begin(series.frontier, level);
    const Nanos enough = all ? 1 : enough_buckets[static_cast<std::size_t>(level)];
    if (series.frontier < 0 || to - through(series, level) < enough * width(level)) continue;
    if (auto done = extend(series, level, to); !done) return done;
  }
  return {};
}

Status Roller::extend_to(const StoredSeries& series, Nanos to) {
  for (int level = 1; level <= rollup_levels; ++level)
    if (through(series, level) < to)
      if (auto done = extend(series, level, to); !done) return done;
  return {};
}

Status Roller::extend(const StoredSeries& series, int level, Nanos to) {
  if (auto done = rebuild(series, level, {through(series, level), to}); !done) return done;
  store_.rolled(series, level, to);
  return {};
}

Status Roller::refresh(const StoredSeries& series) {
  for (int level = 1; level <= rollup_levels; ++level)
    for (const Range& range : joined(series.stale, level))
      if (auto done = rebuild(series, level, {range.from, std::min(range.to, through(series, level))}); !done)
        return done;
  Change change;
  change.fresh.push_back(series.id);
  if (auto done = file_.commit(change); !done) return done;
  store_.freshened(series);
  return {};
}

Status Roller::rebuild(const StoredSeries& series, int level, Range range) {
  while (!range.empty()) {
    std::optional<Nanos> from;
    {
      auto reader = file_.reader();
      if (!reader) return reader.error();
      const auto next = next_window(**reader, series, level, range);
      if (!next) return next.error();
      from = *next;
    }
    if (!from || *from >= range.to) break;
    const Range window{*from, std::min(range.to, *from + window_buckets * width(level))};
    if (auto done = rebuild_window(series, level, window); !done) return done;
    range.from = window.to;
  }
  return {};
}

// Where the next readings or rollups of the range are: years without any are passed over.
Result<std::optional<Nanos>> Roller::next_window(HistoryReader& reader, const StoredSeries& series, int level,
                                                 Range range) {
  auto reading = reader.next_reading(series.id, series.longest, range.from);
  if (!reading) return reading.error();
  std::optional<Nanos> next;
  if (*reading) next = bucket_begin(**reading, level);
  const auto found = reader.rollups(series.id, level, range, [&](const HistoryReader::FoundRollup& rollup) {
    if (rollup.covers.to <= range.from) return true;
    const Nanos from = std::max(range.from, rollup.covers.from);
    next = next ? std::min(*next, from) : from;
    return false;
  });
  if (!found) return found.error();
  return next;
}

Result<Roller::Rollups> Roller::stored(HistoryReader& reader, const StoredSeries& series, int level, Range range) {
  Rollups out;
  const auto found = reader.rollups(series.id, level, range, [&](const HistoryReader::FoundRollup& rollup) {
    Old old{rollup.id, rollup.covers, rollup.payload.empty(), {}};
    if (!old.sparse) {
      auto buckets = reader.rollup_decoder().decode(rollup.codec, rollup.payload);
      if (buckets)
        old.buckets = std::move(*buckets);
      else
        damaged_(buckets.error());
    }
    out.push_back(std::move(old));
    return true;
  });
  if (!found) return found.error();
  return out;
}

// What the readings and the level below say now.
Result<std::vector<Bucket>> Roller::compute(const StoredSeries& series, int level, Range range) {
  auto reader = file_.reader();
  if (!reader) return reader.error();
  Store::Snapshot stored;
  stored.series = series.id;
  stored.longest = series.longest;
  stored.rolled = series.rolled;
  stored.stale = series.stale;
  PointView view(std::move(stored), std::move(*reader), damaged_);
  Gathering gathering(level);
  const auto done = view.cover(range, level - 1,
                               {[&](const Chunk& chunk, std::size_t first, std::size_t last) {
                                  gathering.add(chunk, first, last);
                                  return true;
                                },
                                [&](const Bucket& bucket) {
                                  gathering.add(bucket);
                                  return true;
                                }});
  if (!done) return done.error();
  return gathering.take();
}

Status Roller::rebuild_window(const StoredSeries& series, int level, Range window) {
  Rollups old;
  {
    auto reader = file_.reader();
    if (!reader) return reader.error();
    auto found = stored(**reader, series, level, window);
    if (!found) return found.error();
    old = std::move(*found);
  }
  Change change;
  // Where a stored rollup says that the level below answers, it goes on to do so.
  Nanos at = window.from;
  std::vector<Range> parts;
  for (const Old& each : old) {
    if (!each.sparse || each.covers.to <= window.from || each.covers.from >= window.to) continue;
    if (each.covers.from > at) parts.push_back({at, each.covers.from});
    at = std::max(at, each.covers.to);
  }
  if (at < window.to) parts.push_back({at, window.to});
  for (const Range& part : parts) {
    const auto buckets = compute(series, level, part);
    if (!buckets) return buckets.error();
    replace(series, level, part, *buckets, old, change);
  }
  return change.rollups.empty() && change.gone_rollups.empty() ? Status{} : file_.commit(change);
}

// Puts the new buckets of a part into the rollups that overlap it, or touch it and are small.
void Roller::replace(const StoredSeries& series, int level, Range part, const std::vector<Bucket>& fresh, Rollups& old,
                     Change& change) {
  const bool overlaps = std::any_of(old.begin(), old.end(), [&](const Old& each) {
    return !each.sparse && each.covers.from < part.to && each.covers.to > part.from;
  });
  if (fresh.empty() && !overlaps) return;
  const bool sparse = !overlaps && !worthwhile(fresh);
  Range covers = part;
  std::vector<Bucket> buckets;
  const auto join = [&](Old& each) {
    covers = {std::min(covers.from, each.covers.from), std::max(covers.to, each.covers.to)};
    change.gone_rollups.push_back(each.id);
    each.id = 0;
  };
  for (Old& each : old) {
    if (each.id == 0 || each.sparse != sparse || each.covers.from > part.to || each.covers.to < part.from) continue;
    const bool touches = each.covers.from == part.to || each.covers.to == part.from;
    if (!sparse && touches && (each.covers.from == part.to || each.buckets.size() >= small_buckets)) continue;
    join(each);
    for (const Bucket& bucket : each.buckets)
      if (bucket.begin < part.from) buckets.push_back(bucket);
  }
  if (sparse) return put(change, series, level, covers, {});
  buckets.insert(buckets.end(), fresh.begin(), fresh.end());
  for (const Old& each : old)
    if (each.id == 0 && !each.sparse)
      for (const Bucket& bucket : each.buckets)
        if (bucket.begin >= part.to && bucket.begin < covers.to) buckets.push_back(bucket);

  // A text came late among numbers.
  if (!buckets.empty() && !numbers_only(buckets)) return put(change, series, level, covers, {});
  const std::size_t rows = (buckets.size() + most_buckets - 1) / most_buckets;
  for (std::size_t row = 0, at = 0; row < rows; ++row) {
    const std::size_t end = (row + 1) * buckets.size() / rows;
    const Nanos to = row + 1 == rows ? covers.to : buckets[end].begin;
    put(change, series, level, {covers.from, to}, std::span(buckets).subspan(at, end - at));
    covers.from = to;
    at = end;
  }
}

void Roller::put(Change& change, const StoredSeries& series, int level, Range covers, std::span<const Bucket> buckets) {
  StoredRollup out{0, series.id, level, covers, rollup_codec, {}};
  if (!buckets.empty()) {
    const auto payload = encoder_.encode(buckets, width(level), Effort::best);
    out.payload.assign(payload.begin(), payload.end());
  }
  change.rollups.push_back(std::move(out));
}

}  // namespace myriad::historian
