// The REST API behind the edge: routes requests, checks who asks, answers problems. Thread-safe.
//
// Construct it when all parts are there, pass it to edge::Server::start, then call serving(). Destroy the edge server
// first.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "bus/bus.h"
#include "edge/server.h"
#include "historian/historian.h"
#include "model/points.h"
#include "plugin_host/instances.h"
#include "plugin_host/lifecycle.h"
#include "plugin_host/plugins.h"
#include "registry/registry.h"
#include "security/secrets.h"
#include "security/security.h"
#include "spine/spine.h"
#include "storage/integrity.h"

namespace myriad::api {

struct Parts {  // all outlive the Api
  registry::Registry& registry;
  spine::Spine& spine;
  historian::Historian& historian;
  bus::Bus& bus;
  model::Points& points;
  plugin_host::Plugins& plugins;
  plugin_host::Instances& instances;
  plugin_host::Lifecycle& lifecycle;
  security::Security& security;
  security::Secrets& secrets;
  storage::Integrity& integrity;
  const Clock& clock;
  Log log;
  std::string version;  // of this build
  std::string site;     // its name
};

class Api final : public edge::Handler {
 public:
  explicit Api(Parts);
  ~Api() override;

  std::size_t body_limit(const edge::Head&) override;
  edge::Answer handle(const edge::Request&) override;
  std::string refuse(int status, std::string_view reason) override;

  // From now on /readyz says yes. `stats` is called for /metrics until closing().
  void serving(std::function<edge::Server::Stats()> stats);
  // The daemon is about to end: /readyz says no, live streams end. Call it before edge::Server::stop.
  void closing();

  // "GET /api/v1/things/{thing}", for the test that compares with the OpenAPI document.
  std::vector<std::string> routes() const;

 private:
  class Inside;
  std::unique_ptr<Inside> inside_;
};

}  // namespace myriad::api
