// Keeps the rollups of a series: extends them as chunks are closed, and makes those true again that late readings or a
// deletion have overtaken. [writer]
#pragma once

#include <functional>

#include "historian/history_file.h"
#include "historian/point_view.h"
#include "historian/rollup_codec.h"
#include "historian/store.h"

namespace myriad::historian {

class Roller {
 public:
  Roller(HistoryFile& file, Store& store, PointView::Damaged damaged)
      : file_(file), store_(store), damaged_(std::move(damaged)) {}

  // Nothing of the series waits for the disk, in all of these.

  // Extends each level to the last bucket that is over, when enough buckets are (`all`: when any is).
  Status extend(const StoredSeries&, bool all);
  // Extends each level to `to`, a whole day, for readings that are about to be removed.
  Status extend_to(const StoredSeries&, Nanos to);
  // Makes stale ranges anew from the readings.
  Status refresh(const StoredSeries&);

 private:
  struct Old {  // a stored rollup
    std::int64_t id = 0;
    Range covers;
    bool sparse = false;
    std::vector<Bucket> buckets;
  };
  using Rollups = std::vector<Old>;

  Status extend(const StoredSeries&, int level, Nanos to);
  Status rebuild(const StoredSeries&, int level, Range);
  Result<std::optional<Nanos>> next_window(HistoryReader&, const StoredSeries&, int level, Range);
  Status rebuild_window(const StoredSeries&, int level, Range);
  Result<Rollups> stored(HistoryReader&, const StoredSeries&, int level, Range);
  Result<std::vector<Bucket>> compute(const StoredSeries&, int level, Range);
  void replace(const StoredSeries&, int level, Range, const std::vector<Bucket>&, Rollups&, Change&);
  void put(Change&, const StoredSeries&, int level, Range covers, std::span<const Bucket>);

  HistoryFile& file_;
  Store& store_;
  const PointView::Damaged damaged_;
  RollupEncoder encoder_;
};

}  // namespace myriad::historian
