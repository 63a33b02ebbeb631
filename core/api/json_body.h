// Strict JSON from outside: one value, no repeated member, at most 64 deep, finite numbers, UTF-8. Pure.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string_view>

#include "base/result.h"

namespace myriad::api {

// The error names line and column, or the JSON pointer of a repeated member.
Result<nlohmann::json> parse_json(std::string_view text);
// As parse_json; anything but an object is refused.
Result<nlohmann::json> parse_object(std::string_view text);

// The member as text. `required` members that are missing, and members that are no text, are errors.
Result<std::string> text_member(const nlohmann::json& object, const char* name);

// "a/b" → "a~1b" (RFC 6901, section 3).
std::string pointer_token(std::string_view name);

}  // namespace myriad::api
