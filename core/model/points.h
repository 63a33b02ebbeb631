// Assigns ids to point names. Thread-safe. Ids are dense from 1 and last for the data directory: the spine stores each
// new name before the first reading that uses it, and restores the table at start.
#pragma once

#include <deque>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/result.h"
#include "model/reading.h"

namespace myriad::model {

class Points {
 public:
  // The id of "<thing>/<property>", new or known. Refuses names that are no slugs.
  Result<PointId> intern(std::string_view thing, std::string_view property);
  Result<PointId> intern(std::string_view point);

  std::optional<PointId> find(std::string_view point) const;

  // "<thing>/<property>"; empty for an id never given. The view lasts as long as this object.
  std::string_view name(PointId) const;

  // Also the highest id.
  std::uint32_t size() const;

 private:
  mutable std::shared_mutex mutex_;                    // guards both
  std::deque<std::string> names_;                      // by id - 1; never moves an element
  std::unordered_map<std::string_view, PointId> ids_;  // keys view into names_
};

}  // namespace myriad::model
