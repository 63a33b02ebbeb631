// How a plugin written in JavaScript is run.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"
#include "plugin_host/quota.h"

namespace myriad::plugin_host {

// The program, links resolved, and its first arguments: the last is host.mjs of folder `node_host`. Looks for Node.js
// where system packages and its own installer put it; the error says the mend.
Result<std::vector<std::string>> node_command(const std::filesystem::path& node_host, const Quota&);

}  // namespace myriad::plugin_host
