#include "registry/property_index.h"

#include <mutex>
#include <nlohmann/json.hpp>
#include <set>

#include "base/names.h"

namespace myriad::registry {
namespace {

std::optional<double> number(const nlohmann::json& schema, const char* key) {
  const auto it = schema.find(key);
  if (it == schema.end()) return std::nullopt;
  return it->get<double>();
}

Registry::Property describe(const nlohmann::json& schema) {
  return {schema.value("type", ""),  schema.value("unit", ""),  schema.value("readOnly", false),
          number(schema, "minimum"), number(schema, "maximum"), ""};
}

}  // namespace

void PropertyIndex::set(const std::string& thing, const nlohmann::json& td, const OwnerOf& owner_of) {
  Properties properties;
  if (const auto it = td.find("properties"); it != td.end())
    for (const auto& [name, schema] : it->items()) {
      auto& property = properties[name] = describe(schema);
      if (const auto owner = owner_of.find(name); owner != owner_of.end()) property.owner = owner->second;
    }
  const std::unique_lock lock(mutex_);
  things_[thing] = std::move(properties);
}

void PropertyIndex::remove(const std::string& thing) {
  const std::unique_lock lock(mutex_);
  things_.erase(thing);
}

std::optional<Registry::Property> PropertyIndex::property(std::string_view point) const {
  const auto [thing, name] = split_point(point);
  const std::shared_lock lock(mutex_);
  const auto properties = things_.find(std::string(thing));
  if (properties == things_.end()) return std::nullopt;
  const auto it = properties->second.find(std::string(name));
  if (it == properties->second.end()) return std::nullopt;
  return it->second;
}

std::vector<std::string> PropertyIndex::things_of(std::string_view instance) const {
  std::set<std::string> found;
  const std::shared_lock lock(mutex_);
  for (const auto& [thing, properties] : things_)
    for (const auto& [name, property] : properties)
      if (property.owner == instance) found.insert(thing);
  return {found.begin(), found.end()};
}

std::vector<std::string> PropertyIndex::owners(std::string_view thing) const {
  std::set<std::string> found;
  const std::shared_lock lock(mutex_);
  if (const auto it = things_.find(std::string(thing)); it != things_.end())
    for (const auto& [name, property] : it->second)
      if (!property.owner.empty()) found.insert(property.owner);
  return {found.begin(), found.end()};
}

}  // namespace myriad::registry
