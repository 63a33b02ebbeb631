#include "historian/tidier.h"

#include <algorithm>

namespace myriad::historian {

struct Tidier::Plan {
  std::int64_t series = 0;
  std::vector<std::int64_t> ids;  // of chunks that are replaced, ascending and not yet used again
  Change change;
  Nanos longest = 0;
  std::size_t untidy = 0;
  Revised revised;
};

Status Tidier::tidy(const StoredSeries& series) {
  auto reader = file_.reader();
  if (!reader) return reader.error();
  Plan plan;
  plan.series = series.id;
  plan.longest = series.longest;
  auto loose = gather(**reader, series, plan);
  if (!loose) return loose.error();
  plan.revised = loose->revised;
  if (!loose->readings.empty())
    if (auto placed = place(**reader, series, *loose, plan); !placed) return placed;
  reader->reset();  // its moment would keep the log of the file from being taken over

  plan.change.gone_chunks = std::move(plan.ids);
  StoredSeries row = series;
  row.longest = plan.longest;
  plan.change.series.push_back(&row);
  if (plan.revised.readings > 0) plan.change.revisions.push_back({clock_.now(), series.id, plan.revised});
  if (auto done = file_.commit(plan.change); !done) return done;
  store_.tidied(series, plan.longest, plan.untidy, plan.revised);
  return {};
}

Result<Tidier::Loose> Tidier::gather(HistoryReader& reader, const StoredSeries& series, Plan& plan) {
  Loose loose;
  const std::int64_t part = store_.part_of(series);
  const auto found = reader.untidy(series.id, [&](const HistoryReader::Found& chunk) {
    if (chunk.chunk == part) return true;
    const auto decoded = reader.chunk_decoder().decode(chunk.codec, chunk.payload);
    if (decoded) {
      loose.readings.append(*decoded);
      loose.ids.push_back(chunk.chunk);
      return true;
    }
    // It stays as it is, for whoever can mend it, and is not tried again.
    damaged_(decoded.error());
    auto kept = std::make_shared<Write>();
    *kept = {chunk.chunk, series.id, chunk.from, chunk.to, chunk.count, true, chunk.codec, {}};
    kept->payload.assign(chunk.payload.begin(), chunk.payload.end());
    plan.change.chunks.push_back(std::move(kept));
    return true;
  });
  if (!found) return found.error();
  loose.revised = loose.readings.sort();
  plan.ids = loose.ids;
  return loose;
}

// Puts the loose readings among the tidy chunks, which do not overlap: one that gets some of them is written again with
// them, the others stay as they are.
Status Tidier::place(HistoryReader& reader, const StoredSeries& series, const Loose& loose, Plan& plan) {
  const Chunk& readings = loose.readings;
  std::vector<HistoryReader::Found> tidy;
  const auto found = reader.outlines(series.id, series.longest, {readings.from(), readings.to() + 1},
                                     [&](const HistoryReader::Found& chunk) {
                                       if (chunk.tidy) tidy.push_back(chunk);
                                       return true;
                                     });
  if (!found) return found;

  Chunk group;
  std::size_t at = 0;
  for (const auto& chunk : tidy) {
    const std::size_t first = readings.lower_bound(chunk.from), last = readings.lower_bound(chunk.to + 1);
    group.append(readings, at, first);
    at = last;
    if (first == last) {
      write(plan, group, false);
      continue;
    }
    const auto read = reader.one(chunk.chunk, [&](const HistoryReader::Found& whole) {
      const auto decoded = reader.chunk_decoder().decode(whole.codec, whole.payload);
      if (!decoded) {
        damaged_(decoded.error());
        return true;
      }
      group.append(*decoded);
      plan.ids.push_back(chunk.chunk);
      return true;
    });
    if (!read) return read;
    group.append(readings, first, last);
    if (group.size() >= 4 * most_ || group.text_bytes() >= 4 * chunk_text) write(plan, group, false);
  }
  group.append(readings, at, readings.size());
  std::sort(plan.ids.begin(), plan.ids.end());
  write(plan, group, readings.to() >= series.frontier);
  return {};
}

// Encodes a group in chunks of about the usual size, and empties it. The last of a series waits for more when it is
// small.
void Tidier::write(Plan& plan, Chunk& group, bool last) {
  plan.revised.add(group.sort());
  const std::size_t parts = std::max({std::size_t{1}, group.size() / most_, group.text_bytes() / chunk_text});
  for (std::size_t part = 0, at = 0; part < parts && !group.empty(); ++part) {
    const std::size_t end = (part + 1) * group.size() / parts;
    Chunk chunk;
    chunk.append(group, at, end);
    at = end;
    auto out = std::make_shared<Write>();
    // Written in the place of what it holds: what was written later goes on winning.
    const bool again = !plan.ids.empty();
    out->chunk = again ? plan.ids.front() : store_.new_chunk();
    if (again) plan.ids.erase(plan.ids.begin());
    out->series = plan.series;
    out->from = chunk.from();
    out->to = chunk.to();
    out->count = chunk.size();
    out->tidy = !last || chunk.size() >= most_;
    const auto payload = encoder_.encode(chunk, Effort::best);
    out->codec = chunk_codec;
    out->payload.assign(payload.begin(), payload.end());
    plan.longest = std::max(plan.longest, out->to - out->from);
    if (!out->tidy) plan.untidy += out->count;
    plan.change.chunks.push_back(std::move(out));
  }
  group.clear();
}

}  // namespace myriad::historian
