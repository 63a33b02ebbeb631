#include "plugin_host/plugins.h"

#include <sys/utsname.h>

#include <deque>
#include <fstream>
#include <map>
#include <mutex>
#include <shared_mutex>

#include "base/files.h"
#include "myriad/config.hpp"
#include "plugin_host/loader.h"
#include "plugin_host/manifest.h"
#include "plugin_host/schema.h"
#include "plugin_host/version.h"

namespace myriad::plugin_host {
namespace {

namespace fs = std::filesystem;

constexpr const char *current_file = "current", *signer_file = ".signer";
constexpr const char* removed_folder = ".removed";  // no plugin's id begins with a dot

constexpr std::uint64_t max_text = 4 << 20;

Status write_line(const fs::path& file, std::string_view text) {
  return replace_file(file, std::string(text) + '\n', 0644);
}

std::string first_line(const fs::path& file) {
  std::ifstream in(file);
  std::string line;
  std::getline(in, line);
  return line;
}

// Whole there or whole here, whenever the power fails.
Status rename_folder(const fs::path& from, const fs::path& to) {
  const auto parent = to.parent_path();
  std::error_code ec;
  fs::create_directories(parent, ec);
  if (!ec) fs::rename(from, to, ec);
  if (ec)
    return Error{Code::unavailable, "cannot rename " + from.string() + " to " + to.string() + ": " + ec.message()};
  for (const auto& folder : {from.parent_path(), parent, parent.parent_path()})
    if (!sync_folder(folder)) return Error{Code::unavailable, "cannot write " + folder.string() + ": look at the disk"};
  return {};
}

std::string architecture() {
  utsname names{};
  ::uname(&names);
  return names.machine;
}

struct Loaded {
  PluginInfo info;
  std::unique_ptr<Schema> schema;          // null when refused
  const myriad_plugin_api* api = nullptr;  // null until it is loaded
};

// Reads all that needs no library. Fills `out` as far as it gets.
Status read_plugin(const fs::path& folder, std::string_view id, Loaded& out) {
  out.info.folder = folder;
  out.info.manifest.id = id;
  auto text = read_file(folder / "manifest.json", max_text);
  if (!text) return text.error();
  const auto schema_text = read_file(folder / "schema.json", max_text);
  auto manifest = parse_manifest(*text, id, schema_text.value_or(""));
  if (!manifest) return manifest.error();
  out.info.manifest = *std::move(manifest);
  const auto& m = out.info.manifest;
  if (parse_abi(m.abi_min) && *parse_abi(m.abi_min) > MYRIAD_ABI)
    return Error{Code::unsupported, "its manifest asks for ABI " + m.abi_min + " or newer, this host has " +
                                        abi_text(MYRIAD_ABI) + ": upgrade Myriad"};
  auto schema = Schema::compile(m.config_schema);
  if (!schema) return schema.error();
  const auto of_machine = folder / "lib" / architecture() / m.library;
  out.info.library = fs::exists(of_machine) ? of_machine : folder / m.library;
  if (!fs::exists(out.info.library))
    return Error{Code::not_found, "its library " + out.info.library.string() + " is missing: install it again" +
                                      (fs::exists(folder / "lib") ? ", built for " + architecture() : "")};
  out.schema = *std::move(schema);
  return {};
}

class Store final : public Plugins {
 public:
  Store(const std::vector<fs::path>& folders, Log log, const fs::path& store)
      : log_(std::move(log)), store_(store.empty() ? store : fs::absolute(store)) {
    for (const auto& folder : folders) scan_folder(folder);
    if (!store_.empty()) scan_store();
  }

  std::vector<const PluginInfo*> list() const override {
    const std::shared_lock lock(mutex_);
    std::vector<const PluginInfo*> out;
    for (const auto& [id, plugin] : plugins_) out.push_back(&current_of(plugin)->info);
    return out;
  }

  const PluginInfo* find(std::string_view id, std::string_view version) const override {
    const std::shared_lock lock(mutex_);
    const auto* found = find_loaded(id, version);
    return found ? &found->info : nullptr;
  }

