#include "app/floors.h"

#include <unistd.h>

#include "historian/abi_query.h"
#include "plugin_host/trust.h"
#include "validator/validator.h"

namespace myriad::app {
namespace {

using namespace std::chrono_literals;

std::filesystem::path program() {
  return std::filesystem::read_symlink("/proc/self/exe");
}

std::vector<std::filesystem::path> plugin_folders(const ServeOptions& options) {
  if (!options.plugins.empty()) return options.plugins;
  return {program().parent_path().parent_path() / "plugins"};
}

std::string site_name() {
  char name[256] = "";
  ::gethostname(name, sizeof name - 1);
  return *name ? name : "myriad";
}

// Takes what a floor's opening answered, or its error.
template <class T>
Status keep(Result<std::unique_ptr<T>> opened, std::unique_ptr<T>& place) {
  if (!opened) return opened.error();
  place = std::move(*opened);
  return {};
}

}  // namespace

Status open_stores(Floors& f, const ServeOptions& options, const Logging& logging) {
  const auto& data = options.data;
  if (auto ok =
          keep(registry::Registry::open(data / "registry.db", f.integrity.watch(data / "registry.db")), f.registry);
      !ok)
    return ok;
  if (auto ok = keep(security::Security::open({.file = data / "security.db",
                                               .keys = data / "keys",
                                               .on_damage = f.integrity.watch(data / "security.db")},
                                              f.clock, logging.log("security")),
                     f.security);
      !ok)
    return ok;
  const auto secrets = data / "secrets.db";
  if (auto ok = keep(security::Secrets::open(
                         {.file = secrets, .keys = data / "keys", .on_damage = f.integrity.watch(secrets)}, f.clock),
                     f.secrets);
      !ok)
    return ok;
  spine::Options spine;
  spine.file = data / "spine.db";
  spine.on_damage = f.integrity.watch(spine.file);
  spine.retain_bytes = options.spine_megabytes << 20;
  spine.retain_time = std::chrono::hours(options.spine_hours);
  spine.durability = options.durability;
  spine.commit_interval = std::chrono::milliseconds(options.commit_ms);
  spine.commit_bytes = options.commit_kilobytes << 10;
  spine.waits_for_hold = true;
  if (auto ok = keep(spine::Spine::open(spine, f.points, f.clock, logging.log("spine")), f.spine); !ok) return ok;
  historian::Options history;
  history.file = data / "history.db";
  // What it holds in the log must be a part of it, or publishers would wait for it.
  history.open_bytes = std::min(history.open_bytes, static_cast<std::size_t>(spine.retain_bytes / 4));
  history.store_after_readings = std::min(history.store_after_readings, spine.retain_bytes / 64);
  history.on_damage = f.integrity.watch(history.file);
  if (auto ok =
          keep(historian::Historian::open(history, *f.spine, f.points, f.clock, logging.log("historian")), f.history);
      !ok)
    return ok;
  f.history_place = f.spine->follow("historian", [&history = *f.history] { return history.next(); });
  f.history_hold = f.spine->hold([&history = *f.history] { return history.stored(); });
  return {};
}

void start_flow(Floors& f, const ServeOptions& options, const Logging& logging) {
  f.bus = bus::Bus::make(f.points);
  f.feed = std::make_unique<LiveFeed>(*f.spine, *f.history, *f.bus, f.points, logging.log("live"));
  f.plugins = plugin_host::Plugins::scan(plugin_folders(options), logging.log("plugins"), options.data / "plugins");
  f.instances =
      plugin_host::Instances::make({*f.plugins,
                                    *f.registry,
                                    *f.spine,
                                    f.points,
                                    f.clock,
                                    logging.log("instances"),
                                    {},
                                    {program(), std::filesystem::absolute(options.data) / "instances",
                                     program().parent_path().parent_path() / "share/myriad/node"},
                                    [&secrets = *f.secrets](std::string_view name, std::string_view instance) {
                                      return secrets.get(name, instance);
                                    },
                                    [&history = *f.history](std::string_view point, const myriad_history_query& query) {
                                      return historian::answer(history, point, query);
                                    }});
}

// As `myriad plugin check`.
Status validate(const std::filesystem::path& folder, const std::filesystem::path& data) {
  const auto report = validator::run_validator(program(), folder, {.data = std::filesystem::absolute(data)});
  if (!report) return report.error();
  std::string faults;
  for (const auto& check : report->checks)
    if (check.verdict == validator::Verdict::fail)
      faults += (faults.empty() ? "" : "; ") + check.name + ": " + check.detail;
  if (report->passed()) return {};
  return Error{Code::invalid, "the validator refuses it: " + faults + ". `myriad plugin check` tells how to mend it"};
}

// By the list of trusted keys and the site's policy.
Result<plugin_host::Lifecycle::Admission> admit(const plugin_host::Package& package, const ServeOptions& options) {
  const auto keys = plugin_host::Trust(options.data / "trust.json").list();
  if (!keys) return keys.error();
  const auto verification = plugin_host::recognise(plugin_host::verify(package), *keys);
  const auto warning = plugin_host::admit(options.unsigned_plugins, verification);
  if (!warning) return warning.error();
  return plugin_host::Lifecycle::Admission{verification.fingerprint, *warning};
}

Status open_doors(Floors& f, const ServeOptions& options, const Logging& logging) {
  f.lifecycle = plugin_host::Lifecycle::make(
      {*f.plugins, *f.instances, *f.registry, options.data / "plugins", logging.log("plugins"),
       [options](const plugin_host::Package& package) { return admit(package, options); },
       [options](const std::filesystem::path& folder) { return validate(folder, options.data); }});
  f.api = std::make_unique<api::Api>(api::Parts{*f.registry, *f.spine, *f.history, *f.bus, f.points, *f.plugins,
                                                *f.instances, *f.lifecycle, *f.security, *f.secrets, f.integrity,
                                                f.clock, logging.log("api"), MYRIAD_VERSION, site_name()});
  edge::Options edge;
  edge.host = options.host;
  edge.port = options.port;
  edge.spool = options.data;  // long bodies wait on the same disk as what they become
  if (options.tls && !options.certificate.empty()) {
    edge.certificate = options.certificate;
    edge.key = options.key;
  } else if (options.tls) {
    const auto files = security::ensure_certificate(options.data / "tls", logging.log("security"));
    if (!files) return files.error();
    edge.certificate = files->certificate;
    edge.key = files->key;
  }
  return keep(edge::Server::start(edge, *f.api, logging.log("edge")), f.server);
}

bool stop_floors(Floors& f) {
  f.integrity.stop();
  if (f.api) f.api->closing();
  if (f.server) f.server->stop(1s);
  f.server.reset();
  const bool all_returned = !f.instances || f.instances->stop_all(3s) == 0;
  f.feed.reset();
  f.instances.reset();
  if (f.spine) f.spine->close();
  if (f.history) f.history->close();
  return all_returned;
}

}  // namespace myriad::app
