// The child process of an isolated plugin: connects, confines itself, loads the library, and does what the daemon asks.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "base/result.h"
#include "myriad/plugin.h"

namespace myriad::plugin_runner {

using Load = std::function<Result<const myriad_plugin_api*>(const std::filesystem::path& library, std::string_view id)>;

// Runs until the daemon closes its end, then ends the process: a plugin's own threads must not meet destructors.
// Returns only where it was not started by a daemon, with an exit code.
int run_child(const Load& load);

}  // namespace myriad::plugin_runner