  std::vector<const PluginInfo*> versions(std::string_view id) const override {
    const std::shared_lock lock(mutex_);
    std::vector<const PluginInfo*> out;
    if (const auto it = plugins_.find(id); it != plugins_.end())
      for (const auto* version : it->second.versions) out.push_back(&version->info);
    return out;
  }

  Result<nlohmann::json> configure(const PluginInfo& plugin, const nlohmann::json& config) const override {
    const auto& loaded = loaded_of(plugin);
    if (!loaded.schema)
      return Error{Code::unavailable, "plugin '" + plugin.manifest.id + "' is not usable: " + plugin.refused};
    nlohmann::json completed = config;
    apply_defaults(plugin.manifest.config_schema, completed);
    if (auto ok = loaded.schema->check(completed); !ok) return ok.error();
    return completed;
  }

  Result<const myriad_plugin_api*> load(const PluginInfo& plugin) override {
    if (!plugin.refused.empty()) return Error{Code::unsupported, plugin.refused};
    auto& loaded = const_cast<Loaded&>(loaded_of(plugin));
    const std::lock_guard lock(loading_);
    if (loaded.api) return loaded.api;
    auto api = plugin_host::load(plugin.library, plugin.manifest.id);
    if (api) loaded.api = *api;
    return api;
  }

  Status fits(const PluginInfo& plugin, const nlohmann::json& config) const override {
    const auto schema = Schema::compile(plugin.manifest.config_schema);
    if (!schema) return schema.error();
    nlohmann::json completed = config;
    apply_defaults(plugin.manifest.config_schema, completed);
    return (*schema)->check(completed);
  }

  Result<PluginInfo> look_at(const fs::path& folder, std::string_view id) const override {
    Loaded seen;
    if (auto ok = read_plugin(folder, id, seen); !ok) return ok.error();
    return seen.info;
  }

  Result<const PluginInfo*> install(const fs::path& folder, std::string_view id, const std::string& signer) override {
    auto seen = look_at(folder, id);
    if (!seen) return seen.error();
    const auto& version = seen->manifest.version;
    if (find(id, version))
      return Error{Code::exists, "plugin '" + std::string(id) + "' " + version +
                                     " is installed already: give the package another version"};
    const auto place = store_ / id / version;
    if (auto ok = write_line(folder / signer_file, signer); !ok) return ok.error();
    if (auto ok = rename_folder(folder, place); !ok) return ok.error();
    const std::unique_lock lock(mutex_);
    const auto* added = add(place, std::string(id), true);
    auto& plugin = plugins_[std::string(id)];
    if (plugin.versions.size() == 1) plugin.current = added;
    return &added->info;
  }

  Status make_current(std::string_view id, std::string_view version) override {
    const std::unique_lock lock(mutex_);
    const auto* found = find_loaded(id, version);
    if (!found) return unknown(id, version);
    std::error_code ec;
    fs::create_directories(store_ / id, ec);
    if (auto ok = write_line(store_ / id / current_file, found->info.manifest.version); !ok) return ok;
    plugins_.find(id)->second.current = found;
    return {};
  }

  Status uninstall(std::string_view id, std::string_view version) override {
    const std::unique_lock lock(mutex_);
    const auto* found = find_loaded(id, version);
    if (!found) return unknown(id, version);
    if (!found->info.installed)
      return Error{Code::conflict, "plugin '" + std::string(id) + "' " + found->info.manifest.version +
                                       " came with Myriad and stays: only what was installed can be removed"};
    auto& plugin = plugins_.find(id)->second;
    std::error_code ec;
    fs::remove_all(store_ / removed_folder, ec);
    if (auto ok = rename_folder(found->info.folder, store_ / removed_folder); !ok) return ok;
    fs::remove_all(store_ / removed_folder, ec);
    std::erase(plugin.versions, found);
    if (plugin.current == found) {
      plugin.current = nullptr;
      fs::remove(store_ / id / current_file, ec);
    }
    if (!plugin.versions.empty()) return {};
    plugins_.erase(plugins_.find(id));
    fs::remove_all(store_ / id, ec);
    return {};
  }

