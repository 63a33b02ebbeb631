// What groups of points cost at their present rate. Pure; one thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "historian/historian.h"
#include "historian/retention.h"

namespace myriad::historian {

// What a point did of late: `count` readings from `from` to `to`.
struct Pace {
  Nanos from = 0, to = 0;
  std::size_t count = 0;
  Nanos newest = 0;              // its last reading of all
  double bytes_per_reading = 0;  // 0: not known yet
};

class Estimator {
 public:
  // By each pattern; without any, by the rules, and "*" for the points that none has.
  Estimator(const std::vector<std::string>& patterns, const Retention&, Nanos now, std::size_t chunk_readings);

  void add(std::string_view point, const Pace&);
  std::vector<Estimate> take() { return std::move(groups_); }

 private:
  struct Cost {
    double readings = 0, bytes = 0;  // a day
  };
  Cost cost(const Pace&) const;
  void add(Estimate&, const RetentionRule*, const Cost&) const;

  const Retention& retention_;
  const Nanos now_;
  const double row_bytes_;  // of a reading's chunk, for each reading
  const bool by_rule_;
  std::vector<Estimate> groups_;
};

}  // namespace myriad::historian
