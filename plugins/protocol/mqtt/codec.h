// Payloads to values and back. Pure; failure is myriad::Failure INVALID and names the value.
#pragma once

#include <cstdint>
#include <myriad/plugin.hpp>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <variant>

#include "config.h"

namespace mqtt {

struct JsonText {  // an object or array, as text
  std::string text;
  bool operator==(const JsonText&) const = default;
};
using Value = std::variant<bool, std::int64_t, std::uint64_t, double, std::string, JsonText>;

// A JSON node as the rule wants it. `automatic`: numbers become doubles, so that 21 and 21.5 are one series.
Value to_value(const nlohmann::json& node, const ValueRule& rule);

// A payload that is no JSON, or the whole of one: number, boolean, text.
Value raw_value(std::string_view payload, const ValueRule& rule);

// RFC 3339 text, or a number since 1970 whose unit is given or told from its magnitude → nanoseconds, 1970 to 2262.
std::int64_t to_time(const nlohmann::json& node, TimeUnit unit);

// One reading on its way out. `text` is the content of TEXT, BYTES and JSON.
struct Outgoing {
  const myriad_reading* reading;
  std::string_view text, unit;
  std::uint64_t sequence;
};
std::string encode(const Outgoing& out, PayloadForm form, bool with_sequence);

// "boolean", "integer", "number", "string" or "object": the type of a TD property.
const char* td_type(const Value& value);

}  // namespace mqtt