 private:
  struct Plugin {
    std::vector<const Loaded*> versions;  // oldest first
    const Loaded* current = nullptr;      // null: the newest
  };

  static Status unknown(std::string_view id, std::string_view version) {
    return Error{Code::not_found, "there is no plugin '" + std::string(id.substr(0, 128)) + "'" +
                                      (version.empty() ? "" : " of version " + std::string(version.substr(0, 64)))};
  }
  static const Loaded* current_of(const Plugin& plugin) {
    return plugin.current ? plugin.current : plugin.versions.back();
  }
  const Loaded* find_loaded(std::string_view id, std::string_view version) const {
    const auto it = plugins_.find(id);
    if (it == plugins_.end()) return nullptr;
    if (version.empty()) return current_of(it->second);
    for (const auto* v : it->second.versions)
      if (v->info.manifest.version == version) return v;
    return nullptr;
  }
  // Every PluginInfo that was handed out is a Loaded's first member.
  static const Loaded& loaded_of(const PluginInfo& info) {
    static_assert(offsetof(Loaded, info) == 0);
    return reinterpret_cast<const Loaded&>(info);
  }

  void scan_folder(const fs::path& folder) {
    std::error_code ec;
    fs::directory_iterator entries(folder, ec);
    if (ec) return log_.warn("no plugins from " + folder.string() + ": " + ec.message());
    for (const auto& entry : entries) {
      if (!fs::exists(entry.path() / "manifest.json", ec)) continue;
      const auto place = fs::absolute(entry.path());
      const auto id = place.filename().string();
      if (const auto* first = find(id, {}))
        log_.warn("plugin '" + id + "' in " + place.string() + " is hidden by " + first->folder.string());
      else
        add(place, id, false);
    }
  }

  void scan_store() {
    std::error_code ec;
    for (const auto& plugin : fs::directory_iterator(store_, ec)) {
      const auto id = plugin.path().filename().string();
      if (id.starts_with('.') || !plugin.is_directory(ec)) continue;
      for (const auto& version : fs::directory_iterator(plugin.path(), ec))
        if (fs::exists(version.path() / "manifest.json", ec)) add(version.path(), id, true);
      if (const auto it = plugins_.find(id); it != plugins_.end())
        it->second.current = find_loaded(id, first_line(plugin.path() / current_file));
    }
  }

  // With the mutex held, or before anybody else is there.
  const Loaded* add(const fs::path& folder, const std::string& id, bool installed) {
    auto& loaded = kept_.emplace_back();
    loaded.info.installed = installed;
    if (installed) loaded.info.signer = first_line(folder / signer_file);
    auto ok = read_plugin(folder, id, loaded);
    if (ok && !installed && loaded.info.manifest.runtime == Runtime::native) {
      if (auto api = plugin_host::load(loaded.info.library, id))
        loaded.api = *api;
      else
        ok = api.error();
    }
    if (!ok) {
      loaded.schema.reset();
      loaded.info.refused = ok.error().message;
      log_.error("plugin '" + id + "' is refused: " + loaded.info.refused);
    }
    auto& versions = plugins_[id].versions;
    const auto place = std::find_if(versions.begin(), versions.end(), [&](const Loaded* other) {
      return is_older(loaded.info.manifest.version, other->info.manifest.version);
    });
    versions.insert(place, &loaded);
    return &loaded;
  }

  const Log log_;
  const fs::path store_;
  std::mutex loading_;               // guards Loaded::api
  mutable std::shared_mutex mutex_;  // guards all below
  std::deque<Loaded> kept_;          // also what was uninstalled: it may still be running
  std::map<std::string, Plugin, std::less<>> plugins_;
};

}  // namespace

std::unique_ptr<Plugins> Plugins::scan(const std::vector<fs::path>& folders, Log log, const fs::path& store) {
  return std::make_unique<Store>(folders, std::move(log), store);
}

}  // namespace myriad::plugin_host
