// What the site knows and must not forget: Things, instances, events, small plugin state. One SQLite file. Thread-safe.
// Every document carries a version that grows with each change; the API's ETags are made of it.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace myriad::registry {

struct Thing {
  std::string name;  // slug
  std::string id;    // URI
  std::string td;    // TD 1.1 as stored: without forms and security, which the API adds when it serves it
  std::uint64_t version = 0;
};

struct InstanceRecord {
  std::string id, plugin;
  std::string config;  // JSON as the administrator gave it, without defaults
  bool enabled = true;
  std::uint64_t version = 0;
  std::string plugin_version = {};  // which version of the plugin runs it; empty: the plugin's current one
  std::string isolation = {};       // "in_process" or "process"; empty: the manifest's default
  std::string quota = {};           // JSON object of the limits that differ from the usual ones; may be empty
};

struct Event {
  std::uint64_t sequence = 0;
  std::string thing, event, data;  // data: JSON or empty
  Nanos time = 0;
};

template <class T>
struct Page {
  std::vector<T> items;
  std::string next;  // pass as `after` for the next page; empty at the end
};

// The version a writer expects; nullopt: whatever it is.
using IfVersion = std::optional<std::uint64_t>;

class Registry {
 public:
  // A damaged file is set aside and goes on with what can be read of it; `damaged` is told.
  static Result<std::unique_ptr<Registry>> open(const std::filesystem::path& file,
                                                const std::function<void(const std::string&)>& damaged = {});
  virtual ~Registry() = default;

  // ---- Things. `key` is a name or an id.
  virtual Result<Thing> thing(std::string_view key) const = 0;
  virtual Page<Thing> things(std::string_view search, std::string_view after, std::size_t limit) const = 0;
  virtual std::size_t thing_count() const = 0;
  virtual Result<Thing> create_thing(std::string_view name, const nlohmann::json& td) = 0;
  virtual Result<Thing> replace_thing(std::string_view key, const nlohmann::json& td, IfVersion) = 0;
  virtual Result<Thing> patch_thing(std::string_view key, const nlohmann::json& patch, IfVersion) = 0;  // RFC 7396
  virtual Status remove_thing(std::string_view key, IfVersion) = 0;
  // Creates or merges a partial TD, and notes `instance` as the owner of the properties it names. No change, no
  // version. DENIED when one of them belongs to another instance that is enabled. `instance` empty: nobody's.
  virtual Result<Thing> describe_thing(std::string_view name, const nlohmann::json& part,
                                       std::string_view instance) = 0;

  // One property of a Thing, as its TD states it, and which instance serves it (empty: none).
  struct Property {
    std::string type, unit;  // JSON type name; both may be empty
    bool read_only = false;
    std::optional<double> minimum, maximum;
    std::string owner;
  };
  virtual std::optional<Property> property(std::string_view point) const = 0;  // served from memory: cheap
  virtual std::vector<std::string> things_of(std::string_view instance) const = 0;
  virtual std::vector<std::string> owners(std::string_view thing) const = 0;  // instance ids

  // ---- Instances
  virtual std::vector<InstanceRecord> instances() const = 0;
  virtual Result<InstanceRecord> instance(std::string_view id) const = 0;
  virtual Result<InstanceRecord> create_instance(const InstanceRecord&) = 0;
  virtual Result<InstanceRecord> replace_instance(const InstanceRecord&, IfVersion) = 0;
  virtual Status remove_instance(std::string_view id, IfVersion) = 0;  // also its key-value state and ownership

  // ---- Events of Things, newest first; the oldest go beyond 100,000.
  virtual Status record_event(const Event&) = 0;
  virtual Page<Event> events(std::string_view thing, std::string_view after, std::size_t limit) const = 0;
  // Called after each recorded event, on the recording thread; must not block. Lives as long as the handle.
  virtual std::shared_ptr<void> on_event(std::function<void(const Event&)>) = 0;

  // ---- Small state by owner ("instance/<id>", "site") and key
  virtual Status put(std::string_view owner, std::string_view key, std::string_view value) = 0;  // empty removes
  virtual std::optional<std::string> get(std::string_view owner, std::string_view key) const = 0;
  // What all of the owner's state takes, or that of one key: keys, values, and 64 bytes for each.
  virtual std::size_t state_bytes(std::string_view owner) const = 0;
  virtual std::size_t state_bytes(std::string_view owner, std::string_view key) const = 0;
};

}  // namespace myriad::registry
