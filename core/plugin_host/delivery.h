// Feeds one sink or processor from the spine: reads on from a durable cursor, picks what its patterns match, delivers
// in order, repeats what was not taken, and moves the cursor when it was. Woken by each commit.
//
// What is refused though repeated is looked for by halves; a single refused reading becomes a dead letter, kept in the
// spine beside the cursor, and the others go on. Readings are not to blame where a hundred in a row are refused: then
// it gives up.
//
// Works on the instance's strand; lag(), next_retry() and wake() are for any thread. Lives as long as its runner.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/scheduler.h"
#include "model/points.h"
#include "plugin_host/host_table.h"
#include "plugin_host/outcome.h"
#include "plugin_host/portion.h"
#include "spine/spine.h"

namespace myriad::plugin_host {

class Delivery : public std::enable_shared_from_this<Delivery> {
 public:
  struct Parts {
    std::string cursor;  // its name
    spine::Spine& spine;
    model::Points& points;
    const Clock& clock;
    std::shared_ptr<Strand> strand;
    HostTable& host;
    std::shared_ptr<Telemetry> telemetry;
    std::vector<std::string> patterns;
    Timings timings;
    bool buries_broken = false;  // the plugin broke on the same readings in earlier lives: they may be to blame
    std::function<Outcome(const myriad_batch&)> deliver = {};
    std::function<Outcome(std::string&)> save = {};  // a processor's state, stored with the cursor; may be empty
    // After each attempt. `gives_up`: the same readings were refused so often that no further attempt is made.
    std::function<void(const Outcome&, bool gives_up)> report = {};
  };
  explicit Delivery(Parts parts) : parts_(std::move(parts)) {}

  // Loads the cursor; a new one starts at the spine's end, and is stored there.
  Status open();
  const std::string& state() const { return state_; }  // as stored with the cursor
  void start();
  void stop();  // stores how far it came
  // Goes on there, back or forward.
  void go_to(spine::Sequence);
  // Tries its dead letters once more, before what is new.
  void retry_letters();

  std::uint64_t lag() const;
  std::optional<Nanos> next_retry() const;

 private:
  void wake();
  void pump();
  bool gather();
  bool gather_letters();
  bool is_chosen(std::uint32_t point);
  Result<bool> next_block();
  void add(model::BatchView, const model::Reading&, spine::Sequence);
  void begin_batch();
  void deliver();
  void delivered();
  void not_delivered(const Outcome&);
  bool is_buriable(const Outcome&) const;
  void split(const Outcome&);
  void bury(std::size_t at, const Outcome&);
  void retry_later(const Outcome&);
  void give_up(const Outcome&);
  void moved();
  void forget_batch();
  void store_cursor();
  void warn(const std::string& text) { parts_.telemetry->log(Level::warn, text); }

  const Parts parts_;
  std::shared_ptr<void> commits_;
  Timer retry_;
  std::atomic<bool> waking_ = false, waiting_to_retry_ = false;
  std::atomic<Nanos> next_retry_ = 0;
  std::atomic<spine::Sequence> next_ = 1;  // the first reading that is neither delivered nor passed over
  spine::Sequence scanned_ = 1;            // the first reading not yet looked at; behind it what batch_ holds
  spine::BlockPtr block_;
  model::Batch batch_;                            // to deliver, from the log or from the dead letters
  std::vector<spine::Sequence> sequences_;        // of its readings
  bool letters_ = false;                          // it is from there
  Portion portion_;                               // of it, to try next
  std::optional<spine::Sequence> letters_after_;  // dead letters behind it are to be tried again
  spine::Sequence letters_until_ = 0;
  std::vector<bool> chosen_;
  std::string state_;
  int failures_ = 0, refusals_ = 0, buried_in_a_row_ = 0;
  bool batch_refused_ = false, running_ = false;
  Scheduler::Clock::time_point stored_;
};

}  // namespace myriad::plugin_host
