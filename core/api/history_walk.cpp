#include "api/history_walk.h"

#include <algorithm>

#include "api/point_select.h"

namespace myriad::api {

HistoryWalk::HistoryWalk(const Parts& parts, HistoryQuery query) : parts_(&parts), query_(std::move(query)) {
  auto points = matching_points(parts.points, query_.patterns);
  for (const auto& point : query_.patterns)  // described, but never read
    if (!is_pattern(point)) points.try_emplace(point);
  const auto start = points.lower_bound(query_.start.point);
  begin_series();
  if (start != points.end() && start->first == query_.start.point) position_ = query_.start;
  for (auto it = start; it != points.end(); ++it) points_.push_back(it->first);
}

Result<HistoryWalk::Rows> HistoryWalk::next(std::size_t limit) {
  Rows rows;
  rows.point = points_[at_];
  rows.begins = !begun_;
  begun_ = true;
  const auto read = query_.aggregates ? read_rows(rows, limit) : read_samples(rows, limit);
  if (!read) return read.error();
  return rows;
}

// One more than the limit is asked for: it tells where to go on.
Status HistoryWalk::read_samples(Rows& rows, std::size_t limit) {
  auto samples = parts_->historian.query(rows.point, {position_.time, query_.range.to}, limit + 1);
  if (!samples) return samples.error();
  rows.samples = std::move(*samples);
  rows.ends = rows.samples.size() <= limit;
  if (rows.ends) return end_series();
  position_.time = rows.samples.back().time;
  rows.samples.pop_back();
  return {};
}

Status HistoryWalk::read_rows(Rows& rows, std::size_t limit) {
  const auto& wanted = *query_.aggregates;
  rows.aggregate = wanted.which[position_.aggregate];
  const historian::AggregateQuery query{
      {position_.anchor, query_.range.to}, wanted.steps, *rows.aggregate, wanted.fill, position_.time, wanted.present};
  auto read = parts_->historian.aggregate(rows.point, query, limit + 1);
  if (!read) return read.error();
  rows.rows = std::move(*read);
  rows.ends = rows.rows.size() <= limit;
  if (rows.ends) return end_series();
  position_.time = rows.rows.back().time;
  rows.rows.pop_back();
  for (const auto& row : rows.rows)
    if (!row.filled) position_.anchor = std::max(query_.range.from, row.time);
  return {};
}

Status HistoryWalk::end_series() {
  const std::size_t next = position_.aggregate + 1;
  begin_series();
  if (query_.aggregates && next < query_.aggregates->which.size())
    position_.aggregate = next;
  else
    ++at_;
  return {};
}

void HistoryWalk::begin_series() {
  position_ = {};
  position_.time = position_.anchor = query_.range.from;
  if (query_.aggregates) position_.time = INT64_MIN;
  begun_ = false;
}

std::string HistoryWalk::position() const {
  HistoryPosition at = position_;
  at.point = points_[at_];
  return history_position(query_, at);
}

// Of a rate per second; a count has none.
std::string HistoryWalk::unit(const Rows& rows) const {
  const auto property = parts_->registry.property(rows.point);
  if (!property || property->unit.empty() || rows.aggregate == historian::Aggregate::count) return {};
  return rows.aggregate == historian::Aggregate::rate ? property->unit + "/s" : property->unit;
}

}  // namespace myriad::api
