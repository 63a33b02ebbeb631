// The system calls that a confined plugin may make: a seccomp filter that refuses all it does not list with EPERM.
#pragma once

#include "base/result.h"
#include "plugin_runner/grants.h"

namespace myriad::plugin_runner {

// Filters this thread, and those that it makes, for good. `unavailable`: this kernel has no seccomp filters. With
// `truncation_confined` false, truncate() by name is refused: this kernel's Landlock does not know it.
Status apply_syscall_filter(const Grants&, bool truncation_confined);

}  // namespace myriad::plugin_runner
