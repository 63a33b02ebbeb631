// The time-series store: a consumer of the spine with its own file and cursor. Chunks of about 2,000 readings per
// point, compressed by type, and rollups by minute, hour and day; open chunks are in memory and can be queried.
// Thread-safe.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "model/points.h"
#include "model/value.h"
#include "spine/spine.h"

namespace myriad::historian {

struct AggregateQuery;  // aggregate.h
struct Row;

struct Options {
  std::filesystem::path file;  // history.db
  std::size_t chunk_readings = 2'048;
  // A slow point's readings are stored as a part of a chunk, and the part is replaced as the chunk grows, when they
  // have waited so long or so many readings came after them: a restart reads at most that much again.
  std::chrono::seconds store_after{60};
  std::uint64_t store_after_readings = 16'000'000;
  std::size_t open_bytes = std::size_t{90} << 20;  // beyond it the fuller open chunks are closed early
  // Joining chunks, rollups and retention go on beside the taking of readings; off, only settle() does them.
  bool upkeep = true;
  std::function<void(const std::string&)> on_damage = {};  // met in the file, or mended; any thread. Else it is logged
};

// Half open: from <= time < to.
struct Range {
  Nanos from = 0, to = INT64_MAX;
  bool empty() const { return from >= to; }
};

// How long history is kept; 0: for ever. Whole days (UTC) go together. Readings that come later than `raw` are not
// stored. Where a bucket has too few readings for a rollup, the readings stay as long as the rollup would.
struct RetentionRule {
  std::string points;  // a pattern; of several rules the first that matches a point counts
  std::chrono::hours raw{0}, minutes{0}, hours{0}, days{0};
};

// Readings of a point that later ones of the same times replaced with other values.
struct Revision {
  Nanos noticed = 0;
  std::uint64_t readings = 0;
  Nanos from = 0, to = 0;  // first and last time
};

// What a group of points costs at its present rate.
struct Estimate {
  std::string points;       // the pattern
  std::uint64_t count = 0;  // of points
  double readings_per_day = 0;
  double bytes_per_day = 0;          // readings, their rows and rollups
  std::optional<double> kept_bytes;  // once retention removes as much as comes; nullopt: it never does
};

struct Stats {
  spine::Sequence next = 1;  // what it has taken from the spine
  std::uint64_t readings = 0, chunks = 0, disk_bytes = 0, open_readings = 0;
  std::uint64_t untidy_readings = 0;  // in small, overlapping or loosely encoded chunks
  std::uint64_t revised = 0;          // since start: replaced by readings of the same time
  std::uint64_t expired = 0;          // since start: came later than retention keeps, and were not stored
  std::uint64_t lost = 0;             // since start: the spine no longer had them
  std::uint64_t damaged_chunks = 0;   // since start: met while reading; their readings are missing from answers
};

class Historian {
 public:
  // Starts the consumer thread. `spine`, `points` and `clock` outlive it.
  static Result<std::unique_ptr<Historian>> open(Options, spine::Spine& spine, model::Points& points,
                                                 const Clock& clock, Log log);
  virtual ~Historian() = default;

  // Up to `limit` samples of one point by ascending time, one per time (the last written). A point never seen: none.
  virtual Result<std::vector<model::Sample>> query(std::string_view point, Range, std::size_t limit) = 0;

  // Up to `limit` rows by ascending time, from rollups where they can answer.
  virtual Result<std::vector<Row>> aggregate(std::string_view point, const AggregateQuery&, std::size_t limit) = 0;

  // The newest sample of every point, for the latest values after a restart.
  virtual Status for_each_latest(const std::function<void(std::string_view point, const model::Sample&)>&) = 0;

  // Until everything before `end` can be queried, or the deadline.
  virtual bool wait(spine::Sequence end, std::chrono::steady_clock::time_point deadline) = 0;

  virtual spine::Sequence next() const = 0;    // the first reading that it has not taken; costs nothing
  virtual spine::Sequence stored() const = 0;  // the first that a restart takes again; costs nothing

  // Removes what a point has in the range, on disk and in memory, rollups too; the number of readings. Blocks.
  virtual Result<std::uint64_t> remove(std::string_view point, Range) = 0;

  virtual std::vector<RetentionRule> retention() const = 0;
  virtual Status set_retention(std::vector<RetentionRule>) = 0;  // stored; applied at once and then every hour
  // By each pattern; without any, by the rules of retention, and "*" for the points that none has.
  virtual std::vector<Estimate> estimate(const std::vector<std::string>& patterns) const = 0;
  virtual Result<std::vector<Revision>> revisions(std::string_view point, std::size_t most) = 0;  // newest first

  // Does now all that upkeep would do in time: closes open chunks, joins chunks, extends rollups, gives free pages
  // back. For benchmarks, and before a backup. Blocks.
  virtual Status settle() = 0;

  virtual Stats stats() const = 0;
  virtual void close() = 0;  // writes open chunks, ends the thread
};

}  // namespace myriad::historian
