// Where a plugin runs: in this process, or in one of its own. Pure.
#pragma once

#include <filesystem>
#include <string_view>

#include "base/result.h"
#include "plugin_host/plugins.h"

namespace myriad::plugin_host {

enum class Home : std::uint8_t { in_process, process };
std::string_view home_name(Home);

// How isolated plugins are run. `program` empty: none can be.
struct Isolation {
  std::filesystem::path program;  // the `myriad` that is run as the child
  std::filesystem::path homes;    // each instance's working directory lies here, under its id
};

// `wanted`: of the instance; empty: the manifest's default. Without either a plugin gets a process of its own, where
// there can be one. Refuses what the manifest does not allow.
Result<Home> home_of(const Manifest&, std::string_view wanted, const Isolation&);

}  // namespace myriad::plugin_host
