// What Myriad asks of a config_schema beyond being JSON Schema of draft 7, because strangers write them and the daemon
// applies them: it can be applied to any document in bounded time and stack. Pure.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "base/result.h"
#include "plugin_host/patterns.h"

namespace myriad::plugin_host {

// Refuses, with the place in `field`: what may lead back to itself without descending into the document, or grows
// beyond 2,000 schemas for one value; references to elsewhere; defaults beyond 4 KiB; patterns that need backtracking
// (the others are added to `patterns`); and contains, propertyNames, dependencies and additionalItems, which explain()
// does not know.
Status check_rules(const nlohmann::json& schema, Patterns& patterns);

// The schema without what explain() judges alone: patterns, formats, uniqueItems, and what depends on a pattern.
// Whatever fits the schema fits this.
nlohmann::json without_patterns(nlohmann::json schema);

}  // namespace myriad::plugin_host
