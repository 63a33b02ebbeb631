#include "api/instance_text.h"

#include "api/secrets.h"
#include "base/time_text.h"

namespace myriad::api {
namespace {

using nlohmann::json;
using plugin_host::InstanceStatus;

json stats_json(const InstanceStatus& status) {
  json stats{{"readings", status.readings}, {"batches", status.batches},   {"errors", status.errors},
             {"polls", status.polls},       {"restarts", status.restarts}, {"refused", status.refused}};
  if (status.lag) stats["lag"] = *status.lag;
  return stats;
}

json delivery_json(const InstanceStatus& status) {
  if (!status.delivery) return nullptr;
  const auto& d = *status.delivery;
  return {{"lag", d.lag},
          {"rate_per_s", d.rate},
          {"delivered", d.delivered},
          {"retries", d.retries},
          {"dead_letters", d.dead_letters.kept},
          {"dead_letters_dropped", d.dead_letters.dropped},
          {"next_retry", d.next_retry ? json(format_time(*d.next_retry)) : json(nullptr)}};
}

}  // namespace

json state_json(const InstanceStatus& status, const registry::Registry& registry) {
  json out{{"id", status.record.id},
           {"plugin", status.record.plugin},
           {"enabled", status.record.enabled},
           {"state", plugin_host::state_name(status.state)},
           {"since", format_time(status.since)},
           {"isolation", plugin_host::isolation_name(status.isolation)},
           {"plugin_version", status.plugin_version},
           {"quota", plugin_host::quota_json(status.quota)},
           {"usage", nullptr},
           {"restarts", status.restarts},
           {"last_error", nullptr},
           {"connection", nullptr},
           {"things", registry.things_of(status.record.id)},
           {"stats", stats_json(status)},
           {"delivery", delivery_json(status)},
           {"metrics", json::object()}};
  if (const auto& fault = status.last_error)
    out["last_error"] = {{"time", format_time(fault->time)}, {"status", fault->status}, {"message", fault->message}};
  if (const auto& usage = status.usage)
    out["usage"] = {{"cpu_percent", usage->cpu_percent}, {"memory_mb", static_cast<double>(usage->memory) / (1 << 20)}};
  if (const auto& connection = status.connection)
    out["connection"] = {{"up", connection->up}, {"reason", connection->reason}};
  for (const auto& [name, value] : status.metrics) out["metrics"][name] = value;
  return out;
}

json instance_json(const InstanceStatus& status, const registry::Registry& registry,
                   const plugin_host::Plugins& plugins) {
  json out = state_json(status, registry);
  json config = json::parse(status.record.config, nullptr, false);
  // Without its plugin nobody can say what is secret.
  const auto* plugin = plugins.find(status.record.plugin, status.record.plugin_version);
  out["config"] = plugin && !config.is_discarded() ? hide_secrets(plugin->manifest.config_schema, std::move(config))
                                                   : json::object();
  return out;
}

}  // namespace myriad::api
