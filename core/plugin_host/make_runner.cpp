#include "plugin_host/make_runner.h"

#include "plugin_host/local_runner.h"
#include "plugin_host/node_command.h"
#include "plugin_host/remote_runner.h"
#include "plugin_runner/grants.h"

namespace myriad::plugin_host {
namespace {

Result<RemoteRunner::Setup> setup_of(RunnerParts& parts, const Quota& quota) {
  const auto& t = parts.site.timings;
  const auto& children = parts.site.children;
  const auto& plugin = parts.plugin;
  const auto& id = parts.record.id;
  const auto home = children.homes / (parts.host.trial ? ".trial" : id);  // no id begins with a dot
  plugin_runner::Limits limits;
  constexpr auto unlimited = std::uint64_t{1} << 46;
  limits.memory_bytes = quota.memory_mb > 0 ? quota.memory_mb << 20 : unlimited;
  limits.core_bytes = quota.memory_mb << 20;
  auto grants =
      plugin_runner::grants_of(plugin.manifest.permissions, parts.config,
                               {home.string(), plugin.folder.string(), children.homes.parent_path().string()}, limits);
  grants.descriptors = {0, 1, 2, plugin_runner::calls_fd, plugin_runner::side_fd};
  for (const auto& sentence : grants.left_out) parts.host.telemetry->log(Level::warn, sentence);
  nlohmann::json setup{{"protocol", plugin_runner::protocol_version},
                       {"instance", id},
                       {"plugin", plugin.manifest.id},
                       {"library", plugin.library.string()},
                       {"home", home.string()}};
  if (plugin.manifest.runtime == Runtime::node) {
    const auto command = node_command(children.node_host, quota);
    if (!command) return command.error();
    setup["command"] = *command;
    grants.programs = {command->front()};
    grants.files.push_back({children.node_host.string(), 0, false});
  }
  return RemoteRunner::Setup{{children.program.string(), "plugin-runner"},
                             home,
                             plugin_runner::Writer().text(setup.dump()).text(plugin_runner::to_text(grants)).bytes(),
                             quota,
                             {t.setup, t.control, t.stop * 3 / 4, t.call, t.grace, t.heartbeat},
                             parts.hub,
                             std::move(parts.ended)};
}

}  // namespace

std::function<Result<std::string>(std::string_view)> secret_for(const Instances::Parts& site, std::string id) {
  if (!site.secrets) return {};
  return [&site, id = std::move(id)](std::string_view name) { return site.secrets(name, id); };
}

Result<Quota> quota_of(const registry::InstanceRecord& record, Isolation home) {
  return parse_quota(record.quota, home == Isolation::process ? usual_quota : Quota{});
}

Result<std::unique_ptr<Runner>> make_runner(RunnerParts parts) {
  const auto home = isolation_of(parts.plugin.manifest, parts.record.isolation, parts.site.children);
  if (!home) return home.error();
  const auto quota = quota_of(parts.record, *home);
  if (!quota) return quota.error();
  parts.host.allowance = std::make_shared<Allowance>(*quota);
  if (*home == Isolation::process) {
    auto setup = setup_of(parts, *quota);
    if (!setup) return setup.error();
    return std::unique_ptr<Runner>(std::make_unique<RemoteRunner>(*std::move(setup), std::move(parts.host)));
  }
  const auto api = parts.site.plugins.load(parts.plugin);
  if (!api) return api.error();
  return std::unique_ptr<Runner>(std::make_unique<LocalRunner>(**api, std::move(parts.host)));
}

}  // namespace myriad::plugin_host
