// W3C Web of Things Thing Description 1.1: the standard's own rules, and what Myriad adds when it serves one. Pure.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "base/result.h"
#include "model/value.h"

namespace myriad::model {

// Completes a partial TD: @context, id (urn:uuid, made once), title (the name).
nlohmann::json complete_td(std::string_view name, nlohmann::json partial);

// Is it a Thing that we can keep? Checks the stored form (no forms, no security needed) against TD 1.1, section 5, and
// that property names are slugs. `field` of the error is the JSON pointer at fault.
Status check_td(const nlohmann::json& td);

// The TD as served: forms for every affordance under `base` ("http://host:port", or empty for relative ones), with
// securityDefinitions. The result passes the TD 1.1 JSON Schema's rules.
nlohmann::json serve_td(std::string_view name, const nlohmann::json& stored, std::string_view base);

// A TD property for a value seen without description: {"type":"number","observable":true,"readOnly":true}.
nlohmann::json infer_property(const Value&);

// Does the value fit the property's DataSchema (type, minimum, maximum, enum, maxLength)? Integers become numbers
// where the schema says number.
Result<Value> fit_value(const nlohmann::json& property, Value);

}  // namespace myriad::model
