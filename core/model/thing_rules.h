// The rules of W3C TD 1.1 for one document, section by section. Pure. Used through thing.h.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "base/result.h"

namespace myriad::model::thing_rules {

Status check(const nlohmann::json& td);

}  // namespace myriad::model::thing_rules
