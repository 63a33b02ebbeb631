// How many bytes history takes on disk, everything counted: series, chunks, rollups, indexes, free space.
#pragma once

#include <functional>

#include "app/bench/flow.h"

namespace myriad::app::bench {

struct Size {
  std::uint64_t readings = 0;                 // counted by the historian
  double history_bytes = 0, spine_bytes = 0;  // after compaction and checkpoint

  double per_reading() const { return history_bytes / static_cast<double>(std::max<std::uint64_t>(readings, 1)); }
};

// Stores in a new site in `data` what `fill` publishes, compacts, closes, and looks at the files.
Result<Size> measure_size(const std::filesystem::path& data, const std::function<Status(Flow&)>& fill, Progress&);

}  // namespace myriad::app::bench
