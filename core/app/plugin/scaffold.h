// A new plugin from the template of its kind. Pure.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/result.h"

namespace myriad::app::plugin {

std::vector<std::string> kinds();  // "analytics", "device", "protocol"

// File name → text, for a plugin called `name` ([a-z][a-z0-9_]{1,63}).
Result<std::map<std::string, std::string>> scaffold(const std::string& kind, const std::string& name);

}  // namespace myriad::app::plugin
