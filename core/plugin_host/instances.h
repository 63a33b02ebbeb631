// Runs configured plugins: creates, starts, polls, feeds, writes, stops. Reconfiguring one stops nothing else.
// Thread-safe; calls that start or stop an instance block until it is done, and never for a device.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "model/value.h"
#include "plugin_host/isolation.h"
#include "plugin_host/plugins.h"
#include "plugin_host/quota.h"
#include "registry/registry.h"
#include "spine/spine.h"

namespace myriad::plugin_host {

// quarantined: it failed so often in a row that only a person starts it again.
enum class State : std::uint8_t { stopped, starting, running, degraded, faulted, quarantined, stopping };
std::string_view state_name(State);

struct InstanceStatus {
  registry::InstanceRecord record;
  State state = State::stopped;
  Nanos since = 0;
  struct Fault {
    Nanos time = 0;
    std::string status, message;  // "unavailable", …
  };
  std::optional<Fault> last_error;
  struct Connection {
    bool up = false;
    std::string reason;
  };
  std::optional<Connection> connection;  // as the plugin reports it
  std::uint64_t readings = 0, batches = 0, refused = 0, polls = 0, errors = 0, restarts = 0;
  std::optional<std::uint64_t> lag;  // readings between a sink's or processor's cursor and the spine's end
  struct Delivery {
    std::uint64_t lag = 0;  // readings between the cursor and the spine's end
    std::uint64_t delivered = 0, retries = 0;
    double rate = 0;  // delivered readings a second, over the last ten
    spine::DeadLetters dead_letters;
    std::optional<Nanos> next_retry;  // the peer is waited for until then
  };
  std::optional<Delivery> delivery;  // of a sink or processor that has a cursor; also while it does not run
  std::vector<std::pair<std::string, double>> metrics;
  Isolation isolation = Isolation::in_process;
  Quota quota;
  struct Usage {
    double cpu_percent = 0;
    std::uint64_t memory = 0;
  };
  std::optional<Usage> usage;  // of a process of its own, while it runs
  std::string plugin_version;  // that runs, or would
};

// To what a plugin serves itself. `path` begins with '/' and is as it was sent; so is `query`.
struct HttpRequest {
  std::string method, path, query, content_type, body, user;
};
struct HttpResponse {
  int status = 0;  // 200 to 599
  std::string content_type, body;
};

struct LogLine {
  Nanos time = 0;
  Level level{};
  std::string text;
};

// How long things may take, and how often they are tried. Tests use shorter ones.
struct Timings {
  std::chrono::milliseconds stop{4'000};     // then a plugin that does not return is left behind
  std::chrono::milliseconds control{3'000};  // create() and start(), which do not wait for equipment
  std::chrono::milliseconds poll{10'000};    // a poll's deadline, or its interval where that is longer
  std::chrono::milliseconds restart_first{50}, restart_most{60'000};  // of a faulted instance; doubles
  std::chrono::milliseconds settle{1'000};                         // a moved instance that runs for so long is healthy
  int quarantine_after = 12;                                       // faults in a row
  std::chrono::milliseconds retry_first{100}, retry_most{10'000};  // of a delivery; doubles
  // Of a plugin in a process of its own, which is killed then.
  std::chrono::milliseconds setup{10'000};      // its process loads it
  std::chrono::milliseconds call{60'000};       // deliver(), process() and the like, which have no deadline
  std::chrono::milliseconds grace{1'000};       // beyond a call's deadline
  std::chrono::milliseconds heartbeat{15'000};  // for so long it says nothing
};

class Instances {
 public:
  struct Parts {  // all outlive the object
    Plugins& plugins;
    registry::Registry& registry;
    spine::Spine& spine;
    model::Points& points;
    const Clock& clock;
    Log log;
    Timings timings = {};
    Children children = {};
    // What plugins are told when they ask; empty: that this site has none.
    std::function<Result<std::string>(std::string_view name, std::string_view instance)> secrets = {};
    std::function<Result<model::Batch>(std::string_view point, const myriad_history_query&)> history = {};
  };
  static std::unique_ptr<Instances> make(Parts);
  virtual ~Instances() = default;  // stops all

  virtual void start_enabled() = 0;  // at start of the daemon; one that fails is faulted and says why
  // The number of plugins that did not return and were left behind: their threads still run, so a process that ends
  // must not run static destructors beside them.
  virtual std::size_t stop_all(std::chrono::milliseconds limit) = 0;

  virtual std::vector<InstanceStatus> list() const = 0;
  virtual Result<InstanceStatus> get(std::string_view id) const = 0;
  // The configuration is checked (schema, then the plugin's own create) before anything is stored or stopped; errors
  // name the JSON pointer in `field` ("/config/points/0/type").
  virtual Result<InstanceStatus> create(registry::InstanceRecord) = 0;
  virtual Result<InstanceStatus> replace(registry::InstanceRecord, registry::IfVersion) = 0;
  // Runs the instance with another version of its plugin, and with the configuration for it. One that does not become
  // healthy goes back to what it was, and the error says why.
  virtual Status move(std::string_view id, const std::string& plugin_version, const std::string& config) = 0;
  // Its record was changed in the registry, in nothing that concerns what runs.
  virtual void reread(std::string_view id) = 0;
  virtual Status remove(std::string_view id, registry::IfVersion) = 0;
  virtual Result<InstanceStatus> start(std::string_view id) = 0;  // and enables
  virtual Result<InstanceStatus> stop(std::string_view id) = 0;   // and disables
  virtual Result<InstanceStatus> restart(std::string_view id) = 0;

  // Of a sink: where its cursor is from now on. Older readings than the spine keeps: from its begin.
  virtual Result<spine::Sequence> replay(std::string_view id, spine::Sequence from) = 0;
  // Of a sink or processor, by sequence, behind `after`.
  virtual Result<std::vector<spine::DeadLetter>> dead_letters(std::string_view id, spine::Sequence after,
                                                              std::size_t limit) = 0;
  virtual Status retry_dead_letters(std::string_view id) = 0;  // begins it; it must run
  virtual Status drop_dead_letters(std::string_view id) = 0;

  // To the equipment that owns the point, through the plugin; the answer when it confirmed.
  virtual Status write(std::string_view point, const model::Value&, std::chrono::milliseconds limit) = 0;
  virtual Status read(std::string_view point, std::chrono::milliseconds limit) = 0;  // publishes a fresh reading

  virtual Result<HttpResponse> serve(std::string_view id, HttpRequest, std::chrono::milliseconds limit) = 0;

  virtual std::vector<LogLine> logs(std::string_view id, std::size_t limit) const = 0;
  // Called when a state or connection changes; must not block. Lives as long as the handle.
  virtual std::shared_ptr<void> on_change(std::function<void(std::string_view id)>) = 0;
};

}  // namespace myriad::plugin_host
