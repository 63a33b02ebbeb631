#include "historian/upkeep.h"

#include <algorithm>

namespace myriad::historian {
namespace {

constexpr std::chrono::hours expiry_interval{1};
constexpr std::chrono::seconds shrink_interval{10};
constexpr int shrink_pages = 256;  // at a time
constexpr int removed_at_once = 1'000;

}  // namespace

Upkeep::Upkeep(const Options& options, HistoryFile& file, Store& store, const Clock& clock, Log log,
               std::function<bool()> flush, PointView::Damaged damaged)
    : options_(options),
      file_(file),
      store_(store),
      clock_(clock),
      log_(std::move(log)),
      flush_(std::move(flush)),
      damaged_(damaged),
      tidier_(file, store, clock, options.chunk_readings, damaged),
      roller_(file, store, damaged) {}

bool Upkeep::work(SteadyTime until, SteadyTime now) {
  if (!options_.upkeep) return false;
  if (now >= next_expiry_) {
    next_expiry_ = now + expiry_interval;
    apply_retention();
  }
  for (;; now = std::chrono::steady_clock::now()) {
    const StoredSeries* series = store_.next_job();
    if (!series && !expiring_) break;
    if (!flush_()) return false;
    if (!series)
      expire_next();
    else if (auto done = tend(*series, false); !done)
      log_.error("'" + series->name + "': its history is stored, but not in order: " + done.error().message);
    if (now >= until) return true;
  }
  shrink(now);
  return false;
}

Status Upkeep::tend(const StoredSeries& series, bool all) {
  const Store::Due due = store_.due(series);
  if (due.tidy || (all && series.untidy > 0))
    if (auto done = tidier_.tidy(series); !done) return done;
  if (due.refresh)
    if (auto done = roller_.refresh(series); !done) return done;
  return due.roll || all ? roller_.extend(series, all) : Status{};
}

Status Upkeep::settle() {
  if (!flush_()) return Error{Code::unavailable, "history cannot be stored now: see the log, and repeat"};
  for (const StoredSeries* series : store_.all())
    if (auto done = tend(*series, true); !done) return done;
  for (;;) {
    const auto left = file_.shrink(shrink_pages);
    if (!left) return left.error();
    if (*left == 0) return file_.checkpoint();
  }
}

// Gives room back little by little.
void Upkeep::shrink(SteadyTime now) {
  if (now < next_shrink_) return;
  next_shrink_ = now + shrink_interval;
  if (const auto left = file_.shrink(shrink_pages); !left) log_.error("no room is given back: " + left.error().message);
}

// ---- Retention

// True: there are more series.
bool Upkeep::expire_next() {
  const auto all = store_.all();
  if (*expiring_ >= all.size()) {
    expiring_.reset();
    return false;
  }
  const StoredSeries& series = *all[(*expiring_)++];
  if (auto done = expire(series); !done)
    log_.error("'" + series.name + "': its history was not shortened: " + done.error().message);
  return true;
}

Status Upkeep::expire(const StoredSeries& series) {
  const Cutoffs cutoffs = store_.retention().cutoffs(series.name, clock_.now());
  if (cutoffs == Cutoffs{}) return {};
  // What nobody wrote for so long is closed, so that it can go too.
  if (series.latest && series.latest->time < cutoffs[0]) {
    store_.close_open(series);
    if (!flush_()) return Error{Code::unavailable, "the disk does not take it"};
  }
  bool first = true;
  for (;;) {
    std::vector<std::int64_t> chunks, rollups;
    {
      auto reader = file_.reader();
      if (!reader) return reader.error();
      auto found = (*reader)->expired_chunks(series.id, cutoffs, removed_at_once);
      if (!found) return found.error();
      chunks = std::move(*found);
      found = (*reader)->expired_rollups(series.id, cutoffs, removed_at_once);
      if (!found) return found.error();
      rollups = std::move(*found);
    }
    if (chunks.empty() && rollups.empty()) return {};
    // Readings that go leave their rollups behind.
    if (!chunks.empty() && std::exchange(first, false)) {
      if (!series.stale.empty())
        if (auto done = roller_.refresh(series); !done) return done;
      if (auto done = roller_.extend_to(series, cutoffs[0]); !done) return done;
      continue;
    }
    Change change;
    change.gone_chunks = std::move(chunks);
    change.gone_rollups = std::move(rollups);
    if (auto done = file_.commit(change); !done) return done;
  }
}

// ---- Deletion

Result<std::uint64_t> Upkeep::remove(const StoredSeries& series, Range range) {
  store_.close_open(series);
  if (!flush_()) return Error{Code::unavailable, "history cannot be written now: see the log, and repeat"};
  Change change;
  std::uint64_t removed = 0;
  if (auto done = cut(series, range, change, removed); !done) return done.error();
  if (auto done = drop_rollups(series, range, change); !done) return done.error();
  if (auto done = file_.commit(change); !done) return done.error();
  store_.make_stale(series, range);
  if (auto done = roller_.refresh(series); !done) return done.error();
  if (series.latest && series.latest->time >= range.from && series.latest->time < range.to)
    if (auto done = find_latest(series); !done) return done.error();
  return removed;
}

// Chunks within the range go, those that reach beyond it lose what lies in it.
Status Upkeep::cut(const StoredSeries& series, Range range, Change& change, std::uint64_t& removed) {
  auto reader = file_.reader();
  if (!reader) return reader.error();
  return (*reader)->chunks(series.id, series.longest, range, [&](const HistoryReader::Found& found) {
    if (found.from >= range.from && found.to < range.to) {
      change.gone_chunks.push_back(found.chunk);
      removed += found.count;
      return true;
    }
    const auto decoded = (*reader)->chunk_decoder().decode(found.codec, found.payload);
    if (!decoded) {
      damaged_(decoded.error());
      return true;
    }
    Chunk rest;
    const std::size_t first = decoded->lower_bound(range.from), last = decoded->lower_bound(range.to);
    rest.append(*decoded, 0, first);
    rest.append(*decoded, last, decoded->size());
    removed += last - first;
    auto out = std::make_shared<Write>();
    *out = {found.chunk, series.id, rest.from(), rest.to(), rest.size(), found.tidy, chunk_codec, {}};
    const auto payload = encoder_.encode(rest);
    out->payload.assign(payload.begin(), payload.end());
    change.gone_chunks.push_back(found.chunk);
    change.chunks.push_back(std::move(out));
    return true;
  });
}

// Rollups within the range go; those at its edges are made anew.
Status Upkeep::drop_rollups(const StoredSeries& series, Range range, Change& change) {
  auto reader = file_.reader();
  if (!reader) return reader.error();
  for (int level = 1; level <= rollup_levels; ++level) {
    const auto found = (*reader)->rollups(series.id, level, range, [&](const HistoryReader::FoundRollup& rollup) {
      if (rollup.covers.from >= range.from && rollup.covers.to <= range.to) change.gone_rollups.push_back(rollup.id);
      return true;
    });
    if (!found) return found;
  }
  return {};
}

Status Upkeep::find_latest(const StoredSeries& series) {
  std::optional<model::Sample> latest;
  {
    auto reader = file_.reader();
    if (!reader) return reader.error();
    const auto found = (*reader)->chunks_before(series.id, INT64_MAX, [&](const HistoryReader::Found& chunk) {
      if (latest && chunk.from + series.longest < latest->time) return false;
      const auto decoded = (*reader)->chunk_decoder().decode(chunk.codec, chunk.payload);
      if (decoded && !decoded->empty() && (!latest || decoded->to() > latest->time)) latest = decoded->newest();
      return true;
    });
    if (!found) return found;
  }
  store_.set_latest(series, latest);
  return flush_() ? Status{} : Error{Code::unavailable, "history cannot be written now: see the log"};
}

}  // namespace myriad::historian
