// What is done for stored history beside taking readings: joining chunks, rollups, retention, deletion. [writer], in
// small steps, so that taking readings never waits long.
#pragma once

#include <chrono>
#include <functional>

#include "historian/roller.h"
#include "historian/tidier.h"

namespace myriad::historian {

class Upkeep {
 public:
  using SteadyTime = std::chrono::steady_clock::time_point;

  // `flush` brings what the store has waiting to the disk; false: it cannot, or the daemon ends.
  Upkeep(const Options&, HistoryFile&, Store&, const Clock&, Log, std::function<bool()> flush,
         PointView::Damaged damaged);

  // Works on what is due until `until`, at least one step. False: nothing is left.
  bool work(SteadyTime until, SteadyTime now);
  // Everything for every series now, whether it is due or not.
  Status settle();
  // The number of readings removed.
  Result<std::uint64_t> remove(const StoredSeries&, Range);
  // Looks over every series again.
  void apply_retention() { expiring_ = 0; }

 private:
  Status tend(const StoredSeries&, bool all);
  bool expire_next();
  Status expire(const StoredSeries&);
  Status cut(const StoredSeries&, Range, Change&, std::uint64_t& removed);
  Status drop_rollups(const StoredSeries&, Range, Change&);
  Status find_latest(const StoredSeries&);
  void shrink(SteadyTime now);

  const Options options_;
  HistoryFile& file_;
  Store& store_;
  const Clock& clock_;
  const Log log_;
  const std::function<bool()> flush_;
  const PointView::Damaged damaged_;
  Tidier tidier_;
  Roller roller_;
  ChunkEncoder encoder_;
  std::optional<std::size_t> expiring_ = 0;  // the series that retention looks at next
  SteadyTime next_expiry_{}, next_shrink_{};
};

}  // namespace myriad::historian
