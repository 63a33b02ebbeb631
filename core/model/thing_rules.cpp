#include "model/thing_rules.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/names.h"
#include "base/time_text.h"

namespace myriad::model::thing_rules {
namespace {

using nlohmann::json;
using Found = std::optional<Error>;  // the first rule that is broken

Error broken(const std::string& path, const std::string& rule) {
  return {Code::invalid, "the Thing Description breaks TD 1.1 at " + (path.empty() ? "its root" : path) + ": " + rule,
          path};
}

std::string join(const std::string& path, const std::string& key) {
  std::string escaped;  // RFC 6901, section 3
  for (const char c : key) {
    if (c == '~')
      escaped += "~0";
    else if (c == '/')
      escaped += "~1";
    else
      escaped += c;
  }
  return path + "/" + escaped;
}

using Check = Found (*)(const json&, const std::string& path);

// Checks a member when it is there.
Found member(const json& object, const char* key, const std::string& path, Check check) {
  const auto it = object.find(key);
  return it == object.end() ? std::nullopt : check(*it, join(path, key));
}

Found is_text(const json& v, const std::string& path) {
  if (!v.is_string()) return broken(path, "write text here");
  return std::nullopt;
}
Found is_bool(const json& v, const std::string& path) {
  if (!v.is_boolean()) return broken(path, "write true or false here");
  return std::nullopt;
}
Found is_number(const json& v, const std::string& path) {
  if (!v.is_number()) return broken(path, "write a number here");
  return std::nullopt;
}
Found is_count(const json& v, const std::string& path) {
  if (!v.is_number_unsigned()) return broken(path, "write a whole number from 0 here");
  return std::nullopt;
}

// Section 5.3.1.1: anyURI. A scheme and something after it (RFC 3986, section 3).
Found is_uri(const json& v, const std::string& path) {
  const std::string text = v.is_string() ? v.get<std::string>() : "";
  const auto colon = text.find(':');
  const bool ok = colon != std::string::npos && colon > 0 && colon + 1 < text.size() &&
                  std::all_of(text.begin(), text.end(),
                              [](unsigned char c) { return c > 0x20 && c != '"' && c != '<' && c != '>'; });
  if (!ok) return broken(path, "write a URI here, for instance urn:uuid:… or https://…");
  return std::nullopt;
}

Found is_date_time(const json& v, const std::string& path) {
  if (!v.is_string() || !parse_time(v.get<std::string>()))
    return broken(path, "write a time here, as 2026-11-22T08:00:00Z");
  return std::nullopt;
}

// Section 5.3.1.5: MultiLanguage maps language tags to text.
Found is_multi_language(const json& v, const std::string& path) {
  if (!v.is_object()) return broken(path, "write an object of language tag and text, for instance {\"zh\":\"电压\"}");
  for (const auto& [tag, text] : v.items())
    if (auto f = is_text(text, join(path, tag))) return f;
  return std::nullopt;
}

template <class Each>
Found each_item(const json& v, const std::string& path, Each&& check) {
  if (!v.is_array()) return broken(path, "write an array here");
  for (std::size_t i = 0; i < v.size(); ++i)
    if (auto f = check(v[i], path + "/" + std::to_string(i))) return f;
  return std::nullopt;
}

Found is_text_or_texts(const json& v, const std::string& path) {
  return v.is_string() ? std::nullopt : each_item(v, path, is_text);
}

Found descriptive_members(const json& object, const std::string& path) {
  for (const char* key : {"title", "description"})
    if (auto f = member(object, key, path, is_text)) return f;
  for (const char* key : {"titles", "descriptions"})
    if (auto f = member(object, key, path, is_multi_language)) return f;
  return member(object, "@type", path, is_text_or_texts);
}

// Section 5.3.2: DataSchema and its kinds.
Found is_data_schema(const json& schema, const std::string& path) {
  if (!schema.is_object()) return broken(path, "write a DataSchema object here");
  if (auto f = descriptive_members(schema, path)) return f;
  static constexpr std::array types{"object", "array", "string", "number", "integer", "boolean", "null"};
  if (schema.contains("type") && std::find(types.begin(), types.end(), schema["type"]) == types.end())
    return broken(path + "/type", "use object, array, string, number, integer, boolean or null");
  for (const char* key : {"readOnly", "writeOnly"})
    if (auto f = member(schema, key, path, is_bool)) return f;
  for (const char* key : {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"})
    if (auto f = member(schema, key, path, is_number)) return f;
  for (const char* key : {"minLength", "maxLength", "minItems", "maxItems"})
    if (auto f = member(schema, key, path, is_count)) return f;
  for (const char* key : {"unit", "format", "pattern", "contentEncoding", "contentMediaType"})
    if (auto f = member(schema, key, path, is_text)) return f;
  if (schema.contains("enum") && (!schema["enum"].is_array() || schema["enum"].empty()))
    return broken(path + "/enum", "write an array with at least one value");
  if (schema.contains("oneOf"))
    if (auto f = each_item(schema["oneOf"], path + "/oneOf", is_data_schema)) return f;
  if (schema.contains("items") && schema["items"].is_object())
    if (auto f = is_data_schema(schema["items"], path + "/items")) return f;
  if (schema.contains("properties")) {
    if (!schema["properties"].is_object()) return broken(path + "/properties", "write an object here");
    for (const auto& [name, property] : schema["properties"].items())
      if (auto f = is_data_schema(property, join(path + "/properties", name))) return f;
  }
  return std::nullopt;
}

// Section 5.3.4.2: Form.
Found is_form(const json& form, const std::string& path) {
  if (!form.is_object() || !form.contains("href")) return broken(path, "a form needs an href");
  for (const char* key : {"href", "contentType", "contentCoding", "subprotocol"})
    if (auto f = member(form, key, path, is_text)) return f;
  return member(form, "op", path, is_text_or_texts);
}

Found forms_member(const json& object, const std::string& path) {
  if (!object.contains("forms")) return std::nullopt;
  if (object["forms"].empty()) return broken(path + "/forms", "write at least one form");
  return each_item(object["forms"], path + "/forms", is_form);
}

// Section 5.3.1.3.
Found is_property(const json& property, const std::string& path) {
  if (auto f = is_data_schema(property, path)) return f;
  if (auto f = member(property, "observable", path, is_bool)) return f;
  if (property.value("readOnly", false) && property.value("writeOnly", false))
    return broken(path, "a property cannot be both readOnly and writeOnly");
  return forms_member(property, path);
}

// Section 5.3.1.4.
Found is_action(const json& action, const std::string& path) {
  if (!action.is_object()) return broken(path, "write an action object here");
  if (auto f = descriptive_members(action, path)) return f;
  for (const char* key : {"input", "output"})
    if (auto f = member(action, key, path, is_data_schema)) return f;
  for (const char* key : {"safe", "idempotent", "synchronous"})
    if (auto f = member(action, key, path, is_bool)) return f;
  return forms_member(action, path);
}

// Section 5.3.1.5.
Found is_event(const json& event, const std::string& path) {
  if (!event.is_object()) return broken(path, "write an event object here");
  if (auto f = descriptive_members(event, path)) return f;
  for (const char* key : {"subscription", "data", "dataResponse", "cancellation"})
    if (auto f = member(event, key, path, is_data_schema)) return f;
  return forms_member(event, path);
}

Found affordances(const json& td, const char* kind, Check check) {
  const auto it = td.find(kind);
  if (it == td.end()) return std::nullopt;
  const std::string path = std::string("/") + kind;
  if (!it->is_object()) return broken(path, "write an object of name and description");
  for (const auto& [name, affordance] : it->items()) {
    if (!is_slug(name))
      return broken(join(path, name),
                    "name it with letters, digits, '_', '-', '.', '~', at most 128 bytes (a rule of Myriad)");
    if (auto f = check(affordance, join(path, name))) return f;
  }
  return std::nullopt;
}

// Section 5.3.1.1: the TD 1.1 context, alone or first of several.
Found has_context(const json& td) {
  static constexpr const char* context = "https://www.w3.org/2022/wot/td/v1.1";
  const auto it = td.find("@context");
  if (it == td.end()) return broken("/@context", std::string("add it: \"") + context + "\"");
  const bool listed = it->is_array() && std::find(it->begin(), it->end(), context) != it->end();
  if (*it != context && !listed) return broken("/@context", std::string("it must name ") + context);
  return std::nullopt;
}

Found is_link(const json& link, const std::string& path) {
  if (!link.is_object() || !link.contains("href")) return broken(path, "a link needs an href");
  for (const char* key : {"href", "rel", "type"})
    if (auto f = member(link, key, path, is_text)) return f;
  return std::nullopt;
}

Found is_thing(const json& td) {
  if (!td.is_object()) return broken("", "it must be an object");
  if (auto f = has_context(td)) return f;
  if (!td.contains("title")) return broken("/title", "a Thing needs a title");
  if (auto f = descriptive_members(td, "")) return f;
  if (auto f = member(td, "id", "", is_uri)) return f;
  for (const char* key : {"base", "support"})
    if (auto f = member(td, key, "", is_uri)) return f;
  for (const char* key : {"created", "modified"})
    if (auto f = member(td, key, "", is_date_time)) return f;
  if (td.contains("links"))
    if (auto f = each_item(td["links"], "/links", is_link)) return f;
  if (auto f = affordances(td, "properties", is_property)) return f;
  if (auto f = affordances(td, "actions", is_action)) return f;
  if (auto f = affordances(td, "events", is_event)) return f;
  return forms_member(td, "");
}

}  // namespace

Status check(const json& td) {
  if (auto found = is_thing(td)) return *found;
  return {};
}

}  // namespace myriad::model::thing_rules
