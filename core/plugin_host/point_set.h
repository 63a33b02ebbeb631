// Points that one instance may publish. Thread-safe. A bit for each point, in pages, of which an instance has few.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <span>
#include <vector>

#include "model/reading.h"

namespace myriad::plugin_host {

class PointSet {
 public:
  void insert(std::uint32_t point);
  bool contains(std::uint32_t point) const;
  // The first whose point is not in the set.
  std::optional<std::uint32_t> find_other(std::span<const model::Reading>) const;

 private:
  static constexpr std::uint32_t page_bits = 12, page_size = 1u << page_bits;
  using Page = std::array<std::uint64_t, page_size / 64>;

  bool has(std::uint32_t point) const;

  mutable std::shared_mutex mutex_;  // guards pages_
  std::vector<std::unique_ptr<Page>> pages_;
};

}  // namespace myriad::plugin_host
