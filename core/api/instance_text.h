// Instances as JSON.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "plugin_host/instances.h"

namespace myriad::api {

// All but the configuration.
nlohmann::json state_json(const plugin_host::InstanceStatus&, const registry::Registry&);
// With the configuration, its secrets as null.
nlohmann::json instance_json(const plugin_host::InstanceStatus&, const registry::Registry&,
                             const plugin_host::Plugins&);

}  // namespace myriad::api
