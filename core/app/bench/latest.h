// What a point costs in memory before any history: its name, its id, its latest value.
#pragma once

#include <cstdint>

#include "app/bench/progress.h"
#include "base/result.h"

namespace myriad::app::bench {

struct Latest {
  double bytes_per_point = 0;      // by the resident memory of this process
  double allocated_per_point = 0;  // by the allocator
};

// Best before anything else ran in this process: memory given back and used again would not be seen.
Result<Latest> measure_latest(std::uint32_t things, std::uint32_t properties, Progress&);

}  // namespace myriad::app::bench
