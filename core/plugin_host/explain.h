// Says where a document breaks its JSON Schema (draft 7), and how to mend it. Pure. Alone in judging patterns; what it
// finds nothing wrong with is asked of a complete validator too (schema.h). Whatever the two are, it ends soon: a
// document that is nested too deep, or takes more than two million steps, is refused.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "plugin_host/patterns.h"

namespace myriad::plugin_host {

struct Problem {
  std::string pointer;         // into the document: "/points/0/type"
  std::string message;         // the value and the remedy; never shows a value that the schema marks writeOnly
  bool discriminator = false;  // a const or enum did not match: of alternatives, probably another one was meant
};

// Requires a schema that follows schema_rules.h, whose patterns these are.
std::optional<Problem> explain(const nlohmann::json& schema, const Patterns&, const nlohmann::json& document);

}  // namespace myriad::plugin_host
