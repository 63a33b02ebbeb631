#include "historian/tidier.h"

#include <algorithm>

namespace myriad::historian {
namespace {

// Rows of half a page leave the other half empty: four fit well into one of 16 KiB. Fewer readings than a few hundred
// are encoded less well than that gains.
constexpr std::size_t row_bytes = 3'800, most_row_bytes = 5'300;
constexpr std::size_t least_readings = 256;

}  // namespace

struct Tidier::Plan {
  std::int64_t series = 0;
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
  plan.change.gone_chunks = loose.ids;
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
      plan.change.gone_chunks.push_back(chunk.chunk);
      return true;
    });
    if (!read) return read;
    group.append(readings, first, last);
    if (group.size() >= 4 * most_ || group.text_bytes() >= 4 * chunk_text) write(plan, group, false);
  }
  group.append(readings, at, readings.size());
  write(plan, group, readings.to() >= series.frontier);
  return {};
}

// Encodes a group in chunks of about the usual size, and empties it. The last of a series waits for more when it is
// small.
void Tidier::write(Plan& plan, Chunk& group, bool last) {
  plan.revised.add(group.sort());
  const std::size_t parts = std::max({std::size_t{1}, group.size() / most_, group.text_bytes() / chunk_text});
  for (std::size_t part = 0; part < parts && !group.empty(); ++part)
    write_part(plan, group, part * group.size() / parts, (part + 1) * group.size() / parts, last);
  group.clear();
}

void Tidier::write_part(Plan& plan, const Chunk& group, std::size_t first, std::size_t last, bool waits) {
  Chunk chunk;
  chunk.append(group, first, last);
  const auto payload = encoder_.encode(chunk, Effort::best);
  const std::size_t rows = payload.size() <= most_row_bytes ? 1 : payload.size() / row_bytes + 1;
  if (rows > 1 && chunk.text_bytes() == 0 && chunk.size() >= 2 * least_readings) {
    const std::size_t fit = std::min(rows, chunk.size() / least_readings);
    for (std::size_t row = 0; row < fit; ++row)
      write_part(plan, chunk, row * chunk.size() / fit, (row + 1) * chunk.size() / fit, false);
    return;
  }
  auto out = std::make_shared<Write>();
  // At the end of the table, where rows lie close together; the pages of the old ones become free as a whole. The
  // number is higher than that of anything written so far, which is right: nothing that is left overlaps it.
  out->chunk = store_.new_chunk();
  out->series = plan.series;
  out->from = chunk.from();
  out->to = chunk.to();
  out->count = chunk.size();
  out->tidy = !waits || chunk.size() >= most_;
  out->codec = chunk_codec;
  out->payload.assign(payload.begin(), payload.end());
  plan.longest = std::max(plan.longest, out->to - out->from);
  if (!out->tidy) plan.untidy += out->count;
  plan.change.chunks.push_back(std::move(out));
}

}  // namespace myriad::historian
