// The order of plugins' versions. Thread-safe.
#pragma once

#include <string_view>

namespace myriad::plugin_host {

// Semantic Versioning 2.0.0, section 11: is `a` before `b`?
bool is_older(std::string_view a, std::string_view b);

}  // namespace myriad::plugin_host
