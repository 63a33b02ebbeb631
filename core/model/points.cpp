#include "model/points.h"

#include <mutex>

#include "base/names.h"

namespace myriad::model {

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
  if (const auto it = ids_.find(point); it != ids_.end()) return it->second;
  names_.emplace_back(point);
  const PointId id{static_cast<std::uint32_t>(names_.size())};
  ids_.emplace(names_.back(), id);
  return id;
}

std::optional<PointId> Points::find(std::string_view point) const {
  const std::shared_lock lock(mutex_);
  const auto it = ids_.find(point);
  if (it == ids_.end()) return std::nullopt;
  return it->second;
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
