// What the daemon takes from the machine: time to start, memory, CPU; idle and while it stores.
#pragma once

#include "app/bench/progress.h"
#include "app/bench/report.h"
#include "base/result.h"

#include <filesystem>

namespace myriad::app::bench {

struct Footprint {
  int starts = 5;
  double idle_seconds = 3;
  std::uint32_t points = 1'000;  // of the simulator
  double ingest_seconds = 20;
};

// Starts daemons in folders below `dir`.
Status measure_footprint(const std::filesystem::path& dir, const Footprint&, Report&, Progress&);

}  // namespace myriad::app::bench
