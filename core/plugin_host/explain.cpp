#include "plugin_host/explain.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

namespace myriad::plugin_host {
namespace {

using nlohmann::json;
using Found = std::optional<Problem>;

constexpr int max_depth = 64;  // a schema may refer to itself
constexpr int max_steps = 2'000'000;

std::string escaped(std::string name) {  // RFC 6901, section 3
  for (std::size_t i = 0; (i = name.find_first_of("~/", i)) != std::string::npos; i += 2)
    name.replace(i, 1, name[i] == '~' ? "~0" : "~1");
  return name;
}

std::string joined(const json& values) {
  std::string out;
  for (const auto& v : values) out += (out.empty() ? "" : ", ") + (v.is_string() ? v.get<std::string>() : v.dump());
  return out;
}

std::string type_of(const json& v) {
  if (v.is_number_integer()) return "an integer";
  if (v.is_number()) return "a number";
  if (v.is_object() || v.is_array()) return std::string("an ") + v.type_name();
  return v.is_null() ? "null" : std::string("a ") + v.type_name();
}

bool has_type(const json& v, const std::string& type) {
  if (type == "integer") return v.is_number_integer();
  if (type == "number") return v.is_number();
  return v.type_name() == type;
}

std::size_t code_points(const std::string& s) {
  return static_cast<std::size_t>(std::count_if(s.begin(), s.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

class Explainer {
 public:
  Explainer(const json& root, const Patterns& patterns) : root_(root), patterns_(patterns) {}

  Found at(const json& schema, const json& v, const std::string& pointer, int depth = 0) const {
    if (schema.is_boolean() && !schema.get<bool>()) return Problem{pointer, "this is not allowed here: remove it"};
    if (!schema.is_object()) return std::nullopt;
    if (depth > max_depth) return Problem{pointer, "this is nested too deep: make it flatter"};
    if (++steps_ > max_steps) return Problem{pointer, "this is too much for the plugin's schema: make it shorter"};
    const Here here{schema, v, pointer, depth + 1};
    if (schema.contains("$ref")) return reference(here);
    for (const auto check : {&Explainer::type, &Explainer::choice, &Explainer::number, &Explainer::text,
                             &Explainer::array, &Explainer::object, &Explainer::combined, &Explainer::conditional})
      if (auto found = (this->*check)(here)) return found;
    return std::nullopt;
  }

 private:
  struct Here {
    const json& schema;
    const json& v;
    const std::string& pointer;
    int depth;

    bool has(const char* keyword) const { return schema.contains(keyword); }
    const json& operator[](const char* keyword) const { return schema.at(keyword); }
    Problem problem(std::string message, bool discriminator = false) const {
      return {pointer, std::move(message), discriminator};
    }
    // The value as people may see it.
    std::string shown() const {
      if (schema.value("writeOnly", false)) return "the value";
      std::string s = v.dump(-1, ' ', false, json::error_handler_t::replace);
      return s.size() <= 80 ? s : s.substr(0, 77) + "…";
    }
    std::string limits(const char* low, const char* high) const {
      if (has(low) && has(high)) return "use " + schema.at(low).dump() + " to " + schema.at(high).dump();
      return has(low) ? "use " + schema.at(low).dump() + " or more" : "use " + schema.at(high).dump() + " or less";
    }
  };

  Found reference(const Here& h) const {
    const auto target = h["$ref"].get<std::string>();
    if (target.empty() || target[0] != '#') return std::nullopt;
    const json::json_pointer where(target.substr(1));
    return root_.contains(where) ? at(root_[where], h.v, h.pointer, h.depth) : std::nullopt;
  }

  Found type(const Here& h) const {
    if (!h.has("type")) return std::nullopt;
    const json types = h["type"].is_array() ? h["type"] : json::array({h["type"]});
    for (const auto& t : types)
      if (has_type(h.v, t)) return std::nullopt;
    return h.problem(h.shown() + " is " + type_of(h.v) + ": this must be of type " + joined(types));
  }

  Found choice(const Here& h) const {
    if (h.has("const") && h.v != h["const"]) return h.problem(h.shown() + ": use " + h["const"].dump(), true);
    if (!h.has("enum")) return std::nullopt;
    const auto& values = h["enum"];
    if (std::find(values.begin(), values.end(), h.v) != values.end()) return std::nullopt;
    return h.problem(h.shown() + " is not known here: use one of " + joined(values), true);
  }

  Found number(const Here& h) const {
    if (!h.v.is_number()) return std::nullopt;
    if (h.has("minimum") && h.v < h["minimum"])
      return h.problem(h.shown() + " is too small: " + h.limits("minimum", "maximum"));
    if (h.has("maximum") && h.v > h["maximum"])
      return h.problem(h.shown() + " is too large: " + h.limits("minimum", "maximum"));
    if (h.has("exclusiveMinimum") && h.v <= h["exclusiveMinimum"])
      return h.problem(h.shown() + " is too small: use more than " + h["exclusiveMinimum"].dump());
    if (h.has("exclusiveMaximum") && h.v >= h["exclusiveMaximum"])
      return h.problem(h.shown() + " is too large: use less than " + h["exclusiveMaximum"].dump());
    if (!h.has("multipleOf")) return std::nullopt;
    const double ratio = h.v.get<double>() / h["multipleOf"].get<double>();
    if (std::abs(ratio - std::round(ratio)) < 1e-9) return std::nullopt;
    return h.problem(h.shown() + ": use a multiple of " + h["multipleOf"].dump());
  }

  Found text(const Here& h) const {
    if (!h.v.is_string()) return std::nullopt;
    const auto& s = h.v.get_ref<const std::string&>();
    const auto size = code_points(s);
    if (h.has("minLength") && size < h["minLength"])
      return h.problem(s.empty() ? "this is empty: fill it in"
                                 : h.shown() + " is too short: use at least " + h["minLength"].dump() + " characters");
    if (h.has("maxLength") && size > h["maxLength"])
      return h.problem(std::to_string(size) + " characters are too many: use at most " + h["maxLength"].dump());
    if (h.has("pattern") && !patterns_.matches(h["pattern"], s))
      return h.problem(h.shown() + " does not have the form " + h["pattern"].get<std::string>());
    return std::nullopt;
  }

  Found array(const Here& h) const {
    if (!h.v.is_array()) return std::nullopt;
    if (h.has("minItems") && h.v.size() < h["minItems"])
      return h.problem(std::to_string(h.v.size()) + " items are too few: add at least " + h["minItems"].dump());
    if (h.has("maxItems") && h.v.size() > h["maxItems"])
      return h.problem(std::to_string(h.v.size()) + " items are too many: keep at most " + h["maxItems"].dump());
    if (h.schema.value("uniqueItems", false)) {
      std::set<json> seen;
      for (std::size_t i = 0; i < h.v.size(); ++i)
        if (!seen.insert(h.v[i]).second)
          return Problem{h.pointer + "/" + std::to_string(i), "this item is there twice: remove one"};
    }
    return items(h);
  }

  Found items(const Here& h) const {
    if (!h.has("items")) return std::nullopt;
    const auto& rule = h["items"];
    for (std::size_t i = 0; i < h.v.size(); ++i) {
      if (rule.is_array() && i >= rule.size()) break;
      const auto& item = rule.is_array() ? rule[i] : rule;
      if (auto found = at(item, h.v[i], h.pointer + "/" + std::to_string(i), h.depth)) return found;
    }
    return std::nullopt;
  }

  // A misspelt name shows up as unknown and as missing: the unknown one tells more, so it comes first.
  Found object(const Here& h) const {
    if (!h.v.is_object()) return std::nullopt;
    for (const auto& [name, value] : h.v.items())
      if (auto found = member(h, name, value)) return found;
    if (h.has("required"))
      for (const auto& name : h["required"])
        if (!h.v.contains(name.get<std::string>()))
          return Problem{h.pointer + "/" + escaped(name), "'" + name.get<std::string>() + "' is missing: add it"};
    if (h.has("minProperties") && h.v.size() < h["minProperties"])
      return h.problem("this has too few members: add at least " + h["minProperties"].dump());
    if (h.has("maxProperties") && h.v.size() > h["maxProperties"])
      return h.problem("this has too many members: keep at most " + h["maxProperties"].dump());
    return std::nullopt;
  }

  Found member(const Here& h, const std::string& name, const json& value) const {
    const std::string pointer = h.pointer + "/" + escaped(name);
    bool known = false;
    if (h.has("properties") && h["properties"].contains(name)) {
      known = true;
      if (auto found = at(h["properties"][name], value, pointer, h.depth)) return found;
    }
    if (h.has("patternProperties"))
      for (const auto& [pattern, rule] : h["patternProperties"].items()) {
        if (!patterns_.matches(pattern, name)) continue;
        known = true;
        if (auto found = at(rule, value, pointer, h.depth)) return found;
      }
    if (known || !h.has("additionalProperties")) return std::nullopt;
    if (h["additionalProperties"] != false) return at(h["additionalProperties"], value, pointer, h.depth);
    return Problem{pointer, "'" + name + "' is not known here: remove it" + alternatives(h)};
  }

  static std::string alternatives(const Here& h) {
    if (!h.has("properties") || h["properties"].empty()) return "";
    json names = json::array();
    for (const auto& [name, rule] : h["properties"].items())
      if (!h.v.contains(name)) names.push_back(name);
    return names.empty() ? "" : ", or use one of " + joined(names);
  }

  Found combined(const Here& h) const {
    if (h.has("allOf"))
      for (const auto& rule : h["allOf"])
        if (auto found = at(rule, h.v, h.pointer, h.depth)) return found;
    if (h.has("anyOf"))
      if (auto found = nearest(h, h["anyOf"], 0)) return found;
    if (h.has("oneOf"))
      if (auto found = nearest(h, h["oneOf"], 1)) return found;
    if (h.has("not") && !at(h["not"], h.v, h.pointer, h.depth))
      return h.problem(h.shown() + " is what the schema excludes here: change it");
    return std::nullopt;
  }

  // Of alternatives that all fail, the one that fails deepest was probably meant.
  Found nearest(const Here& h, const json& rules, std::size_t limit) const {
    std::size_t passed = 0;
    Found best;
    for (const auto& rule : rules) {
      auto found = at(rule, h.v, h.pointer, h.depth);
      if (!found) ++passed;
      if (found && (!best || closer(*found, *best))) best = std::move(found);
    }
    if (passed == 0) return best;
    if (limit == 0 || passed <= limit) return std::nullopt;
    return h.problem("this fits " + std::to_string(passed) + " alternatives: leave only what belongs to one");
  }

  static bool closer(const Problem& a, const Problem& b) {
    if (a.discriminator != b.discriminator) return b.discriminator;
    return std::count(a.pointer.begin(), a.pointer.end(), '/') > std::count(b.pointer.begin(), b.pointer.end(), '/');
  }

  Found conditional(const Here& h) const {
    if (!h.has("if")) return std::nullopt;
    const char* branch = at(h["if"], h.v, h.pointer, h.depth) ? "else" : "then";
    return h.has(branch) ? at(h[branch], h.v, h.pointer, h.depth) : std::nullopt;
  }

  const json& root_;
  const Patterns& patterns_;
  mutable int steps_ = 0;
};

}  // namespace

std::optional<Problem> explain(const json& schema, const Patterns& patterns, const json& document) {
  return Explainer(schema, patterns).at(schema, document, "");
}

}  // namespace myriad::plugin_host
