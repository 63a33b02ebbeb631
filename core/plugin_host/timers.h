// What one life of an instance asked of timer/1: ticks that come due on its strand. Thread-safe; nothing here waits.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>

#include "base/scheduler.h"
#include "myriad/plugin.h"

namespace myriad::plugin_host {

class Timers {
 public:
  static constexpr std::size_t most = 64;
  struct Call {  // nulls: its plugin runs in a process of its own, which knows by the id
    myriad_status (*fire)(void* user, std::uint64_t timer, myriad_error*) = nullptr;
    void* user = nullptr;
  };

  // `due` is called on the strand; take() tells whether there is still something to do.
  Timers(std::shared_ptr<Strand> strand, std::function<void(std::uint64_t id)> due)
      : strand_(std::move(strand)), due_(std::move(due)) {}

  // INVALID: the id is taken, or the times are not those of plugin.h. DENIED: there are `most`. CANCELLED: after end().
  myriad_status set(std::uint64_t id, std::int64_t first_ns, std::int64_t period_ns, Call);
  myriad_status cancel(std::uint64_t id);
  // What a tick that is due calls. Nothing: it was cancelled meanwhile.
  std::optional<Call> take(std::uint64_t id);
  void end();

 private:
  struct Entry {
    Timer timer;
    Call call;
    bool once = false;
  };
  const std::shared_ptr<Strand> strand_;
  const std::function<void(std::uint64_t)> due_;
  std::mutex mutex_;  // guards all below
  std::map<std::uint64_t, Entry> entries_;
  bool ended_ = false;
};

}  // namespace myriad::plugin_host
