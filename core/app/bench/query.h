// How long typical questions to the history take.
#pragma once

#include "app/bench/flow.h"
#include "app/bench/report.h"

namespace myriad::app::bench {

// In a new site in `data`: a day of one point at 1 Hz, and 50 points with 1-min data of so many days. Adds query_*_ms
// and local_*_ms.
Status measure_queries(const std::filesystem::path& data, std::uint32_t days, Report&, Progress&);

}  // namespace myriad::app::bench
