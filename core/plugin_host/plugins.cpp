#include "plugin_host/plugins.h"

#include <fstream>
#include <map>
#include <sstream>

#include "myriad/config.hpp"
#include "plugin_host/loader.h"
#include "plugin_host/manifest.h"
#include "plugin_host/schema.h"

namespace myriad::plugin_host {
namespace {

namespace fs = std::filesystem;

Result<std::string> read_text(const fs::path& file) {
  constexpr std::uintmax_t limit = 4 << 20;
  std::error_code ec;
  if (const auto size = fs::file_size(file, ec); ec || size > limit)
    return Error{Code::invalid, file.string() + ": " + (ec ? ec.message() : "larger than 4 MiB")};
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  if (!in) return Error{Code::denied, file.string() + " cannot be read: check its permissions"};
  return text.str();
}

struct Loaded {
  PluginInfo info;
  std::unique_ptr<Schema> schema;  // null when refused
};

// Fills `out` as far as it gets.
Status load_plugin(const fs::path& folder, Loaded& out) {
  out.info.folder = folder;
  out.info.manifest.id = folder.filename().string();
  auto text = read_text(folder / "manifest.json");
  if (!text) return text.error();
  auto manifest = parse_manifest(*text, out.info.manifest.id);
  if (!manifest) return manifest.error();
  out.info.manifest = *std::move(manifest);
  const auto& m = out.info.manifest;
  if (parse_abi(m.abi_min) && *parse_abi(m.abi_min) > MYRIAD_ABI)
    return Error{Code::unsupported, "its manifest asks for ABI " + m.abi_min + " or newer, this host has " +
                                        abi_text(MYRIAD_ABI) + ": upgrade Myriad"};
  auto schema = Schema::compile(m.config_schema);
  if (!schema) return schema.error();
  auto api = load(folder / m.library, m.id);
  if (!api) return api.error();
  out.schema = *std::move(schema);
  out.info.api = *api;
  return {};
}

class Found final : public Plugins {
 public:
  Found(const std::vector<fs::path>& folders, Log log) : log_(std::move(log)) {
    for (const auto& folder : folders) scan_folder(folder);
  }

  std::vector<const PluginInfo*> list() const override {
    std::vector<const PluginInfo*> out;
    for (const auto& [id, plugin] : plugins_) out.push_back(&plugin->info);
    return out;
  }

  const PluginInfo* find(std::string_view id) const override {
    const auto it = plugins_.find(id);
    return it == plugins_.end() ? nullptr : &it->second->info;
  }

  Result<nlohmann::json> configure(const PluginInfo& plugin, const nlohmann::json& config) const override {
    const auto it = plugins_.find(plugin.manifest.id);
    if (it == plugins_.end() || !it->second->schema)
      return Error{Code::unavailable, "plugin '" + plugin.manifest.id + "' is not usable: " + plugin.refused};
    nlohmann::json completed = config;
    apply_defaults(plugin.manifest.config_schema, completed);
    if (auto ok = it->second->schema->check(completed); !ok) return ok.error();
    return completed;
  }

 private:
  void scan_folder(const fs::path& folder) {
    std::error_code ec;
    fs::directory_iterator entries(folder, ec);
    if (ec) return log_.warn("no plugins from " + folder.string() + ": " + ec.message());
    for (const auto& entry : entries)
      if (fs::exists(entry.path() / "manifest.json", ec)) add(fs::absolute(entry.path()));
  }

  void add(const fs::path& folder) {
    const auto id = folder.filename().string();
    if (const auto* first = find(id))
      return log_.warn("plugin '" + id + "' in " + folder.string() + " is hidden by " + first->folder.string());
    auto plugin = std::make_unique<Loaded>();
    if (auto ok = load_plugin(folder, *plugin); !ok) {
      plugin->info.refused = ok.error().message;
      log_.error("plugin '" + id + "' is refused: " + plugin->info.refused);
    }
    plugins_.emplace(id, std::move(plugin));
  }

  Log log_;
  std::map<std::string, std::unique_ptr<Loaded>, std::less<>> plugins_;  // never changes after the constructor
};

}  // namespace

std::unique_ptr<Plugins> Plugins::scan(const std::vector<fs::path>& folders, Log log) {
  return std::make_unique<Found>(folders, std::move(log));
}

}  // namespace myriad::plugin_host
