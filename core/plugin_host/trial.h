// Whether an instance could run, asked before anything is stored or stopped.
#pragma once

#include "base/scheduler.h"
#include "plugin_host/hub.h"
#include "plugin_host/instances.h"

namespace myriad::plugin_host {

struct TrialContext {
  const Instances::Parts& parts;
  Scheduler& scheduler;
  Hub& hub;
};

// Its id, plugin, isolation and quota, its configuration by the schema, and then by the plugin's own create(), for as
// long as a control call may take. Errors name the JSON pointer in `field` ("/config/points/0/type").
Status check_record(const TrialContext&, const registry::InstanceRecord&);

}  // namespace myriad::plugin_host
