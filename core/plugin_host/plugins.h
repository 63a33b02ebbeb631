// The plugins of this site: those that came with the program, and those that were installed, in as many versions as
// are there. A plugin that is refused stays listed with the reason.
//
// Installed plugins lie in <store>/<id>/<version>/; <store>/<id>/current names the version that new instances get.
// Thread-safe. What is handed out stays valid for the life of the process; libraries are never unloaded.
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
  plugin_runner::Permissions permissions;
  nlohmann::json config_schema;  // JSON Schema draft 7
  nlohmann::json document;       // the whole manifest, as read
};

struct PluginInfo {
  Manifest manifest;
  std::filesystem::path folder, library;
  std::string refused;     // empty: usable; otherwise why not, with both values where two disagree
  bool installed = false;  // by an administrator; else it came with the program
  std::string signer;      // fingerprint of the key that signed its package; empty: nobody's
};

class Plugins {
 public:
  // Reads every <folder>/<id>/manifest.json and loads its library; later folders do not replace earlier ids. Then every
  // version in `store`, whose libraries are loaded when they are to run in this process, and not before.
  static std::unique_ptr<Plugins> scan(const std::vector<std::filesystem::path>& folders, Log log,
                                       const std::filesystem::path& store = {});
  virtual ~Plugins() = default;

  virtual std::vector<const PluginInfo*> list() const = 0;  // the current version of each, by id
  // `version` empty: the current one.
  virtual const PluginInfo* find(std::string_view id, std::string_view version = {}) const = 0;
  virtual std::vector<const PluginInfo*> versions(std::string_view id) const = 0;  // oldest first

  // Checks a configuration against the schema and returns it with the defaults filled in.
  virtual Result<nlohmann::json> configure(const PluginInfo&, const nlohmann::json& config) const = 0;
  // The table of its library, loaded into this process.
  virtual Result<const myriad_plugin_api*> load(const PluginInfo&) = 0;

  // The same check for a version that is not added yet.
  virtual Status fits(const PluginInfo&, const nlohmann::json& config) const = 0;

  // Reads an unpacked version without adding it.
  virtual Result<PluginInfo> look_at(const std::filesystem::path& folder, std::string_view id) const = 0;
  // Moves an unpacked version into the store. It is not current yet, unless it is the only one.
  virtual Result<const PluginInfo*> install(const std::filesystem::path& folder, std::string_view id,
                                            const std::string& signer) = 0;
  virtual Status make_current(std::string_view id, std::string_view version) = 0;
  virtual Status uninstall(std::string_view id, std::string_view version) = 0;
};

}  // namespace myriad::plugin_host
