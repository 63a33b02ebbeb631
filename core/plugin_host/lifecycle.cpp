#include "plugin_host/lifecycle.h"

#include <algorithm>
#include <mutex>

#include "plugin_host/version.h"

namespace myriad::plugin_host {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

// Where the configuration is kept that an instance had with another version.
std::string config_key(const std::string& instance) {
  return "plugin_configs/" + instance;
}

std::string joined(const std::vector<std::string>& names) {
  std::string out;
  for (const auto& name : names) out += (out.empty() ? "" : ", ") + name;
  return out;
}

class Changer final : public Lifecycle {
 public:
  explicit Changer(Parts parts) : parts_(std::move(parts)) {}

  Result<Change> install(const Package& package, bool moves) override {
    const std::lock_guard lock(mutex_);
    const auto& manifest = package.manifest();
    auto admitted = parts_.admit(package);
    if (!admitted) return admitted.error();
    const auto folder = unpack(package);
    if (!folder) return folder.error();
    const Discard discard{*folder};
    const auto seen = parts_.plugins.look_at(*folder, manifest.id);
    if (!seen) return seen.error();
    if (auto ok = parts_.validate(*folder); !ok) return ok.error();
    const auto* before = parts_.plugins.find(manifest.id);
    const auto from = before ? before->manifest.version : "";
    if (auto ok = check_configs(*seen); !ok && moves) return ok.error();
    const auto added = parts_.plugins.install(*folder, manifest.id, admitted->signer);
    if (!added) return added.error();
    parts_.log.info("installed plugin '" + manifest.id + "' " + manifest.version);
    Change change{*added, from, admitted->warning, {}};
    if (!moves && before) return pin(manifest.id, from, std::move(change));
    return switch_to(**added, std::move(change));
  }

  Result<Change> roll_back(std::string_view id, std::string_view version) override {
    const std::lock_guard lock(mutex_);
    const auto* now = parts_.plugins.find(id);
    if (!now) return no_plugin(id);
    const PluginInfo* wanted = nullptr;
    if (!version.empty()) wanted = parts_.plugins.find(id, version);
    for (const auto* v : parts_.plugins.versions(id))
      if (version.empty() && is_older(v->manifest.version, now->manifest.version)) wanted = v;
    if (!wanted)
      return Error{Code::not_found,
                   "plugin '" + std::string(id) + "' has no " +
                       (version.empty() ? "older version than " + now->manifest.version
                                        : "version " + std::string(version.substr(0, 64))) +
                       ": it has " + joined(version_names(id)),
                   "/version"};
    return switch_to(*wanted, {wanted, now->manifest.version, "", {}});
  }

  Status remove(std::string_view id, std::string_view version) override {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> gone;
    for (const auto* v : parts_.plugins.versions(id))
      if (v->installed && (version.empty() || v->manifest.version == version)) gone.push_back(v->manifest.version);
    if (gone.empty()) return parts_.plugins.uninstall(id, version);  // says why
    const auto stays = version_names(id).size() > gone.size();
    std::vector<std::string> users;
    for (const auto& record : parts_.registry.instances()) {
      if (record.plugin != id) continue;
      const bool uses = std::find(gone.begin(), gone.end(), version_of(record)) != gone.end();
      if (uses || !stays) users.push_back(record.id);
    }
    if (!users.empty())
      return Error{Code::conflict, "plugin '" + std::string(id) + "' is in use by " + joined(users) +
                                       ": move or delete these instances first"};
    for (const auto& one : gone)
      if (auto ok = parts_.plugins.uninstall(id, one); !ok) return ok;
    parts_.log.info("removed plugin '" + std::string(id) + "' " + joined(gone));
    return {};
  }

 private:
  struct Discard {
    fs::path folder;
    ~Discard() {
      std::error_code ec;
      fs::remove_all(folder, ec);
    }
  };

  static Error no_plugin(std::string_view id) {
    return {Code::not_found,
            "there is no plugin '" + std::string(id.substr(0, 128)) + "': GET /api/v1/plugins lists them"};
  }

  std::vector<std::string> version_names(std::string_view id) const {
    std::vector<std::string> out;
    for (const auto* v : parts_.plugins.versions(id)) out.push_back(v->manifest.version);
    return out;
  }

  // That an instance runs.
  std::string version_of(const registry::InstanceRecord& record) const {
    const auto* plugin = parts_.plugins.find(record.plugin, record.plugin_version);
    return plugin ? plugin->manifest.version : record.plugin_version;
  }

