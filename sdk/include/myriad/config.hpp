// Typed reading of a configuration, and the defaults that its JSON Schema states. Needs nlohmann-json.
//
//   const myriad::Config config = myriad::Config::parse(config_json);
//   const auto host = config.get<std::string>("host");
//   for (const myriad::Config& point : config.list("points")) point.get<std::uint16_t>("address");
//
// The host has checked the document against the manifest's schema and filled in its defaults before create(), so
// plugins state no default of their own. Errors are myriad::Failure INVALID and name the JSON pointer.
#ifndef MYRIAD_CONFIG_HPP
#define MYRIAD_CONFIG_HPP

#include <nlohmann/json.hpp>
#include <optional>

#include "myriad/plugin.hpp"

namespace myriad {

class Config {
 public:
  static Config parse(std::string_view text) {
    auto document = std::make_shared<const nlohmann::json>(nlohmann::json::parse(text, nullptr, false));
    if (document->is_discarded()) throw Failure(MYRIAD_E_INVALID, "the configuration is not JSON");
    if (!document->is_object()) throw Failure(MYRIAD_E_INVALID, "the configuration is no JSON object");
    return Config(document, document.get(), "");
  }

  bool has(std::string_view key) const {
    return node_->is_object() && node_->contains(key) && !node_->at(std::string(key)).is_null();
  }

  template <class T>
  T get(std::string_view key) const {
    return at(key).as<T>();
  }
  template <class T>
  std::optional<T> find(std::string_view key) const {
    if (!has(key)) return std::nullopt;
    return get<T>(key);
  }
  template <class T>
  T as() const {
    const bool fits = [&] {
      if constexpr (std::is_same_v<T, bool>)
        return node_->is_boolean();
      else if constexpr (std::is_integral_v<T>)
        return in_range<T>();
      else if constexpr (std::is_floating_point_v<T>)
        return node_->is_number();
      else
        return node_->is_string();
    }();
    if (!fits) throw Failure(MYRIAD_E_INVALID, path_ + ": " + node_->dump() + " does not fit here");
    return node_->get<T>();
  }
  Config at(std::string_view key) const {
    if (!has(key)) throw Failure(MYRIAD_E_INVALID, path_ + "/" + std::string(key) + " is missing");
    return Config(document_, &node_->at(std::string(key)), path_ + "/" + std::string(key));
  }
  // The items of an array; empty when the key is absent.
  std::vector<Config> list(std::string_view key) const {
    std::vector<Config> out;
    if (!has(key)) return out;
    const Config array = at(key);
    if (!array.node_->is_array()) throw array.wrong("this is no list");
    for (std::size_t i = 0; i < array.node_->size(); ++i)
      out.push_back(Config(document_, &array.node_->at(i), array.path_ + "/" + std::to_string(i)));
    return out;
  }
  // An error about this place of the configuration.
  Failure wrong(const std::string& what) const { return {MYRIAD_E_INVALID, path_ + ": " + what}; }
  const nlohmann::json& json() const { return *node_; }

 private:
  Config(std::shared_ptr<const nlohmann::json> document, const nlohmann::json* node, std::string path)
      : document_(std::move(document)), node_(node), path_(std::move(path)) {}

  template <class T>
  bool in_range() const {
    if (node_->is_number_unsigned()) return std::in_range<T>(node_->get<std::uint64_t>());
    return node_->is_number_integer() && std::in_range<T>(node_->get<std::int64_t>());
  }

  std::shared_ptr<const nlohmann::json> document_;  // keeps node_ alive
  const nlohmann::json* node_;
  std::string path_;
};

// Adds to `value` what `schema` names as "default" and `value` lacks, through objects and arrays.
inline void apply_defaults(const nlohmann::json& schema, nlohmann::json& value) {
  if (value.is_object() && schema.contains("properties")) {
    for (const auto& [name, property] : schema["properties"].items()) {
      if (!value.contains(name) && property.contains("default")) value[name] = property["default"];
      if (value.contains(name)) apply_defaults(property, value[name]);
    }
  }
  // Objects whose keys are the user's own choice, such as column names.
  if (value.is_object() && schema.contains("additionalProperties") && schema["additionalProperties"].is_object())
    for (auto& [name, item] : value.items())
      if (!schema.contains("properties") || !schema["properties"].contains(name))
        apply_defaults(schema["additionalProperties"], item);
  if (value.is_array() && schema.contains("items"))
    for (auto& item : value) apply_defaults(schema["items"], item);
}

}  // namespace myriad
#endif
