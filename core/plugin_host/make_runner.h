// Makes the runner that an instance's record asks for.
#pragma once

#include <memory>

#include "plugin_host/hub.h"
#include "plugin_host/instances.h"
#include "plugin_host/runner.h"

namespace myriad::plugin_host {

struct RunnerParts {
  const Instances::Parts& site;
  Hub& hub;
  const PluginInfo& plugin;
  const registry::InstanceRecord& record;
  const nlohmann::json& config;  // completed
  HostTable::Parts host;
  std::function<void()> ended;  // its process is gone; on another thread
};
// Errors name the member at fault.
Result<std::unique_ptr<Runner>> make_runner(RunnerParts);

// Asks the site for the secrets of that instance.
std::function<Result<std::string>(std::string_view name)> secret_for(const Instances::Parts&, std::string id);

// As make_runner() would use.
Result<Quota> quota_of(const registry::InstanceRecord&, Isolation);

}  // namespace myriad::plugin_host
