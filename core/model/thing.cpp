#include "model/thing.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <random>

#include "base/names.h"
#include "model/thing_rules.h"

namespace myriad::model {
namespace {

using nlohmann::json;

constexpr const char* context = "https://www.w3.org/2022/wot/td/v1.1";

// RFC 9562, section 5.4.
std::string random_uuid_urn() {
  std::random_device device;
  std::array<unsigned, 4> words{};
  for (auto& word : words) word = device();
  words[1] = (words[1] & 0xffff0fffu) | 0x00004000u;  // version 4
  words[2] = (words[2] & 0x3fffffffu) | 0x80000000u;  // variant 10
  char text[64];
  std::snprintf(text, sizeof text, "urn:uuid:%08x-%04x-%04x-%04x-%04x%08x", words[0], words[1] >> 16, words[1] & 0xffff,
                words[2] >> 16, words[2] & 0xffff, words[3]);
  return text;
}

json form(const std::string& href, std::vector<const char*> operations) {
  return {{"href", href}, {"contentType", "application/json"}, {"op", operations}};
}

// Server-sent events are a subprotocol of HTTP: TD 1.1, section 5.3.4.2.
json stream_form(const std::string& href, std::vector<const char*> operations) {
  return {{"href", href}, {"contentType", "text/event-stream"}, {"subprotocol", "sse"}, {"op", operations}};
}

json property_forms(const std::string& name, const std::string& property, const json& description) {
  const std::string href = "/api/v1/things/" + name + "/properties/" + property;
  std::vector<const char*> operations;
  if (!description.value("writeOnly", false)) operations.push_back("readproperty");
  if (!description.value("readOnly", false)) operations.push_back("writeproperty");
  json forms = json::array({form(href, operations)});
  if (description.value("observable", false))
    forms.push_back(
        stream_form("/api/v1/stream?points=" + name + "/" + property, {"observeproperty", "unobserveproperty"}));
  return forms;
}

Error unfit(const json& schema, const char* rule, const Value& value) {
  const std::string wanted = schema.contains(rule) ? " " + schema[rule].dump() : "";
  return {Code::invalid, "value " + to_json(value).dump() + " does not fit: " + rule + wanted, "value"};
}

// The value as a number, when it is one.
std::optional<double> number_of(const Value& value) {
  if (const auto* v = std::get_if<std::int64_t>(&value)) return static_cast<double>(*v);
  if (const auto* v = std::get_if<std::uint64_t>(&value)) return static_cast<double>(*v);
  if (const auto* v = std::get_if<double>(&value)) return *v;
  return std::nullopt;
}

bool has_type(const std::string& type, const Value& value) {
  const auto number = number_of(value);
  if (type == "boolean") return std::holds_alternative<bool>(value);
  if (type == "number") return number.has_value();
  if (type == "integer") return number && std::floor(*number) == *number;
  if (type == "string") return std::holds_alternative<std::string>(value) || std::holds_alternative<Bytes>(value);
  const auto* document = std::get_if<JsonText>(&value);
  if (type == "object") return document && document->text.starts_with('{');
  if (type == "array") return document && document->text.starts_with('[');
  return false;
}

// A number takes the representation that the schema names, so that one point keeps one type.
Value in_type(const std::string& type, Value value) {
  const auto number = number_of(value);
  if (type == "number" && number) return *number;
  if (type == "integer" && std::holds_alternative<double>(value) && std::abs(*number) < 9e15)
    return static_cast<std::int64_t>(*number);
  return value;
}

}  // namespace

json complete_td(std::string_view name, json partial) {
  if (!partial.contains("@context")) partial["@context"] = context;
  if (!partial.contains("id")) partial["id"] = random_uuid_urn();
  if (!partial.contains("title")) partial["title"] = name;
  return partial;
}

Status check_td(const json& td) {
  return thing_rules::check(td);
}

json serve_td(std::string_view name_view, const json& stored, std::string_view base) {
  const std::string name(name_view);
  json td = stored;
  td["name"] = name;
  if (!base.empty()) td["base"] = base;
  td["securityDefinitions"] = {
      {"session",
       {{"scheme", "bearer"}, {"format", "jwt"}, {"alg", "HS256"}, {"in", "header"}, {"name", "Authorization"}}}};
  td["security"] = json::array({"session"});

  const std::string home = "/api/v1/things/" + name;
  td["forms"] = json::array({form(home + "/properties", {"readallproperties"})});
  if (td.contains("properties"))
    for (auto& [property, description] : td["properties"].items())
      description["forms"] = property_forms(name, property, description);
  if (td.contains("events"))
    for (auto& [event, description] : td["events"].items())
      description["forms"] = json::array(
          {stream_form("/api/v1/stream?points=" + name + "/*&events=true", {"subscribeevent", "unsubscribeevent"})});
  td.erase("actions");  // their forms would lead nowhere until the API serves actions
  return td;
}

json infer_property(const Value& value) {
  json property{{"readOnly", true}, {"observable", true}};
  for (const char* type : {"boolean", "number", "string", "object", "array"})
    if (has_type(type, value)) {
      property["type"] = type;
      break;
    }
  return property;
}

Result<Value> fit_value(const json& schema, Value value) {
  const std::string type = schema.value("type", "");
  if (!type.empty() && !has_type(type, value)) return unfit(schema, "type", value);
  if (const auto number = number_of(value)) {
    if (schema.contains("minimum") && *number < schema["minimum"].get<double>()) return unfit(schema, "minimum", value);
    if (schema.contains("maximum") && *number > schema["maximum"].get<double>()) return unfit(schema, "maximum", value);
  }
  if (const auto* text = std::get_if<std::string>(&value))
    if (schema.contains("maxLength") && text->size() > schema["maxLength"].get<std::size_t>())
      return unfit(schema, "maxLength", value);
  if (schema.contains("enum")) {
    const auto& allowed = schema["enum"];
    if (std::find(allowed.begin(), allowed.end(), to_json(value)) == allowed.end()) return unfit(schema, "enum", value);
  }
  return in_type(type, std::move(value));
}

}  // namespace myriad::model
