// What is known of one point at one moment, on disk and in memory, as one ordered whole: its readings, or tallies of
// them where rollups can answer. For one thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "historian/chunk_codec.h"
#include "historian/history_file.h"
#include "historian/rollup_codec.h"
#include "historian/store.h"
#include "historian/timeline.h"

namespace myriad::historian {

class PointView {
 public:
  using Damaged = std::function<void(const Error&)>;  // told of a chunk or rollup that cannot be read

  PointView(Store::Snapshot memory, std::unique_ptr<HistoryReader>, Damaged);

  // Readings of the range by ascending time, one per time.
  Status readings(Range, const Timeline::Visit&);

  struct Visitor {
    Timeline::Visit readings;
    std::function<bool(const Bucket&)> bucket;  // whole and within the range; false: enough
    Detail detail = Detail::all;                // of the buckets
  };
  // The same by ascending time, with buckets of `level` or below in the place of readings where rollups tell the truth.
  Status cover(Range, int level, const Visitor&);

  // The last number of quality good or uncertain before `time`.
  Result<std::optional<std::pair<Nanos, double>>> number_before(Nanos time);

 private:
  Status cover_part(Range, int level);
  Status chunks_one_by_one(Range, const std::vector<std::int64_t>& seen, const HistoryReader::Visit&);
  bool visit_buckets(const std::vector<Bucket>&, Range whole, int level);
  Chunk decode(int codec, spine::BytesView payload);

  Store::Snapshot memory_;
  const std::unique_ptr<HistoryReader> reader_;
  const Damaged damaged_;
  const Visitor* visitor_ = nullptr;  // of cover(), while it runs
  Status fault_;
  bool more_ = true;
};

// The number that a reading counts as; nullopt for text and for quality bad or stale.
std::optional<double> number_of(std::uint16_t type, std::uint16_t quality, std::uint64_t bits);

}  // namespace myriad::historian
