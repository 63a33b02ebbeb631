// Is it alive, is it ready, what is it.
#include <nlohmann/json.hpp>

#include "api/embedded.h"
#include "api/problem.h"
#include "api/resources.h"
#include "base/time_text.h"
#include "model/thing.h"

namespace myriad::api {
namespace {

using nlohmann::json;

Result<Reply> ready(Shared& shared) {
  if (shared.serving.ready()) return json_reply({{"status", "ready"}});
  return Error{Code::unavailable, "the daemon is starting or ending: ask again in a moment"};
}

json consumers_json(const std::vector<spine::Consumer>& consumers) {
  auto out = json::array();
  for (const auto& c : consumers)
    out.push_back({{"name", c.name},
                   {"next", c.next},
                   {"lag_readings", c.lag},
                   {"lag_seconds", static_cast<double>(c.behind) / 1e9},
                   {"retention_used", c.retention_used},
                   {"at_risk", c.at_risk_since.has_value()},
                   {"lost_readings", c.lost}});
  return out;
}

json alarms_json(const std::vector<spine::Consumer>& consumers) {
  auto out = json::array();
  for (const auto& c : consumers)
    if (c.at_risk_since)
      out.push_back({{"code", "consumer_at_risk"},
                     {"consumer", c.name},
                     {"detail", "'" + c.name + "' " + spine::at_risk_text(c)},
                     {"since", format_time(*c.at_risk_since)}});
  return out;
}

json integrity_json(const std::vector<storage::Integrity::File>& files) {
  auto out = json::array();
  for (const auto& f : files)
    out.push_back({{"file", f.file.filename().string()},
                   {"state", storage::state_name(f.state)},
                   {"detail", f.detail},
                   {"checked_at", f.checked_at > 0 ? json(format_time(f.checked_at)) : json(nullptr)}});
  return out;
}

Result<Reply> system(Shared& shared) {
  auto& parts = shared.parts;
  const auto uptime = std::chrono::steady_clock::now() - shared.started;
  const auto spine = parts.spine.stats();
  const auto history = parts.historian.stats();
  const auto consumers = parts.spine.consumers();
  return json_reply({{"version", parts.version},
                     {"uptime_s", std::chrono::duration_cast<std::chrono::seconds>(uptime).count()},
                     {"site", parts.site},
                     {"spine",
                      {{"durability", spine::durability_name(spine.durability)},
                       {"begin", spine.begin},
                       {"end", spine.end},
                       {"queued_bytes", spine.queued_bytes},
                       {"disk_bytes", spine.disk_bytes},
                       {"refused", spine.refused},
                       {"lost", spine.lost},
                       {"consumers", consumers_json(consumers)}}},
                     {"integrity", integrity_json(parts.integrity.files())},
                     {"alarms", alarms_json(consumers)},
                     {"history",
                      {{"next", history.next},
                       {"readings", history.readings},
                       {"chunks", history.chunks},
                       {"open_readings", history.open_readings},
                       {"untidy_readings", history.untidy_readings},
                       {"revised", history.revised},
                       {"expired", history.expired},
                       {"lost", history.lost},
                       {"damaged_chunks", history.damaged_chunks},
                       {"disk_bytes", history.disk_bytes}}},
                     {"points", parts.points.size()},
                     {"things", parts.registry.thing_count()}});
}

// WoT Discovery, section 6.2: where the site's Things are listed.
Result<Reply> directory(Shared& shared) {
  json form{{"href", "/api/v1/things"}, {"contentType", "application/json"}, {"op", "readproperty"}};
  json td{{"@context", json::array({"https://www.w3.org/2022/wot/td/v1.1", "https://www.w3.org/2022/wot/discovery"})},
          {"@type", "ThingDirectory"},
          {"title", shared.parts.site.empty() ? "Myriad" : shared.parts.site},
          {"securityDefinitions",
           {{"session", {{"scheme", "bearer"}, {"format", "jwt"}, {"alg", "HS256"}, {"in", "header"}}}}},
          {"security", json::array({"session"})},
          {"properties",
           {{"things",
             {{"description", "The Thing Descriptions of this site, in pages"},
              {"type", "object"},
              {"readOnly", true},
              {"forms", json::array({form})}}}}}};
  Reply reply = json_reply(td);
  reply.type = "application/td+json";
  return reply;
}

Result<Reply> openapi() {
  return Reply{200, std::string(embedded_openapi().bytes), "application/json", {{"Cache-Control", "no-cache"}}};
}

}  // namespace

void add_system_routes(Router& router, Shared& shared) {
  router.add({"GET", "/healthz", Access::open, [](const Call&) { return json_reply({{"status", "ok"}}); }});
  router.add({"GET", "/readyz", Access::open, [&](const Call&) { return ready(shared); }});
  router.add({"GET", "/.well-known/wot", Access::open, [&](const Call&) { return directory(shared); }});
  router.add({"GET", "/api/v1/openapi.json", Access::open, [](const Call&) { return openapi(); }});
  router.add({"GET", "/api/v1/system", Access::user, [&](const Call&) { return system(shared); }});
}

}  // namespace myriad::api
