// The plugins found on disk: manifest, library, entry table. A plugin that is refused stays listed with the reason.
// Thread-safe after scan(). Libraries are never unloaded.
#pragma once

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "myriad/plugin.h"
#include "plugin_runner/permissions.h"

namespace myriad::plugin_host {

struct Manifest {
  std::string id, version, kind, library;
  std::string abi_built, abi_min;  // "1.0"
  std::vector<std::string> provides;
  plugin_runner::Permissions permissions;
  nlohmann::json config_schema;  // JSON Schema draft 7
  nlohmann::json document;       // the whole manifest, as read
};

struct PluginInfo {
  Manifest manifest;
  std::filesystem::path folder;
  std::string refused;                     // empty: usable; otherwise why not, with both values where two disagree
  const myriad_plugin_api* api = nullptr;  // null when refused
};

class Plugins {
 public:
  // Reads every <folder>/<id>/manifest.json and loads its library. Later folders do not replace earlier ids.
  static std::unique_ptr<Plugins> scan(const std::vector<std::filesystem::path>& folders, Log log);
  virtual ~Plugins() = default;

  virtual std::vector<const PluginInfo*> list() const = 0;  // by id
  virtual const PluginInfo* find(std::string_view id) const = 0;
  // Checks a configuration against the schema and returns it with the defaults filled in.
  virtual Result<nlohmann::json> configure(const PluginInfo&, const nlohmann::json& config) const = 0;
};

}  // namespace myriad::plugin_host
