#include "model/points.h"

#include <algorithm>
#include <functional>
#include <mutex>

#include "base/names.h"

namespace myriad::model {
namespace {

constexpr std::size_t text_block = 16'384;
constexpr std::size_t first_slots = 64;  // a power of two, as all sizes of the table

}  // namespace

Result<PointId> Points::intern(std::string_view thing, std::string_view property) {
  return intern(std::string(thing) + '/' + std::string(property));
}

Result<PointId> Points::intern(std::string_view point) {
  if (const auto known = find(point)) return *known;
  if (split_point(point).thing.empty())
    return Error{Code::invalid,
                 "point '" + std::string(point.substr(0, 80)) +
                     "': write <thing>/<property>, each of letters, digits, '_', '-', '.', '~', at most 128 bytes",
                 "point"};
  const std::unique_lock lock(mutex_);
  if (2 * (names_.size() + 1) > slots_.size()) grow();
  std::uint32_t& slot = slots_[slot_of(point)];
  if (slot != 0) return PointId{slot};
  names_.push_back(keep(point));
  slot = static_cast<std::uint32_t>(names_.size());
  return PointId{slot};
}

std::optional<PointId> Points::find(std::string_view point) const {
  const std::shared_lock lock(mutex_);
  if (slots_.empty()) return std::nullopt;
  const std::uint32_t id = slots_[slot_of(point)];
  return id == 0 ? std::nullopt : std::optional(PointId{id});
}

std::size_t Points::slot_of(std::string_view point) const {
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = std::hash<std::string_view>{}(point)&mask;
  while (slots_[at] != 0 && names_[slots_[at] - 1] != point) at = (at + 1) & mask;
  return at;
}

std::string_view Points::keep(std::string_view point) {
  if (text_.empty() || text_.back().capacity() - text_.back().size() < point.size())
    text_.emplace_back().reserve(std::max(text_block, point.size()));
  std::string& block = text_.back();
  block += point;
  return std::string_view(block).substr(block.size() - point.size());
}

void Points::grow() {
  slots_.assign(std::max(first_slots, 2 * slots_.size()), 0);
  for (std::size_t i = 0; i < names_.size(); ++i) slots_[slot_of(names_[i])] = static_cast<std::uint32_t>(i + 1);
}

std::string_view Points::name(PointId id) const {
  const std::shared_lock lock(mutex_);
  const auto index = static_cast<std::uint32_t>(id);
  if (index == 0 || index > names_.size()) return {};
  return names_[index - 1];
}

std::uint32_t Points::size() const {
  const std::shared_lock lock(mutex_);
  return static_cast<std::uint32_t>(names_.size());
}

}  // namespace myriad::model
