// Every property of every Thing in memory, for the paths that cannot parse a TD each time. Thread-safe.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "registry/registry.h"

namespace myriad::registry {

class PropertyIndex {
 public:
  // Replaces what is known of the Thing by what its TD says. `owner_of` tells the instance behind a property.
  using OwnerOf = std::unordered_map<std::string, std::string>;
  void set(const std::string& thing, const nlohmann::json& td, const OwnerOf& owner_of);
  void remove(const std::string& thing);

  std::optional<Registry::Property> property(std::string_view point) const;
  std::vector<std::string> things_of(std::string_view instance) const;  // sorted
  std::vector<std::string> owners(std::string_view thing) const;        // sorted

 private:
  using Properties = std::unordered_map<std::string, Registry::Property>;
  mutable std::shared_mutex mutex_;  // guards things_
  std::unordered_map<std::string, Properties> things_;
};

}  // namespace myriad::registry
