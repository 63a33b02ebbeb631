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

namespace myriad::plugin_host {

enum class Runtime : std::uint8_t { native, node };           // what runs the library: this machine, or Node.js
enum class Isolation : std::uint8_t { in_process, process };  // where an instance runs

std::string_view isolation_name(Isolation);  // as manifests write it

struct Manifest {
  std::string id, version, kind, library;
  Runtime runtime = Runtime::native;
  std::string abi_built, abi_min;            // "1.0"
  Isolation isolation = Isolation::process;  // of instances that name none
  std::vector<Isolation> isolation_allowed{Isolation::in_process, Isolation::process};
  std::vector<std::string> provides;
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
