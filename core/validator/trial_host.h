// A host for checks: keeps all in memory, watches whether the plugin keeps its promises, and can be a newer, older,
// poorer or ailing one. One for each instance. Thread-safe as plugin.h tags it.
#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "myriad/plugin.h"

namespace myriad::validator {

struct HostKind {
  std::uint32_t abi = MYRIAD_ABI;
  bool longer = false;                  // every table has a tail that the plugin does not know
  std::set<std::string> withheld = {};  // extensions that it does not serve
  myriad_status answer = MYRIAD_OK;     // of publish() and everything else that can fail, but for intern_point()
  myriad_status durable = MYRIAD_OK;    // what `done` is told
};

// The ids of all extensions that hosts serve.
const std::vector<std::string>& host_extensions();

class TrialHost {
 public:
  explicit TrialHost(HostKind kind = {});
  ~TrialHost();  // after destroy() of the instance
  TrialHost(const TrialHost&) = delete;
  TrialHost& operator=(const TrialHost&) = delete;

  const myriad_host* raw() const;

  // Where the instance is in its life. From `stopped` on it may only log, after `destroyed` not even that.
  enum class Phase : std::uint8_t { creating, alive, stopped, destroyed };
  void enter(Phase phase) { phase_ = phase; }

  void answer(myriad_status status) { answer_ = status; }  // from now on, as HostKind::answer
  void drain();                                            // waits for every `done` that is owed

  // What the plugin told, so far.
  struct Property {
    std::string thing, property, type;
    bool writable = false;
  };
  struct Action {
    std::string thing, action;
    nlohmann::json input;  // its schema, or null
  };
  std::vector<Property> properties() const;
  std::vector<Action> actions() const;
  std::vector<std::string> patterns() const;
  std::vector<std::uint64_t> timers() const;
  // Of a timer that is due; OK when it was cancelled meanwhile.
  myriad_status fire(std::uint64_t timer, myriad_error*);
  void forget_timers();                          // at stop()
  std::uint32_t point(const std::string& name);  // makes it
  std::uint32_t point_count() const;
  std::uint64_t readings() const { return readings_; }

  // Promises that were broken, as sentences: about what it hands over, and about when it calls.
  std::vector<std::string> malformed() const;
  std::vector<std::string> misplaced() const;

 private:
  struct Tables;
  friend struct Tables;

  bool may(const char* function);  // notes a call that comes too late
  void note(std::vector<std::string>& list, std::string sentence);
  bool is_slug(const char* what, myriad_text);

  const void* extension(const char* id);
  myriad_status intern(myriad_text thing, myriad_text property, std::uint32_t* id);
  myriad_status publish(const myriad_batch&);
  myriad_status publish_durable(const myriad_batch&, void (*done)(void*, myriad_status), void* user);
  myriad_status put_thing(myriad_text thing, myriad_text td, myriad_error*);
  myriad_status emit(myriad_text thing, myriad_text event, myriad_text data, std::int64_t time_ns);
  myriad_status select(const myriad_text* patterns, std::uint32_t count, myriad_error*);
  myriad_status name(std::uint32_t point, myriad_text* thing, myriad_text* property);
  myriad_status unit(std::uint32_t point, char* buffer, std::size_t size);
  myriad_status kv_put(myriad_text key, const void* value, std::size_t size);
  myriad_status kv_get(myriad_text key, void (*found)(void*, const void*, std::size_t), void* user);
  myriad_status metric(myriad_text name, double value);
  myriad_status connection(std::int32_t up, myriad_text reason);
  struct Tick {
    myriad_status (*fire)(void* user, std::uint64_t timer, myriad_error*) = nullptr;
    void* user = nullptr;
    bool once = false;
  };
  myriad_status set_timer(std::int64_t first_ns, std::int64_t period_ns, Tick, std::uint64_t* timer);
  myriad_status cancel_timer(std::uint64_t timer);
  myriad_status secret(myriad_text name, void (*found)(void*, const void*, std::size_t), void* user, myriad_error*);
  myriad_status history(const myriad_history_query&, void (*found)(void*, const myriad_batch*), void* user,
                        myriad_error*);
  void pay();  // calls what publish_durable owes; runs on a thread of its own

  const HostKind kind_;
  const std::unique_ptr<Tables> tables_;
  std::atomic<Phase> phase_ = Phase::creating;
  std::atomic<myriad_status> answer_;
  std::atomic<std::uint64_t> readings_ = 0;

  mutable std::mutex mutex_;  // guards all below
  std::condition_variable changed_;
  std::map<std::string, std::uint32_t> ids_;
  std::vector<std::unique_ptr<std::string>> names_;  // by id - 1; lent to the plugin, so never moved
  std::map<std::string, nlohmann::json> things_;
  std::map<std::string, std::string> kv_;
  std::set<std::string> metrics_;
  std::map<std::uint64_t, Tick> ticks_;
  std::uint64_t last_timer_ = 0;
  std::vector<std::string> patterns_, malformed_, misplaced_;
  std::vector<std::function<void()>> owed_;
  bool paying_ = false, closed_ = false;
  std::thread payer_;  // last: it uses the others
};

}  // namespace myriad::validator
