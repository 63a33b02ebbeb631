// How fast the simulator's readings become durable and queryable, and how long a batch takes.
#pragma once

#include "app/bench/flow.h"

namespace myriad::app::bench {

struct Ingest {
  std::uint64_t readings = 0;  // counted in what the historian stored
  double seconds = 0, cpu_seconds = 0;
  double resident_mb = 0;  // the most
  double spine_bytes = 0;  // of the whole log, if none was dropped

  double per_s() const { return static_cast<double>(readings) / seconds; }
  double cpu_us() const { return cpu_seconds * 1e6 / static_cast<double>(readings); }
};

struct Load {
  std::uint32_t points;
  std::uint64_t readings;  // stops when so many are stored,
  double seconds;          // or after so long
};

// Runs the simulator plugin as fast as the flow, which must be empty, takes its readings.
Result<Ingest> measure_ingest(Flow&, const Load&, Progress&);

struct Delay {
  double p50_ms = 0, p99_ms = 0;
};
// From publish to commit, of batches of 256 readings at `per_s` readings a second.
Result<Delay> measure_delay(Flow&, std::uint32_t points, double per_s, double seconds, Progress&);

}  // namespace myriad::app::bench
