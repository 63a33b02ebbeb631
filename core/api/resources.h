// The routes by resource, one source file each, and what they share. Internal to this folder.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <mutex>

#include "api/access.h"
#include "api/handler.h"
#include "api/live.h"
#include "api/router.h"
#include "base/scheduler.h"

namespace myriad::api {

// Set by the app while the routes already stand.
class Serving {
 public:
  void begin(std::function<edge::Server::Stats()> stats) {
    const std::lock_guard lock(mutex_);
    stats_ = std::move(stats);
    ready_ = true;
  }
  void end() {
    const std::lock_guard lock(mutex_);
    stats_ = nullptr;
    ready_ = false;
  }
  bool ready() const { return ready_; }
  edge::Server::Stats stats() const {
    const std::lock_guard lock(mutex_);
    return stats_ ? stats_() : edge::Server::Stats{};
  }

 private:
  mutable std::mutex mutex_;  // guards stats_
  std::function<edge::Server::Stats()> stats_;
  std::atomic<bool> ready_{false};
};

struct Shared {
  Parts parts;
  Gate gate;
  Live live;
  Serving serving;
  Scheduler downloads{{.min_workers = 1, .max_workers = 2, .reserve = 0}};  // reads ahead for them
  std::chrono::steady_clock::time_point started = std::chrono::steady_clock::now();
};

void add_auth_routes(Router&, Shared&);
void add_thing_routes(Router&, Shared&);
void add_property_routes(Router&, Shared&);
void add_reading_routes(Router&, Shared&);
void add_history_routes(Router&, Shared&);
void add_history_keeping_routes(Router&, Shared&);
void add_stream_routes(Router&, Shared&);
void add_plugin_routes(Router&, Shared&);
void add_plugin_http_routes(Router&, Shared&);
void add_instance_routes(Router&, Shared&);
void add_secret_routes(Router&, Shared&);
void add_delivery_routes(Router&, Shared&);
void add_system_routes(Router&, Shared&);
void add_metrics_routes(Router&, Shared&);
void add_console_routes(Router&);

}  // namespace myriad::api
