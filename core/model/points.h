// Assigns ids to point names. Thread-safe. Ids are dense from 1 and last for the data directory: the spine stores each
// new name before the first reading that uses it, and restores the table at start.
#pragma once

#include <deque>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

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
  // Where in slots_ the id of that name is, or would be put. Requires slots_.
  std::size_t slot_of(std::string_view point) const;
  std::string_view keep(std::string_view point);
  void grow();

  // A site may have a million points. A map of strings took 160 bytes for each beside its name; this takes about 30.
  mutable std::shared_mutex mutex_;     // guards all below
  std::deque<std::string> text_;        // names behind each other; no string outgrows what it reserved, so none moves
  std::deque<std::string_view> names_;  // by id - 1; views into text_
  std::vector<std::uint32_t> slots_;    // ids by the hash of their names, with linear probing; 0 is free
};

}  // namespace myriad::model
