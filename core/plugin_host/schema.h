// A compiled JSON Schema (draft 7). Thread-safe. The one place that knows valijson.
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>

#include "base/result.h"

namespace myriad::plugin_host {

class Schema {
 public:
  // `schema` outlives the object, and follows schema_rules.h.
  static Result<std::unique_ptr<Schema>> compile(const nlohmann::json& schema);
  virtual ~Schema() = default;

  // `field` of the error is the JSON pointer at fault.
  virtual Status check(const nlohmann::json& document) const = 0;
};

}  // namespace myriad::plugin_host
