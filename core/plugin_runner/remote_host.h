// The host as a plugin in the child process sees it: each function becomes a message to the daemon, as
// docs/specs/runner-protocol.md says. One per process, for it is what a plugin's late reply finds. Thread-safe.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <thread>
#include <unordered_map>

#include "model/abi_batch.h"
#include "plugin_runner/codec.h"
#include "plugin_runner/packets.h"

namespace myriad::plugin_runner {

class RemoteHost {
 public:
  explicit RemoteHost(int side);
  RemoteHost(const RemoteHost&) = delete;
  RemoteHost& operator=(const RemoteHost&) = delete;

  const myriad_host* raw() const { return &table_; }

  // Answers the daemon's messages, on this thread, until it is gone. `on_cancel` unblocks the plugin.
  void listen(std::function<void()> on_cancel);

  // These came with a batch or a question, so that the plugin may publish them.
  void learn_points(model::BatchView);
  void learn_point(std::uint32_t point);

  // The output of an action; at most once for each id, others are dropped.
  void expect_reply(std::uint64_t id);
  void forget_reply(std::uint64_t id);
  static void reply(void* id, myriad_status, myriad_text output);

  myriad_status publish(const myriad_batch&);
  myriad_status publish_durable(const myriad_batch&, void (*done)(void*, myriad_status), void* user);
  void log(std::int32_t level, std::string_view text);
  myriad_status name(std::uint32_t point, myriad_text* thing, myriad_text* property);
  myriad_status metric(std::string_view name, double value);
  myriad_status connection(bool up, std::string_view reason);
  struct Tick {
    myriad_status (*fire)(void* user, std::uint64_t timer, myriad_error*);
    void* user;
    bool once;
  };
  myriad_status set_timer(std::int64_t first_ns, std::int64_t period_ns, Tick, std::uint64_t* timer);
  myriad_status cancel_timer(std::uint64_t timer);
  // What a tick calls. Nothing: it was cancelled meanwhile.
  std::optional<Tick> take_tick(std::uint64_t timer);
  void forget_ticks();  // after stop()
  myriad_status history(const myriad_history_query&, void (*found)(void*, const myriad_batch*), void* user,
                        myriad_error*);

  struct Answer {
    myriad_status status = MYRIAD_E_CANCELLED;  // the daemon is gone
    std::string payload;
  };
  // Asks the daemon and waits for its answer.
  Answer ask(Type, const Writer& payload);

 private:
  struct Waiting {
    Answer answer;
    bool answered = false;
  };
  struct Durable {
    void (*done)(void*, myriad_status);
    void* user;
  };
  struct Names {
    std::string thing, property;
  };

  myriad_status send_batch(Type, std::uint64_t id, const myriad_batch&);
  Sent send(Type, std::int32_t status, std::uint64_t id, std::string_view payload, bool waits);
  bool take_one();  // on the listening thread; false: the daemon is gone
  void handle(const Message&);
  void answer(const Message&);
  void durable(const Message&);
  void take_back(std::uint64_t timer);

  const int side_;
  myriad_host table_{};
  Receiver receiver_;
  std::function<void()> on_cancel_;
  std::atomic<std::thread::id> listener_;
  std::atomic<std::uint64_t> next_id_ = 1;
  std::atomic<std::uint32_t> last_point_ = 0;
  std::atomic<std::uint64_t> lost_lines_ = 0;

  std::mutex sending_;  // keeps the packets of one message together

  std::mutex mutex_;  // guards all below
  std::condition_variable answered_;
  bool gone_ = false;
  std::map<std::uint64_t, Waiting*> waiting_;
  std::unordered_map<std::uint64_t, Durable> durable_;
  std::map<std::uint64_t, bool> replies_;
  std::map<std::string, double, std::less<>> metrics_;  // as the daemon knows them
  std::string connection_;
  std::unordered_map<std::uint64_t, Tick> ticks_;

  std::shared_mutex names_mutex_;                   // guards names_
  std::unordered_map<std::uint32_t, Names> names_;  // borrowed by the plugin: never erased
};

}  // namespace myriad::plugin_runner
