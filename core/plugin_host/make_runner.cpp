#include "plugin_host/make_runner.h"

#include "plugin_host/local_runner.h"
#include "plugin_host/remote_runner.h"

namespace myriad::plugin_host {
namespace {

RemoteRunner::Setup setup_of(RunnerParts& parts, const Quota& quota) {
  const auto& t = parts.site.timings;
  const auto& isolation = parts.site.isolation;
  const auto& plugin = parts.plugin;
  const auto& id = parts.record.id;
  const auto home = isolation.homes / (parts.host.trial ? ".trial" : id);  // no id begins with a dot
  const nlohmann::json setup{{"protocol", plugin_runner::protocol_version},
                             {"instance", id},
                             {"plugin", plugin.manifest.id},
                             {"library", (plugin.folder / plugin.manifest.library).string()},
                             {"home", home.string()}};
  return {{isolation.program.string(), "plugin-runner"},
          home,
          setup.dump(),
          quota,
          {t.setup, t.control, t.stop * 3 / 4, t.call, t.grace, t.heartbeat},
          parts.hub,
          std::move(parts.ended)};
}

}  // namespace

Result<Quota> quota_of(const registry::InstanceRecord& record, Home home) {
  return parse_quota(record.quota, home == Home::process ? usual_quota : Quota{});
}

Result<std::unique_ptr<Runner>> make_runner(RunnerParts parts) {
  const auto home = home_of(parts.plugin.manifest, parts.record.isolation, parts.site.isolation);
  if (!home) return home.error();
  const auto quota = quota_of(parts.record, *home);
  if (!quota) return quota.error();
  parts.host.allowance = std::make_shared<Allowance>(*quota);
  if (*home == Home::process)
    return std::unique_ptr<Runner>(std::make_unique<RemoteRunner>(setup_of(parts, *quota), std::move(parts.host)));
  return std::unique_ptr<Runner>(std::make_unique<LocalRunner>(*parts.plugin.api, std::move(parts.host)));
}

}  // namespace myriad::plugin_host
