#include "api/history_walk.h"

#include "api/point_select.h"

namespace myriad::api {

HistoryWalk::HistoryWalk(const Parts& parts, HistoryQuery query) : parts_(&parts), query_(std::move(query)) {
  auto points = matching_points(parts.points, query_.patterns);
  for (const auto& point : query_.patterns)  // described, but never read
    if (!is_pattern(point)) points.try_emplace(point);
  const auto start = points.lower_bound(query_.point);
  time_ = start != points.end() && start->first == query_.point ? query_.time : query_.range.from;
  for (auto it = start; it != points.end(); ++it) points_.push_back(it->first);
}

Result<HistoryWalk::Rows> HistoryWalk::next(std::size_t limit) {
  Rows rows{points_[at_], {}};
  const historian::Range range{time_, query_.range.to};
  auto samples = parts_->historian.query(rows.point, range, limit + 1);
  if (!samples) return samples.error();
  if (samples->size() > limit) {  // one more than the limit was asked for: it tells where to go on
    time_ = samples->back().time;
    samples->pop_back();
  } else {
    ++at_;
    time_ = query_.range.from;
  }
  rows.samples = std::move(*samples);
  return rows;
}

std::string HistoryWalk::position() const {
  return history_position(query_, points_[at_], time_);
}

}  // namespace myriad::api
