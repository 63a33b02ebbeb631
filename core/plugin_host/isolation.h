// Where a plugin runs: in this process, or in one of its own. Pure.
#pragma once

#include <filesystem>
#include <string_view>

#include "base/result.h"
#include "plugin_host/plugins.h"

namespace myriad::plugin_host {

// How plugins are run in processes of their own. `program` empty: none can be.
struct Children {
  std::filesystem::path program;         // the `myriad` that is run as the child
  std::filesystem::path homes;           // each instance's working directory lies here, under its id
  std::filesystem::path node_host = {};  // the folder of host.mjs, which runs plugins for Node.js
};

// `wanted`: of the instance; empty: the manifest's default, as far as it can be had. Refuses what the manifest does not
// allow.
Result<Isolation> isolation_of(const Manifest&, std::string_view wanted, const Children&);

}  // namespace myriad::plugin_host
