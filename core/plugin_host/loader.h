// Loads a plugin's library and checks its entry table. Thread-safe. The one place that knows Boost.DLL.
#pragma once

#include <filesystem>
#include <string_view>

#include "base/result.h"
#include "myriad/plugin.h"

namespace myriad::plugin_host {

// The library stays loaded for the life of the process, since its code may be running. Errors name both values where
// two disagree.
Result<const myriad_plugin_api*> load(const std::filesystem::path& library, std::string_view id);

// Does this table suit this host? The part of load() that needs no file.
Status check_api(const myriad_plugin_api& api, std::string_view id);

}  // namespace myriad::plugin_host
