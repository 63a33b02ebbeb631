// The daemon: builds every floor from the ground up, tells when it is ready, and takes them down in reverse.
#pragma once

#include "app/options.h"

namespace myriad::app {

// Runs until SIGTERM or SIGINT; SIGHUP reads the log level again. The exit code of the process.
int run_daemon(const ServeOptions& options);

}  // namespace myriad::app
