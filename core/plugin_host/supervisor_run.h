// What supervisor.cpp and supervisor_requests.cpp share.
#pragma once

#include <atomic>
#include <memory>

#include "plugin_host/supervisor.h"

namespace myriad::plugin_host {

// One life of the plugin, from create() to destroy().
struct Supervisor::Run {
  explicit Run(std::unique_ptr<Runner> r) : owned(std::move(r)) {}

  std::unique_ptr<Runner> owned;
  Runner& runner = *owned;
  std::shared_ptr<Timers> timers;
  std::shared_ptr<Delivery> delivery;  // of a sink or processor that chose inputs
  Timer first_poll, polls;
  std::chrono::milliseconds poll_limit{};
  std::atomic<bool> over = false;  // stopping, faulted or left behind: nothing more is called
};

}  // namespace myriad::plugin_host
