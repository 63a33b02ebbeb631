#include "plugin_host/trial.h"

#include "base/names.h"
#include "plugin_host/make_runner.h"

namespace myriad::plugin_host {
namespace {

// The plugin's own opinion: an instance that is created, heard, and destroyed.
Status try_create(const TrialContext& context, const PluginInfo& plugin, const registry::InstanceRecord& record,
                  const nlohmann::json& config) {
  const auto& parts = context.parts;
  struct Trial {
    model::Points points;  // its own, so that a refused configuration leaves no name behind
    std::unique_ptr<Runner> runner;
    Outcome outcome;
  };
  const auto trial = std::make_shared<Trial>();
  HostTable::Parts host{record.id,
                        parts.registry,
                        parts.spine,
                        trial->points,
                        parts.clock,
                        std::make_shared<Telemetry>(parts.clock, Log::none()),
                        context.scheduler.strand(),
                        {},
                        true};
  host.secret = secret_for(parts, record.id);
  auto runner = make_runner({parts, context.hub, plugin, record, config, std::move(host), [] {}});
  if (!runner) return runner.error();
  trial->runner = *std::move(runner);
  const auto strand = context.scheduler.strand();
  const auto call = strand->call(
      [trial, text = config.dump()] {
        trial->outcome = trial->runner->create(text);
        trial->runner->destroy();
      },
      Scheduler::Clock::now() + parts.timings.control);
  if (call == Strand::Call::done) return trial->outcome.ok() ? Status() : Status(config_error(trial->outcome));
  if (!trial->runner->kill("it did not check its configuration in time")) {
    strand->abandon();
    trial->runner->host().close();
  }
  return Error{Code::timeout, "plugin '" + plugin.manifest.id + "' did not check its configuration within " +
                                  std::to_string(parts.timings.control.count()) + " ms"};
}

}  // namespace

Status check_record(const TrialContext& context, const registry::InstanceRecord& record) {
  const auto& parts = context.parts;
  if (!is_slug(record.id))
    return Error{Code::invalid,
                 "instance '" + record.id + "': an id is letters, digits, '_', '-', '.', '~', at most 128", "/id"};
  const auto* plugin = parts.plugins.find(record.plugin, record.plugin_version);
  if (!plugin) {
    std::string known;
    for (const auto* p : parts.plugins.list()) known += (known.empty() ? "" : ", ") + p->manifest.id;
    return Error{Code::invalid, "plugin '" + record.plugin + "' is not installed: use one of " + known, "/plugin"};
  }
  if (!plugin->refused.empty())
    return Error{Code::invalid, "plugin '" + record.plugin + "' cannot be used: " + plugin->refused, "/plugin"};
  const auto home = isolation_of(plugin->manifest, record.isolation, parts.children);
  if (!home) return home.error();
  if (const auto quota = quota_of(record, *home); !quota) return quota.error();
  const auto given = nlohmann::json::parse(record.config, nullptr, false);
  if (!given.is_object()) return Error{Code::invalid, "the configuration is no JSON object", "/config"};
  const auto config = parts.plugins.configure(*plugin, given);
  if (!config) return Error{config.error().code, config.error().message, "/config" + config.error().field};
  return try_create(context, *plugin, record, *config);
}

}  // namespace myriad::plugin_host
