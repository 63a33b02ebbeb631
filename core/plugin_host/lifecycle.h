// Installs, upgrades, rolls back and removes plugins while their instances run. Thread-safe; one change at a time.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "plugin_host/instances.h"
#include "plugin_host/package.h"

namespace myriad::plugin_host {

class Lifecycle {
 public:
  struct Admission {
    std::string signer;   // fingerprint of the key that signed it; empty: nobody's
    std::string warning;  // what the administrator should know; may be empty
  };
  struct Parts {  // references outlive the object
    Plugins& plugins;
    Instances& instances;
    registry::Registry& registry;
    std::filesystem::path store;  // as the plugins'; packages are unpacked beside what is there
    Log log;
    std::function<Result<Admission>(const Package&)> admit;        // by its signature and the site's policy
    std::function<Status(const std::filesystem::path&)> validate;  // an unpacked plugin, in processes of its own
  };
  static std::unique_ptr<Lifecycle> make(Parts);
  virtual ~Lifecycle() = default;

  struct Moved {
    std::string instance;
    std::string kept;  // why it stays with the version that it had; empty: it moved
  };
  struct Change {
    const PluginInfo* plugin = nullptr;  // the version that is current now
    std::string from;                    // the version that was; empty: there was none
    std::string warning;
    std::vector<Moved> moved;
  };
  // A new plugin, or another version of one. Before anything changes: its signature is admitted, it passes the
  // validator, and the configuration of every instance, migrated, fits its schema and satisfies its create(). Then it
  // is current, and instances move one by one; one that does not become healthy goes back. `moves` false: instances
  // stay where they are, and both versions run side by side. Takes seconds.
  virtual Result<Change> install(const Package&, bool moves) = 0;
  // Makes an installed version current and moves all instances to it, each with the configuration that it had there.
  // `version` empty: the newest that is older than the current one.
  virtual Result<Change> roll_back(std::string_view id, std::string_view version) = 0;
  // `version` empty: every installed one. Refused while instances use it, naming them.
  virtual Status remove(std::string_view id, std::string_view version) = 0;
};

// The configuration for `to` of an instance that ran version `from`: the manifest's `migrations` whose `before` is
// newer than `from` are applied in their order, each a JSON Patch (RFC 6902):
//   "migrations": [{"before": "2.0.0", "patch": [{"op": "move", "from": "/host", "path": "/address"}]}]
Result<nlohmann::json> migrate(const Manifest& to, std::string_view from, nlohmann::json config);

}  // namespace myriad::plugin_host
