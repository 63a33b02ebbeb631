// Makes up documents for a JSON Schema (draft 7): small ones that probably fit. Pure. The schema's check decides.
#pragma once

#include <nlohmann/json.hpp>
#include <vector>

namespace myriad::validator {

// The most modest first: defaults and what is required, then with more of what is optional.
std::vector<nlohmann::json> synthesise(const nlohmann::json& schema);

}  // namespace myriad::validator
