// The time-series store: a consumer of the spine with its own file and cursor. Chunks of about 1,024 readings per
// point, compressed by type; open chunks are in memory and can be queried. Thread-safe.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
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

struct Options {
  std::filesystem::path file;  // history.db
  std::size_t chunk_readings = 1'024;
  // A slow point's readings are stored as a part of a chunk, and the part is replaced as the chunk grows, when they
  // have waited so long or so many readings came after them: a restart reads at most that much again.
  std::chrono::seconds store_after{60};
  std::uint64_t store_after_readings = 16'000'000;
  std::size_t open_bytes = std::size_t{64} << 20;  // beyond it the fuller open chunks are closed early
};

// Half open: from <= time < to.
struct Range {
  Nanos from = 0, to = INT64_MAX;
};

struct Stats {
  spine::Sequence next = 1;  // what it has taken from the spine
  std::uint64_t readings = 0, chunks = 0, disk_bytes = 0, open_readings = 0;
};

struct AggregateQuery;  // aggregate.h
struct Row;

class Historian {
 public:
  // Starts the consumer thread. `spine`, `points` and `clock` outlive it.
  static Result<std::unique_ptr<Historian>> open(Options, spine::Spine& spine, model::Points& points,
                                                 const Clock& clock, Log log);
  virtual ~Historian() = default;

  // Up to `limit` samples of one point by ascending time, one per time (the last written). A point never seen: none.
  virtual Result<std::vector<model::Sample>> query(std::string_view point, Range, std::size_t limit) = 0;

  // Up to `limit` rows of one point, see aggregate.h.
  virtual Result<std::vector<Row>> aggregate(std::string_view point, const AggregateQuery&, std::size_t limit) = 0;

  // The newest sample of every point, for the latest values after a restart.
  virtual Status for_each_latest(const std::function<void(std::string_view point, const model::Sample&)>&) = 0;

  // Until everything before `end` can be queried, or the deadline.
  virtual bool wait(spine::Sequence end, std::chrono::steady_clock::time_point deadline) = 0;

  virtual Stats stats() const = 0;
  virtual void close() = 0;  // writes open chunks, ends the thread
};

}  // namespace myriad::historian
