#include "plugin_host/point_set.h"

#include <mutex>

namespace myriad::plugin_host {

void PointSet::insert(std::uint32_t point) {
  const std::unique_lock lock(mutex_);
  const auto page = point >> page_bits;
  if (page >= pages_.size()) pages_.resize(page + 1);
  if (!pages_[page]) pages_[page] = std::make_unique<Page>();
  const auto bit = point & ((1u << page_bits) - 1);
  (*pages_[page])[bit / 64] |= std::uint64_t{1} << bit % 64;
}

bool PointSet::contains(std::uint32_t point) const {
  const std::shared_lock lock(mutex_);
  return has(point);
}

std::optional<std::uint32_t> PointSet::find_other(std::span<const model::Reading> readings) const {
  const std::shared_lock lock(mutex_);
  for (const auto& r : readings)
    if (!has(r.point)) return r.point;
  return std::nullopt;
}

bool PointSet::has(std::uint32_t point) const {
  const auto page = point >> page_bits;
  if (page >= pages_.size() || !pages_[page]) return false;
  const auto bit = point & ((1u << page_bits) - 1);
  return (*pages_[page])[bit / 64] >> bit % 64 & 1;
}

}  // namespace myriad::plugin_host
