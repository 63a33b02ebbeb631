#include "validator/synthesis.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "plugin_host/patterns.h"

namespace myriad::validator {
namespace {

using nlohmann::json;

constexpr int max_depth = 12;

// What is put where the schema leaves a choice: of anyOf and oneOf, of optional members.
struct Choice {
  bool optional = false;  // also members that are not required
  std::size_t branch = 0;
};

class Maker {
 public:
  Maker(const json& root, Choice choice) : root_(root), choice_(choice) {}

  json make(const json& schema, int depth = 0) const {
    if (!schema.is_object() || depth > max_depth) return nullptr;
    if (schema.contains("$ref")) return make(resolve(schema["$ref"]), depth + 1);
    for (const char* given : {"const", "default"})
      if (schema.contains(given)) return schema[given];
    for (const char* listed : {"enum", "examples"})
      if (schema.contains(listed) && schema[listed].is_array() && !schema[listed].empty()) return schema[listed][0];
    const json merged = with_branches(schema);
    return of_type(type_of(merged), merged, depth);
  }

 private:
  // Only within the document.
  const json& resolve(const json& reference) const {
    static const json nothing = json::object();
    const auto text = reference.is_string() ? reference.get<std::string>() : "";
    if (text == "#") return root_;
    if (!text.starts_with("#/")) return nothing;
    try {
      const json::json_pointer at(text.substr(1));
      return root_.contains(at) ? root_[at] : nothing;
    } catch (const json::exception&) {  // no JSON pointer
      return nothing;
    }
  }

  // The schema with all of allOf, and one each of anyOf and oneOf, laid over it.
  json with_branches(const json& schema) const {
    json out = schema;
    const auto lay_over = [&](const json& branch) {
      const json& part = branch.contains("$ref") ? resolve(branch["$ref"]) : branch;
      if (part.contains("required") && out.contains("required"))
        for (const auto& name : part["required"]) out["required"].push_back(name);
      json rest = part;
      if (out.contains("required")) rest.erase("required");
      out.merge_patch(rest);
    };
    for (const char* key : {"anyOf", "oneOf"})
      if (schema.contains(key) && schema[key].is_array() && !schema[key].empty())
        lay_over(schema[key][choice_.branch % schema[key].size()]);
    if (schema.contains("allOf"))
      for (const auto& part : schema["allOf"]) lay_over(part);
    return out;
  }

  static std::string type_of(const json& schema) {
    if (schema.contains("type") && schema["type"].is_string()) return schema["type"];
    if (schema.contains("type") && schema["type"].is_array())
      for (const auto& type : schema["type"])
        if (type != "null" && type.is_string()) return type;
    return schema.contains("properties") ? "object" : schema.contains("items") ? "array" : "string";
  }

  json of_type(const std::string& type, const json& schema, int depth) const {
    if (type == "object") return object(schema, depth);
    if (type == "array") return array(schema, depth);
    if (type == "integer" || type == "number") return number(schema);
    if (type == "boolean") return false;
    return type == "string" ? text(schema) : json(nullptr);
  }

  json object(const json& schema, int depth) const {
    json out = json::object();
    const json properties = schema.value("properties", json::object());
    const json required = schema.value("required", json::array());
    for (const auto& [name, part] : properties.items()) {
      const bool needed = std::find(required.begin(), required.end(), name) != required.end();
      if (needed || (choice_.optional && depth < 3)) out[name] = make(part, depth + 1);
    }
    return out;
  }

  json array(const json& schema, int depth) const {
    json out = json::array();
    const auto count = std::min(schema.value("minItems", choice_.optional ? 1 : 0), 16);
    const json& items = schema.contains("items") ? schema["items"] : json();
    for (int i = 0; i < count; ++i)
      out.push_back(items.is_array() ? make(items[static_cast<std::size_t>(i) % items.size()], depth + 1)
                                     : make(items, depth + 1));
    if (schema.value("uniqueItems", false))
      for (std::size_t i = 1; i < out.size(); ++i)
        if (out[i].is_string()) out[i] = out[i].get<std::string>() + std::to_string(i);
    return out;
  }

  static json number(const json& schema) {
    const auto bound = [&](const char* key) { return schema.contains(key) && schema[key].is_number(); };
    const bool whole = type_of(schema) == "integer";
    double value = 1;
    if (bound("maximum")) value = std::min(value, schema["maximum"].get<double>());
    if (bound("exclusiveMaximum"))
      value = std::min(value, schema["exclusiveMaximum"].get<double>() - (whole ? 1 : 1e-3));
    if (bound("minimum")) value = std::max(value, schema["minimum"].get<double>());
    if (bound("exclusiveMinimum"))
      value = std::max(value, schema["exclusiveMinimum"].get<double>() + (whole ? 1 : 1e-3));
    if (bound("multipleOf")) {
      const auto step = schema["multipleOf"].get<double>();
      value = std::ceil(value / step) * step;
    }
    return whole ? json(static_cast<std::int64_t>(std::ceil(value))) : json(value);
  }

  static json text(const json& schema) {
    const auto least = static_cast<std::size_t>(schema.value("minLength", 1));
    const auto most = static_cast<std::size_t>(schema.value("maxLength", 4096));
    const auto pattern = schema.value("pattern", "");
    // What configurations are usually about: names, points, patterns, addresses, files, topics, times.
    for (std::string word : {"sample",
                             "x/x",
                             "*",
                             "*/*",
                             "127.0.0.1",
                             "localhost",
                             "127.0.0.1:502",
                             "/tmp/sample",
                             "http://localhost/",
                             "opc.tcp://localhost:4840",
                             "mqtt://localhost",
                             "a.b",
                             "1",
                             "0x01",
                             "1.3.6.1.2.1",
                             "00:00:00:00:00:01",
                             "2026-01-01T00:00:00Z",
                             "12:00",
                             "en",
                             "UTC",
                             "Sample"}) {
      if (word.size() < least) word.append(least - word.size(), 'x');
      if (word.size() <= most && fits(pattern, word)) return word;
    }
    return "sample";
  }

  static bool fits(const std::string& pattern, const std::string& word) {
    plugin_host::Patterns patterns;
    return pattern.empty() || (patterns.add(pattern) && patterns.matches(pattern, word));
  }

  const json& root_;
  const Choice choice_;
};

}  // namespace

std::vector<json> synthesise(const json& schema) {
  constexpr std::size_t branches = 4;
  std::vector<json> out;
  for (const bool optional : {false, true})
    for (std::size_t branch = 0; branch < branches; ++branch) {
      json made;
      try {
        made = Maker(schema, {optional, branch}).make(schema);
      } catch (const json::exception&) {  // the schema holds a value where its draft wants another type
        continue;
      }
      if (std::find(out.begin(), out.end(), made) == out.end()) out.push_back(std::move(made));
    }
  return out;
}

}  // namespace myriad::validator
