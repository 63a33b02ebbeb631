#include "plugin_host/schema_rules.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <unordered_map>

namespace myriad::plugin_host {
namespace {

using nlohmann::json;

// Where draft 7 has schemas within a schema; those of the first two are applied to the same value as it.
constexpr std::array same_lists{"allOf", "anyOf", "oneOf"};
constexpr std::array same_ones{"not", "if", "then", "else"};
constexpr std::array inner_ones{"items", "additionalProperties"};
constexpr std::array inner_maps{"properties", "patternProperties", "definitions", "$defs"};
constexpr std::array unknown{"contains", "propertyNames", "dependencies", "additionalItems"};

bool is_schema(const json& value) {
  return value.is_object() || value.is_boolean();
}

// All three call visit(child, step) for schemas right within `schema`; `step` is what their JSON pointer has more.
template <class Json, class Visit>
void each_in_list(Json& schema, const char* keyword, const Visit& visit) {
  if (!schema.contains(keyword) || !schema[keyword].is_array()) return;
  for (std::size_t i = 0; i < schema[keyword].size(); ++i)
    visit(schema[keyword][i], std::string("/") + keyword + "/" + std::to_string(i));
}

template <class Json, class Visit>
void each_of_same_value(Json& schema, const Visit& visit) {
  for (const auto* keyword : same_lists) each_in_list(schema, keyword, visit);
  for (const auto* keyword : same_ones)
    if (schema.contains(keyword)) visit(schema[keyword], std::string("/") + keyword);
}

template <class Json, class Visit>
void each_within(Json& schema, const Visit& visit) {
  each_of_same_value(schema, visit);
  for (const auto* keyword : inner_ones)
    if (schema.contains(keyword) && is_schema(schema[keyword])) visit(schema[keyword], std::string("/") + keyword);
  each_in_list(schema, "items", visit);
  for (const auto* keyword : inner_maps)
    if (schema.contains(keyword) && schema[keyword].is_object())
      for (auto& [name, child] : schema[keyword].items()) visit(child, std::string("/") + keyword + "/" + name);
}

class Rules {
 public:
  Rules(const json& root, Patterns& patterns) : root_(root), patterns_(patterns) {}

  Status check() {
    collect(root_, "");
    for (const auto& [schema, place] : places_)
      if (auto ok = check_words(*schema, place); !ok) return ok;
    for (const auto& [schema, place] : places_)
      if (weight(*schema) > most)
        return refuse(place, "this leads back to itself, or to too many schemas, for one value: make it simpler");
    return {};
  }

 private:
  static constexpr std::size_t most = 2'000;
  static constexpr std::size_t most_default = 4'096;
  static constexpr int deepest = 64;  // as explain()

  static Error refuse(const std::string& place, const std::string& message) {
    return {Code::invalid, "config_schema: " + message, "/config_schema" + place};
  }

  void collect(const json& schema, const std::string& place) {
    if (!is_schema(schema)) return;  // valijson says so
    places_.emplace(&schema, place);
    if (!schema.is_object()) return;
    each_within(schema, [&](const json& child, const std::string& step) { collect(child, place + step); });
  }

  Status check_words(const json& schema, const std::string& place) {
    if (!schema.is_object()) return {};
    for (const auto* word : unknown)
      if (schema.contains(word))
        return refuse(place + "/" + word, std::string(word) + " is not supported: say it with properties, items, if");
    if (schema.contains("default") && schema["default"].dump().size() > most_default)
      return refuse(place + "/default", "default is longer than 4 KiB, and each item may get it: make it shorter");
    if (schema.contains("$ref") && !target(schema))
      return refuse(place + "/$ref", "$ref " + schema["$ref"].dump() + " names none of # and #/definitions/<name>");
    return check_patterns(schema, place);
  }

  Status check_patterns(const json& schema, const std::string& place) {
    if (const auto it = schema.find("pattern"); it != schema.end()) {
      if (!it->is_string()) return refuse(place + "/pattern", "pattern is " + it->dump() + ": write text");
      if (auto ok = patterns_.add(*it); !ok) return refuse(place + "/pattern", ok.error().message);
    }
    const auto it = schema.find("patternProperties");
    if (it == schema.end()) return {};
    if (!it->is_object()) return refuse(place + "/patternProperties", "patternProperties is no object: write {…}");
    for (const auto& [pattern, child] : it->items()) {
      if (!is_schema(child)) return refuse(place + "/patternProperties", "write a schema for " + pattern);
      if (auto ok = patterns_.add(pattern); !ok) return refuse(place + "/patternProperties", ok.error().message);
    }
    return {};
  }

  // Null unless it is there.
  const json* target(const json& schema) const {
    const auto& ref = schema["$ref"];
    if (ref == "#") return &root_;
    for (const auto* home : {"definitions", "$defs"})
      if (const std::string before = std::string("#/") + home + "/"; ref.is_string() && root_.contains(home)) {
        const auto& text = ref.get_ref<const std::string&>();
        if (!text.starts_with(before)) continue;
        const auto& all = root_[home];
        const auto it = all.find(text.substr(before.size()));
        if (it != all.end() && is_schema(*it)) return &*it;
      }
    return nullptr;
  }

  // How many schemas are applied to one value, this among them; more than `most` for one that leads back to itself.
  std::size_t weight(const json& schema, int depth = 0) {
    const auto [it, is_new] = weights_.try_emplace(&schema, most + 1);  // met again while it is open
    if (!is_new || depth > deepest) return it->second;
    std::size_t sum = 1;
    const auto add = [&](const json& child, const std::string&) {
      sum = std::min(most + 1, sum + weight(child, depth + 1));
    };
    if (schema.is_object() && schema.contains("$ref"))
      add(*target(schema), "");
    else if (schema.is_object())
      each_of_same_value(schema, add);
    return weights_[&schema] = sum;
  }

  const json& root_;
  Patterns& patterns_;
  std::unordered_map<const json*, std::string> places_;
  std::unordered_map<const json*, std::size_t> weights_;
};

// Behind a reference there may be one.
bool may_have_pattern(const json& value) {
  if (value.is_object() && (value.contains("pattern") || value.contains("patternProperties") ||
                            value.contains("uniqueItems") || value.contains("format") || value.contains("$ref")))
    return true;
  if (!value.is_structured()) return false;
  return std::any_of(value.begin(), value.end(), may_have_pattern);
}

void remove_patterns(json& schema) {
  if (!schema.is_object()) return;
  for (const auto* word : {"pattern", "format", "uniqueItems"}) schema.erase(word);
  if (schema.erase("patternProperties")) schema.erase("additionalProperties");
  // Of these, one that asks for less makes the whole ask for more.
  if (schema.contains("not") && may_have_pattern(schema["not"])) schema.erase("not");
  if (schema.contains("if") && may_have_pattern(schema["if"]))
    for (const auto* word : {"if", "then", "else"}) schema.erase(word);
  if (schema.contains("oneOf") && may_have_pattern(schema["oneOf"])) {
    schema["allOf"].push_back({{"anyOf", schema["oneOf"]}});
    schema.erase("oneOf");
  }
  each_within(schema, [](json& child, const std::string&) { remove_patterns(child); });
}

}  // namespace

Status check_rules(const json& schema, Patterns& patterns) {
  return Rules(schema, patterns).check();
}

json without_patterns(json schema) {
  remove_patterns(schema);
  return schema;
}

}  // namespace myriad::plugin_host
