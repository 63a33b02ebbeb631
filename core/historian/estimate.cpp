#include "historian/estimate.h"

#include <algorithm>

#include "base/names.h"

namespace myriad::historian {
namespace {

constexpr double day = 86'400e9, hour = 3'600e9;
constexpr double chunk_row_bytes = 75, bucket_bytes = 12;  // with their places in the index, as measured
constexpr double unknown_bytes = 4;                        // of a reading that was never stored
constexpr double silence = 20;                             // usual intervals without a reading: it has ended

}  // namespace

Estimator::Estimator(const std::vector<std::string>& patterns, const Retention& retention, Nanos now,
                     std::size_t chunk_readings)
    : retention_(retention),
      now_(now),
      row_bytes_(chunk_row_bytes / static_cast<double>(chunk_readings)),
      by_rule_(patterns.empty()) {
  std::vector<std::string> names = patterns;
  if (by_rule_) {
    for (const auto& rule : retention.rules()) names.push_back(rule.points);
    names.emplace_back("*");
  }
  for (auto& name : names) groups_.push_back({std::move(name), 0, 0, 0, 0.0});
}

void Estimator::add(std::string_view point, const Pace& pace) {
  const Cost now = cost(pace);
  const RetentionRule* rule = retention_.rule_of(point);
  for (Estimate& group : groups_) {
    if (!matches(group.points, point)) continue;
    add(group, rule, now);
    if (by_rule_) return;  // the first rule that matches is the point's
  }
}

void Estimator::add(Estimate& group, const RetentionRule* rule, const Cost& cost) const {
  ++group.count;
  group.readings_per_day += cost.readings;
  group.bytes_per_day += cost.bytes;
  if (rule && rule->raw.count() > 0 && group.kept_bytes)
    *group.kept_bytes += cost.bytes * static_cast<double>(rule->raw.count()) / 24;
  else if (cost.bytes > 0)
    group.kept_bytes.reset();
}

Estimator::Cost Estimator::cost(const Pace& pace) const {
  if (pace.count < 2 || pace.to <= pace.from) return {};
  const double interval = static_cast<double>(pace.to - pace.from) / static_cast<double>(pace.count - 1);
  if (static_cast<double>(now_ - pace.newest) > std::max(hour, silence * interval)) return {};
  Cost out{day / interval, 0};
  out.bytes = out.readings * ((pace.bytes_per_reading > 0 ? pace.bytes_per_reading : unknown_bytes) + row_bytes_);
  for (const Nanos width : rollup_width)
    if (static_cast<double>(width) >= interval * static_cast<double>(worthwhile_readings))
      out.bytes += day / static_cast<double>(width) * bucket_bytes;
  return out;
}

}  // namespace myriad::historian
