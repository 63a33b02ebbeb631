// The host as one plugin instance sees it: the functions of myriad_host and the extensions that the host serves.
// Thread-safe, as plugin.h tags them. Lives from before create() until after destroy().
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <vector>

#include "base/scheduler.h"
#include "model/points.h"
#include "plugin_host/point_set.h"
#include "plugin_host/quota.h"
#include "plugin_host/telemetry.h"
#include "plugin_host/timers.h"
#include "registry/registry.h"
#include "spine/spine.h"

namespace myriad::plugin_host {

// What an instance may make of the site's memory and disk, in all.
struct Limits {
  std::uint64_t points = 1'000'000;                // new ones
  std::size_t described = std::size_t{128} << 20;  // bytes of the descriptions of its Things
  std::size_t kept = std::size_t{64} << 20;        // bytes of kv/1, with 64 for each key
};

class HostTable {
 public:
  struct Parts {  // references outlive the table, but see close()
    std::string id;
    registry::Registry& registry;
    spine::Spine& spine;
    model::Points& points;
    const Clock& clock;
    std::shared_ptr<Telemetry> telemetry;
    // Records events and calls `done`: neither may wait behind a poll, nor hold up the spine's committer.
    std::shared_ptr<Strand> aside;
    std::function<void(bool up)> on_connection;
    bool trial = false;  // only to check a configuration: what the plugin says is checked and has no effect
    std::shared_ptr<Allowance> allowance = {};  // of what it publishes; null: none
    Limits limits = {};
    std::shared_ptr<Timers> timers = {};                                    // null: what it sets never ticks
    std::function<Result<std::string>(std::string_view name)> secret = {};  // of those that this instance is given
    std::function<Result<model::Batch>(std::string_view point, const myriad_history_query&)> history = {};
  };
  explicit HostTable(Parts parts);
  HostTable(const HostTable&) = delete;
  HostTable& operator=(const HostTable&) = delete;

  const myriad_host* raw() const { return &table_; }
  std::vector<std::string> patterns() const;  // of inputs/1

  // Waits until every event is recorded and every `done` was called. False at the deadline.
  bool drain(std::chrono::steady_clock::time_point deadline);

  // For a plugin that was left behind: from now on every function fails and touches nothing. Waits for calls in it.
  void close();

  // Held by each function, and by work for the instance that a late return of its plugin may cause. False once closed.
  // `open_` is read before the lock too, so that a stream of calls cannot keep close() waiting.
  class Entry {
   public:
    explicit Entry(HostTable& table) {
      if (!table.open_) return;
      lock_ = std::shared_lock(table.gate_);
      inside_ = table.open_;
    }
    explicit operator bool() const { return inside_; }

   private:
    std::shared_lock<std::shared_mutex> lock_;
    bool inside_ = false;
  };

  myriad_status intern(myriad_text thing, myriad_text property, std::uint32_t* id);
  // `counts`: readings that are not taken now are refused to the plugin, not only kept waiting by its host.
  myriad_status publish(const myriad_batch&, spine::Spine::Done, bool counts = true);
  myriad_status publish_durable(const myriad_batch&, void (*done)(void*, myriad_status), void* user,
                                bool counts = true);
  myriad_status put_thing(myriad_text thing, myriad_text td_json, myriad_error*);
  myriad_status emit(myriad_text thing, myriad_text event, myriad_text data, std::int64_t time_ns);
  myriad_status select(const myriad_text* patterns, std::uint32_t count, myriad_error*);
  myriad_status name(std::uint32_t point, myriad_text* thing, myriad_text* property) const;
  myriad_status unit(std::uint32_t point, char* buffer, std::size_t size) const;
  myriad_status kv_put(myriad_text key, const void* value, std::size_t size);
  myriad_status kv_get(myriad_text key, void (*found)(void*, const void*, std::size_t), void* user);
  myriad_status connection(bool up, myriad_text reason);
  std::uint64_t next_timer() { return ++last_timer_; }
  myriad_status set_timer(std::uint64_t id, std::int64_t first_ns, std::int64_t period_ns, Timers::Call);
  myriad_status cancel_timer(std::uint64_t id);
  myriad_status secret(myriad_text name, void (*found)(void*, const void*, std::size_t), void* user, myriad_error*);
  myriad_status history(const myriad_history_query&, void (*found)(void*, const myriad_batch*), void* user,
                        myriad_error*);
  const Parts& parts() const { return parts_; }

  // It is asked about that point, so it may publish it without having named it.
  void admit(std::uint32_t point) { own_points_.insert(point); }
  // What the plugin published breaks a rule: counted, and said once. Returns INVALID.
  myriad_status refuse(std::string_view why);
  void later(std::function<void()> task);  // on `aside`; drain() waits for it

 private:
  void own(std::uint32_t point, std::string_view name);
  // Says once, in the log, that a limit is reached. Returns DENIED.
  myriad_status exceed(std::string_view what);
  // The enabled instance, other than this, that serves the point; empty when there is none.
  std::string other_owner(std::string_view point) const;
  std::string why_not_its_own(std::uint32_t point) const;

  const Parts parts_;
  PointSet own_points_;
  myriad_host table_{};
  std::shared_mutex gate_;  // shared by calls in progress, taken whole by close()
  std::atomic<bool> open_ = true;
  std::atomic<std::uint64_t> last_timer_ = 0;
  mutable std::mutex mutex_;  // guards all below
  std::condition_variable drained_;
  std::vector<std::string> patterns_;
  std::string last_refusal_;
  std::map<std::string, std::size_t, std::less<>> described_;  // bytes by Thing
  std::size_t described_bytes_ = 0;
  std::optional<std::size_t> kept_bytes_;  // unknown before the first put
  std::size_t outstanding_ = 0, events_ = 0;
};

}  // namespace myriad::plugin_host
