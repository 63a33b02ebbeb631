#include "api/readings_json.h"

#include <simdjson.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "api/json_body.h"
#include "base/names.h"
#include "base/time_text.h"

namespace myriad::api {
namespace {

using simdjson::dom::element;
using simdjson::dom::element_type;

constexpr std::size_t deepest = 64;

Error bad(std::string field, std::string message) {
  return {Code::invalid, std::move(message), std::move(field)};
}

// simdjson says only that it failed; the slow parser says where.
Error explain(std::string_view text) {
  auto parsed = parse_json(text);
  return parsed ? bad("", "the body has a number beyond 64 bits: send it as a decimal fraction or as text")
                : parsed.error();
}

Result<model::Value> value_of(const element& json) {
  switch (json.type()) {
    case element_type::BOOL:
      return model::Value(bool(json));
    case element_type::INT64:
      return model::Value(std::int64_t(json));
    case element_type::UINT64:
      return model::Value(std::uint64_t(json));
    case element_type::DOUBLE:
      return model::Value(double(json));
    case element_type::STRING:
      return model::Value(std::string(std::string_view(json)));
    case element_type::OBJECT:
    case element_type::ARRAY:
      return model::Value(model::JsonText{simdjson::minify(json)});
    case element_type::NULL_VALUE:
      break;
  }
  return bad("/value",
             "the value is null: send a finite number, boolean, text, object or array, or leave the reading out");
}

// The four members, each at most once.
struct Members {
  std::optional<element> point, value, time, quality;

  std::optional<element>* of(std::string_view name) {
    if (name == "point") return &point;
    if (name == "value") return &value;
    if (name == "time") return &time;
    if (name == "quality") return &quality;
    return nullptr;
  }
};

Result<Members> members_of(const element& json) {
  simdjson::dom::object object;
  if (json.get(object) != simdjson::SUCCESS)
    return bad("", R"(a reading is an object: {"point":"meter/voltage","value":230.1})");
  Members members;
  for (const auto& [key, value] : object) {
    auto* member = members.of(key);
    if (!member) continue;
    if (*member) return bad("/" + std::string(key), "member '" + std::string(key) + "' occurs twice: send it once");
    *member = value;
  }
  return members;
}

Result<std::string_view> text_of(const std::optional<element>& json, const char* field, const char* remedy) {
  std::string_view text;
  if (!json || json->get(text) != simdjson::SUCCESS)
    return bad(field, std::string(field + 1) + (json ? " is no text: " : " is missing: ") + remedy);
  return text;
}

Result<std::string> point_of(const Members& members) {
  const auto point = text_of(members.point, "/point", "send \"<thing>/<property>\"");
  if (!point) return point.error();
  if (split_point(*point).thing.empty())
    return bad("/point", "point '" + std::string(point->substr(0, 80)) +
                             "': write <thing>/<property>, each of letters, digits, '_', '-', '.', '~'");
  return std::string(*point);
}

Result<Nanos> time_of(const Members& members, Nanos now) {
  if (!members.time) return now;
  const auto text = text_of(members.time, "/time", "send 2026-11-22T08:00:00.000Z (RFC 3339)");
  if (!text) return text.error();
  auto time = parse_time(*text);
  if (!time) return bad("/time", time.error().message);
  return time;
}

Result<std::uint16_t> quality_of(const Members& members) {
  if (!members.quality) return std::uint16_t{MYRIAD_GOOD};
  const auto text = text_of(members.quality, "/quality", "use good, uncertain, bad or stale");
  if (!text) return text.error();
  auto quality = model::parse_quality(*text);
  if (!quality) return bad("/quality", quality.error().message);
  return quality;
}

// The error's field is relative to the reading.
Result<Incoming> reading_of(const element& json, Nanos now) {
  const auto members = members_of(json);
  if (!members) return members.error();
  auto point = point_of(*members);
  if (!point) return point.error();
  const auto time = time_of(*members, now);
  if (!time) return time.error();
  const auto quality = quality_of(*members);
  if (!quality) return quality.error();
  if (!members->value) return bad("/value", "value is missing");
  auto value = value_of(*members->value);
  if (!value) return value.error();
  return Incoming{std::move(*point), {*time, std::move(*value), *quality}};
}

std::optional<element> parse(simdjson::dom::parser& parser, std::string_view text) {
  element json;
  if (parser.parse(text.data(), text.size()).get(json) != simdjson::SUCCESS) return std::nullopt;
  return json;
}

bool is_blank(std::string_view line) {
  return line.find_first_not_of(" \t\r") == std::string_view::npos;
}

}  // namespace

Result<std::vector<Incoming>> parse_readings(std::string_view body, Nanos now) {
  simdjson::dom::parser parser;
  if (parser.allocate(body.size(), deepest) != simdjson::SUCCESS) return explain(body);
  const auto json = parse(parser, body);
  if (!json) return explain(body);
  simdjson::dom::array list;
  if (json->is<simdjson::dom::object>() == false || (*json)["readings"].get(list) != simdjson::SUCCESS)
    return bad("/readings", R"(send {"readings":[{"point":"meter/voltage","value":230.1}]})");
  std::vector<Incoming> readings;
  for (const element& one : list) {
    auto reading = reading_of(one, now);
    if (!reading) {
      Error error = reading.error();
      error.field = "/readings/" + std::to_string(readings.size()) + error.field;
      return error;
    }
    readings.push_back(std::move(*reading));
  }
  return readings;
}

Lines parse_reading_lines(std::string_view body, Nanos now) {
  Lines lines;
  simdjson::dom::parser parser;
  for (std::size_t number = 1; !body.empty(); ++number) {
    const auto end = std::min(body.find('\n'), body.size());
    const auto line = body.substr(0, end);
    body.remove_prefix(std::min(end + 1, body.size()));
    if (is_blank(line)) continue;
    const auto json = parse(parser, line);
    auto reading = json ? reading_of(*json, now) : Result<Incoming>(explain(line));
    if (reading) {
      lines.readings.push_back(std::move(*reading));
      lines.line_of.push_back(number);
    } else {
      lines.refused.push_back({number, reading.error().message});
    }
  }
  return lines;
}

}  // namespace myriad::api
