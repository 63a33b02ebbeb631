#include "plugin_host/point_set.h"

#include <mutex>

namespace myriad::plugin_host {

void PointSet::insert(std::uint32_t point) {
  const std::unique_lock lock(mutex_);
  const auto page = point >> page_bits;
  if (page >= pages_.size()) pages_.resize(page + 1);
  if (!pages_[page]) pages_[page] = std::make_unique<Page>();
  (*pages_[page])[point % page_size / 64] |= std::uint64_t{1} << point % 64;
}

bool PointSet::contains(std::uint32_t point) const {
  const std::shared_lock lock(mutex_);
  return has(point);
}

// Each reading passes here, so the loop looks up a page only where it changes, and branches no further.
std::optional<std::uint32_t> PointSet::find_other(std::span<const model::Reading> readings) const {
  static constexpr Page none{};
  const std::shared_lock lock(mutex_);
  const std::uint64_t* bits = none.data();
  std::uint32_t page = UINT32_MAX;
  std::uint64_t all = 1;
  for (const auto& r : readings) {
    if (r.point >> page_bits != page) {
      page = r.point >> page_bits;
      bits = page < pages_.size() && pages_[page] ? pages_[page]->data() : none.data();
    }
    all &= bits[r.point % page_size / 64] >> r.point % 64;
  }
  if (all & 1) return std::nullopt;
  for (const auto& r : readings)
    if (!has(r.point)) return r.point;
  return std::nullopt;
}

bool PointSet::has(std::uint32_t point) const {
  const auto page = point >> page_bits;
  return page < pages_.size() && pages_[page] && (*pages_[page])[point % page_size / 64] >> point % 64 & 1;
}

}  // namespace myriad::plugin_host
