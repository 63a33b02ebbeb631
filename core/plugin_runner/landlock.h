// Landlock, the kernel's confinement of a process to files and TCP ports: Linux 5.13,
// Documentation/userspace-api/landlock.rst. By raw system calls, because C libraries and headers are older than
// kernels.
#pragma once

#include "base/result.h"
#include "plugin_runner/grants.h"

// The first version of Landlock that can do this.
namespace myriad::plugin_runner::landlock_since {
constexpr int files = 1, moves = 2, truncation = 3, ports = 4, device_control = 5, scopes = 6;
}

namespace myriad::plugin_runner {

// The version that this kernel offers; 0 where it has none, or has it switched off.
int landlock_version();

// Confines this thread, and those that it makes, for good. Needs "no new privileges". `version` is at most the
// kernel's.
Status apply_landlock(const Grants&, int version);

}  // namespace myriad::plugin_runner
