// What the disk and SQLite could do without Myriad, for the ratios. One thread; nothing but SQLite with WAL and
// synchronous=FULL.
#pragma once

#include <filesystem>

#include "app/bench/progress.h"
#include "base/result.h"

namespace myriad::app::bench {

// All in readings a second.
struct Baselines {
  double rows = 0;    // a row for each, 65,536 a commit
  double chunks = 0;  // readings made, gathered by point, encoded as the historian does, 200 chunks a commit
  double copy = 0;    // the same chunks, already encoded
};

// Writes files into `dir`. `readings`: of the chunks; a tenth of it goes into rows.
Result<Baselines> measure_baselines(const std::filesystem::path& dir, std::uint32_t points, std::uint64_t readings,
                                    Progress&);

}  // namespace myriad::app::bench
