// Feeds one sink or processor from the spine: reads on from a durable cursor, picks what its patterns match, delivers
// in order, repeats what was not taken, and moves the cursor when it was. Woken by each commit.
//
// Works on the instance's strand; lag() and wake() are for any thread. Lives as long as its runner.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/scheduler.h"
#include "model/points.h"
#include "plugin_host/instances.h"
#include "plugin_host/outcome.h"
#include "spine/spine.h"

namespace myriad::plugin_host {

class Delivery : public std::enable_shared_from_this<Delivery> {
 public:
  struct Parts {
    std::string cursor;  // its name
    spine::Spine& spine;
    model::Points& points;
    std::shared_ptr<Strand> strand;
    std::vector<std::string> patterns;
    Timings timings;
    std::function<Outcome(const myriad_batch&)> deliver;
    std::function<Outcome(std::string&)> save;  // a processor's state, stored with the cursor; may be empty
    // After each attempt. `gives_up`: the same readings were refused so often that no further attempt is made.
    std::function<void(const Outcome&, bool gives_up)> report;
    std::function<void(const std::string& text)> warn;
  };
  explicit Delivery(Parts parts) : parts_(std::move(parts)) {}

  // Loads the cursor; a new one starts at the spine's end, and is stored there.
  Status open();
  const std::string& state() const { return state_; }  // as stored with the cursor
  void start();
  void stop();  // stores how far it came

  std::uint64_t lag() const;

 private:
  void wake();
  void pump();
  bool gather();
  bool is_chosen(std::uint32_t point);
  Result<bool> next_block();
  void deliver();
  void delivered();
  void retry(const Outcome&);
  void store_cursor();

  const Parts parts_;
  std::shared_ptr<void> commits_;
  Timer retry_;
  std::atomic<bool> waking_ = false, waiting_to_retry_ = false;
  std::atomic<spine::Sequence> next_ = 1;  // the first reading that is neither delivered nor passed over
  spine::Sequence scanned_ = 1;            // the first reading not yet looked at; behind it what batch_ holds
  spine::BlockPtr block_;
  model::Batch batch_;  // to deliver
  std::vector<bool> chosen_;
  std::string state_;
  int failures_ = 0, refusals_ = 0;
  bool running_ = false;
  Scheduler::Clock::time_point stored_;
};

}  // namespace myriad::plugin_host
