#include "historian/point_view.h"

#include <algorithm>
#include <bit>

namespace myriad::historian {
namespace {

// The last number among the first `count` entries.
std::optional<std::pair<Nanos, double>> last_number(const Chunk& chunk, std::size_t count) {
  std::optional<std::pair<Nanos, double>> last;
  chunk.for_each(0, count, [&](Nanos time, std::uint16_t type, std::uint16_t quality, std::uint64_t bits) {
    if (const auto number = number_of(type, quality, bits)) last = {time, *number};
  });
  return last;
}

}  // namespace

std::optional<double> number_of(std::uint16_t type, std::uint16_t quality, std::uint64_t bits) {
  if (type >= MYRIAD_TEXT || quality > MYRIAD_UNCERTAIN) return std::nullopt;
  if (type == MYRIAD_F64) return std::bit_cast<double>(bits);
  return type == MYRIAD_U64 ? static_cast<double>(bits) : static_cast<double>(static_cast<std::int64_t>(bits));
}

PointView::PointView(Store::Snapshot memory, std::unique_ptr<HistoryReader> reader, Damaged damaged)
    : memory_(std::move(memory)), reader_(std::move(reader)), damaged_(std::move(damaged)) {}

Chunk PointView::decode(int codec, spine::BytesView payload) {
  auto chunk = reader_->chunk_decoder().decode(codec, payload);
  if (chunk) return std::move(*chunk);
  damaged_(chunk.error());
  return {};
}

Status PointView::readings(Range range, const Timeline::Visit& visit) {
  std::vector<std::pair<std::int64_t, Chunk>> memory;
  for (const auto& write : memory_.waiting)
    if (write->chunk != memory_.part && write->from < range.to && write->to >= range.from)
      memory.emplace_back(write->chunk, decode(write->codec, write->payload));
  if (!memory_.open.empty() && memory_.open.from() < range.to && memory_.open.to() >= range.from)
    memory.emplace_back(INT64_MAX, memory_.open);
  std::erase_if(memory, [](const auto& each) { return each.second.empty(); });
  std::sort(memory.begin(), memory.end(),
            [](const auto& a, const auto& b) { return a.second.from() > b.second.from(); });

  Timeline timeline(range, visit);
  bool more = true;
  const auto add_memory = [&](Nanos until) {
    for (; more && !memory.empty() && memory.back().second.from() <= until; memory.pop_back())
      more = timeline.add(std::move(memory.back().second), memory.back().first);
  };
  std::vector<std::int64_t> seen;
  const HistoryReader::Visit add = [&](const HistoryReader::Found& chunk) {
    seen.push_back(chunk.chunk);
    if (chunk.chunk == memory_.part && !memory_.open.empty()) return true;  // it is in memory, and perhaps longer there
    add_memory(chunk.from);
    more = more && timeline.add(decode(chunk.codec, chunk.payload), chunk.chunk);
    return more;
  };
  auto found = reader_->chunks(memory_.series, memory_.longest, range, add);
  if (!found) {
    damaged_(found.error());
    found = chunks_one_by_one(range, seen, add);
  }
  if (!found) return found;
  add_memory(INT64_MAX);
  if (more) timeline.finish();
  return {};
}

// Around a page that is damaged: what the index knows of, and can be read.
Status PointView::chunks_one_by_one(Range range, const std::vector<std::int64_t>& seen,
                                    const HistoryReader::Visit& visit) {
  const auto chunks = reader_->list(memory_.series, memory_.longest, range);
  if (!chunks) return chunks.error();
  bool more = true;
  for (const std::int64_t id : *chunks) {
    if (!more) break;
    if (std::find(seen.begin(), seen.end(), id) != seen.end()) continue;
    const auto read = reader_->one(id, [&](const HistoryReader::Found& chunk) { return more = visit(chunk); });
    if (!read) damaged_(read.error());
  }
  return {};
}

Status PointView::cover(Range range, int level, const Visitor& visitor) {
  visitor_ = &visitor;
  more_ = true;
  auto done = cover_part(range, level);
  visitor_ = nullptr;
  return done;
}

// Rollups of this level from left to right; what lies between them, and what they do not tell truly, from below.
Status PointView::cover_part(Range range, int level) {
  if (range.empty() || !more_) return {};
  if (level == 0)
    return readings(range, [this](const Chunk& chunk, std::size_t first, std::size_t last) {
      return more_ = more_ && visitor_->readings(chunk, first, last);
    });
  Nanos at = range.from;
  Status below;
  const auto found = reader_->rollups(memory_.series, level, range, [&](const HistoryReader::FoundRollup& rollup) {
    if (rollup.payload.empty()) return true;
    const Range whole{std::max(rollup.covers.from, bucket_begin_after(range.from, level)),
                      std::min(rollup.covers.to, bucket_begin(range.to, level))};
    if (whole.empty()) return true;
    const auto buckets = reader_->rollup_decoder().decode(rollup.codec, rollup.payload, visitor_->detail);
    if (!buckets) {
      damaged_(buckets.error());
      return true;
    }
    below = cover_part({at, whole.from}, level - 1);
    at = whole.to;
    return below && more_ && visit_buckets(*buckets, whole, level);
  });
  if (!found) return found;
  if (!below) return below;
  if (!fault_) return fault_;
  return more_ ? cover_part({at, range.to}, level - 1) : Status{};
}

// False: enough, or fault_.
bool PointView::visit_buckets(const std::vector<Bucket>& buckets, Range whole, int level) {
  std::vector<Range> stale;
  for (const Range& each : memory_.stale)
    if (each.from < whole.to && each.to > whole.from)
      stale.push_back({std::max(whole.from, bucket_begin(each.from, level)),
                       std::min(whole.to, bucket_begin_after(each.to, level))});
  std::sort(stale.begin(), stale.end(), [](const Range& a, const Range& b) { return a.from < b.from; });
  stale.push_back({whole.to, whole.to});

  auto bucket = std::lower_bound(buckets.begin(), buckets.end(), whole.from,
                                 [](const Bucket& b, Nanos from) { return b.begin < from; });
  Nanos at = whole.from;
  for (const Range& each : stale) {
    for (; bucket != buckets.end() && bucket->begin < each.from && more_; ++bucket)
      if (bucket->begin >= at) more_ = visitor_->bucket(*bucket);
    if (auto done = cover_part({std::max(at, each.from), each.to}, level - 1); !done) {
      fault_ = done;
      return false;
    }
    at = std::max(at, each.to);
    while (bucket != buckets.end() && bucket->begin < at) ++bucket;
  }
  return more_;
}

Result<std::optional<std::pair<Nanos, double>>> PointView::number_before(Nanos time) {
  std::optional<std::pair<Nanos, double>> best;
  std::int64_t best_written = 0;
  const auto offer = [&](const Chunk& chunk, std::int64_t written) {
    const auto last = last_number(chunk, chunk.lower_bound(time));
    if (!last || (best && std::pair(last->first, written) < std::pair(best->first, best_written))) return;
    best = last;
    best_written = written;
  };
  const auto found = reader_->chunks_before(memory_.series, time, [&](const HistoryReader::Found& chunk) {
    if (best && chunk.from + memory_.longest < best->first) return false;  // nor does any chunk that begins earlier
    if (chunk.chunk == memory_.part && !memory_.open.empty()) return true;
    if (best && chunk.to < best->first) return true;
    offer(decode(chunk.codec, chunk.payload), chunk.chunk);
    return true;
  });
  if (!found) return found.error();
  for (const auto& write : memory_.waiting)
    if (write->from < time && write->chunk != memory_.part) offer(decode(write->codec, write->payload), write->chunk);
  offer(memory_.open, INT64_MAX);
  // Where retention has removed the readings, rollups still know.
  for (int level = 1; !best && level <= rollup_levels; ++level) {
    const auto found_rollup =
        reader_->rollup_before(memory_.series, level, time, [&](const HistoryReader::FoundRollup& rollup) {
          const auto buckets = reader_->rollup_decoder().decode(rollup.codec, rollup.payload);
          if (!buckets) damaged_(buckets.error());
          if (buckets)
            for (const Bucket& bucket : *buckets)
              if (bucket.tally.last_time < time) best = {bucket.tally.last_time, bucket.tally.last};
          return false;
        });
    if (!found_rollup) return found_rollup.error();
  }
  return best;
}

}  // namespace myriad::historian
