// Says where a document breaks its JSON Schema (draft 7), and how to mend it. Pure. Says nothing about documents that
// are right, and is no judge: schema.h decides.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

namespace myriad::plugin_host {

struct Problem {
  std::string pointer;         // into the document: "/points/0/type"
  std::string message;         // the value and the remedy; never shows a value that the schema marks writeOnly
  bool discriminator = false;  // a const or enum did not match: of alternatives, probably another one was meant
};

std::optional<Problem> explain(const nlohmann::json& schema, const nlohmann::json& document);

}  // namespace myriad::plugin_host
