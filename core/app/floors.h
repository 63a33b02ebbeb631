// How the daemon is put together: every floor, and the three steps in which they start. `myriad serve` takes all of
// them; a benchmark takes those that it measures.
#pragma once

#include <memory>

#include "api/handler.h"
#include "app/live_feed.h"
#include "app/logging.h"
#include "app/options.h"
#include "bus/bus.h"
#include "edge/server.h"
#include "historian/historian.h"
#include "plugin_host/instances.h"
#include "plugin_host/lifecycle.h"
#include "registry/registry.h"
#include "security/secrets.h"
#include "security/security.h"
#include "spine/spine.h"
#include "storage/integrity.h"

namespace myriad::app {

// Every floor, in the order in which they stand on each other; taken down in reverse.
struct Floors {
  explicit Floors(const Logging& logging) : integrity(clock, logging.log("integrity")) {}

  SystemClock clock;
  storage::Integrity integrity;
  model::Points points;
  std::unique_ptr<registry::Registry> registry;
  std::unique_ptr<security::Security> security;
  std::unique_ptr<security::Secrets> secrets;
  std::unique_ptr<spine::Spine> spine;
  std::unique_ptr<historian::Historian> history;
  std::shared_ptr<void> history_place;  // shows the spine's other users how far history is
  std::shared_ptr<void> history_hold;   // keeps in the spine what history has not stored
  std::unique_ptr<bus::Bus> bus;
  std::unique_ptr<LiveFeed> feed;
  std::unique_ptr<plugin_host::Plugins> plugins;
  std::unique_ptr<plugin_host::Instances> instances;
  std::unique_ptr<plugin_host::Lifecycle> lifecycle;
  std::unique_ptr<api::Api> api;
  std::unique_ptr<edge::Server> server;
};

// The databases in the data directory, which exists.
Status open_stores(Floors&, const ServeOptions&, const Logging&);
// What moves readings: latest values, plugins, instances. None is started. Requires open_stores().
void start_flow(Floors&, const ServeOptions&, const Logging&);
// REST. Requires start_flow().
Status open_doors(Floors&, const ServeOptions&, const Logging&);

// The doors close first, then equipment stops, then what it sent is written. Takes floors that never started too. False
// when a plugin did not return: its thread must not meet destructors.
bool stop_floors(Floors&);

}  // namespace myriad::app