  Result<fs::path> unpack(const Package& package) {
    const auto folder = parts_.store / ".new" / package.manifest().id;  // no plugin's id begins with a dot
    std::error_code ec;
    fs::remove_all(folder, ec);
    fs::create_directories(folder.parent_path(), ec);
    if (ec) return Error{Code::unavailable, "cannot make " + folder.parent_path().string() + ": " + ec.message()};
    if (auto ok = package.unpack(folder); !ok) return ok.error();
    return folder;
  }

  std::vector<registry::InstanceRecord> instances_of(std::string_view id) const {
    auto all = parts_.registry.instances();
    std::erase_if(all, [&](const auto& record) { return record.plugin != id; });
    return all;
  }

  Result<json> config_for(const PluginInfo& to, const registry::InstanceRecord& record) const {
    const auto kept = parts_.registry.get(config_key(record.id), to.manifest.version);
    if (kept) return json::parse(*kept, nullptr, false);
    return migrate(to.manifest, version_of(record), json::parse(record.config, nullptr, false));
  }

  // What the schema says to every instance's configuration; create() speaks when the instance moves.
  Status check_configs(const PluginInfo& to) const {
    std::vector<std::string> wrong;
    for (const auto& record : instances_of(to.manifest.id)) {
      const auto config = config_for(to, record);
      const auto fits = config ? parts_.plugins.fits(to, *config) : Status(config.error());
      if (!fits) wrong.push_back(record.id + " (" + fits.error().field + ": " + fits.error().message + ")");
    }
    if (wrong.empty()) return {};
    return Error{Code::conflict, "version " + to.manifest.version +
                                     " does not take the configuration of these instances: " + joined(wrong) +
                                     ". Change them, declare migrations in the manifest, or install it beside"};
  }

  // Everybody stays with the version that was current.
  Result<Change> pin(const std::string& id, const std::string& version, Change change) {
    for (const auto& record : instances_of(id)) {
      if (!record.plugin_version.empty()) continue;
      auto pinned = record;
      pinned.plugin_version = version;
      if (auto ok = parts_.registry.replace_instance(pinned, std::nullopt); !ok) return ok.error();
      parts_.instances.reread(record.id);
      change.moved.push_back({record.id, "it was to stay"});
    }
    if (auto ok = parts_.plugins.make_current(id, change.plugin->manifest.version); !ok) return ok.error();
    return change;
  }

  // Who has no version of its own would move with the current one, unasked: first everybody gets one.
  Result<Change> switch_to(const PluginInfo& to, Change change) {
    const auto& id = to.manifest.id;
    if (!change.from.empty()) {
      const auto pinned = pin(id, change.from, {&to, change.from, "", {}});
      if (!pinned) return pinned.error();
    } else if (auto ok = parts_.plugins.make_current(id, to.manifest.version); !ok) {
      return ok.error();
    }
    for (const auto& record : instances_of(id)) {
      const auto from = version_of(record);
      if (from == to.manifest.version) continue;
      const auto moved = move(to, record, from);
      change.moved.push_back({record.id, moved ? "" : moved.error().message});
      const auto line = "instance '" + record.id + "' of plugin '" + id + "': " + from + " to " + to.manifest.version;
      moved ? parts_.log.info(line) : parts_.log.warn(line + " failed: " + moved.error().message);
    }
    return change;
  }

  Status move(const PluginInfo& to, const registry::InstanceRecord& record, const std::string& from) {
    const auto config = config_for(to, record);
    if (!config) return config.error();
    if (auto kept = parts_.registry.put(config_key(record.id), from, record.config); !kept) return kept;
    return parts_.instances.move(record.id, to.manifest.version, config->dump());
  }

  const Parts parts_;
  std::mutex mutex_;
};

constexpr std::size_t most_migrated = 4 << 20;  // bytes of a configuration

}  // namespace

Result<json> migrate(const Manifest& to, std::string_view from, json config) {
  const auto migrations = to.document.is_object() ? to.document.value("migrations", json::array()) : json::array();
  for (const auto& migration : migrations) {
    const auto before = migration.value("before", "");
    if (!is_older(from, before)) continue;
    try {
      for (const auto& operation : migration.at("patch")) {  // one by one: copies could double it without end
        config = config.patch(json::array({operation}));
        if (config.dump().size() > most_migrated)
          return Error{Code::too_large,
                       "the migration before " + before + " makes the configuration larger than 4 MiB"};
      }
    } catch (const json::exception& e) {
      return Error{Code::invalid,
                   "the migration before " + before + " does not apply to this configuration: " + e.what()};
    }
  }
  return config;
}

std::unique_ptr<Lifecycle> Lifecycle::make(Parts parts) {
  return std::make_unique<Changer>(std::move(parts));
}

}  // namespace myriad::plugin_host
