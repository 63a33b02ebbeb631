// Keeps one configured instance in the state that it should have: creates, starts, polls, feeds and stops its runner,
// tells what its failures mean, and restarts it when a restart may help.
//
// Thread-safe, but begin_start, begin_stop and finish_stop: one caller at a time.
#pragma once

#include <future>
#include <memory>
#include <mutex>

#include "base/scheduler.h"
#include "plugin_host/delivery.h"
#include "plugin_host/make_runner.h"

namespace myriad::plugin_host {

class Supervisor : public std::enable_shared_from_this<Supervisor> {
 public:
  struct Context {  // all outlive the object
    const Instances::Parts& parts;
    Scheduler& scheduler;
    Hub& hub;
    std::function<void(const std::string& id)> changed;
  };
  Supervisor(Context context, registry::InstanceRecord record);

  // Starts, on the scheduler; the future is ready when it runs or is faulted.
  std::shared_future<void> begin_start();
  void begin_stop();
  // At the deadline a plugin that does not return is left behind: false.
  bool finish_stop(Scheduler::Clock::time_point deadline);

  void set_record(registry::InstanceRecord record);
  InstanceStatus status() const;
  std::vector<LogLine> lines(std::size_t limit) const { return telemetry_->lines(limit); }

  Status replay(spine::Sequence from);
  Status retry_dead_letters();

  // `name` is the point's, for messages.
  Status write(std::uint32_t point, std::string_view name, const model::Value&, std::chrono::milliseconds limit);
  Status read(std::uint32_t point, std::string_view name, std::chrono::milliseconds limit);
  Result<HttpResponse> serve(HttpRequest, std::chrono::milliseconds limit);

 private:
  enum class Phase : std::uint8_t { stopped, starting, up, faulted, quarantined, stopping };
  struct Run;
  using RunPtr = std::shared_ptr<Run>;

  // On the strand.
  void do_start();
  Result<RunPtr> make_run(const registry::InstanceRecord& record, const PluginInfo& plugin,
                          const nlohmann::json& config);
  Outcome try_start(Run&, const nlohmann::json& config);
  Outcome feed(Run&);
  void arm_polls(const RunPtr&, const nlohmann::json& config);
  void poll(const RunPtr&);
  void fire(const RunPtr&, std::uint64_t timer);
  void report_delivery(const std::weak_ptr<Run>&, const Outcome&, bool gives_up);
  void take_down(RunPtr);
  bool breaks_on() const;

  void fault(const RunPtr&, const Outcome&);
  void note_failure(const Outcome&);
  void ended(const RunPtr&);
  void restart_or_quarantine(bool broke);
  Status request(std::chrono::milliseconds limit, std::string_view what, std::function<Outcome(Runner&)> work);
  RunPtr current() const;
  std::shared_ptr<Strand> strand() const;

  State state() const;  // needs mutex_
  template <class F>
  bool update(F&& change);  // of what mutex_ guards; when the state changed, tells `changed` and returns true

  const Context context_;
  const std::string id_, cursor_;  // the cursor's name
  const Log log_;
  const std::shared_ptr<Telemetry> telemetry_;
  const std::shared_ptr<Strand> aside_;

  Scheduler::Clock::time_point last_poll_{};  // on the strand

  mutable std::mutex mutex_;  // guards all below
  registry::InstanceRecord record_;
  std::shared_ptr<Strand> strand_;  // another one after a plugin was left behind
  RunPtr run_;
  Phase phase_ = Phase::stopped;
  bool poll_fails_ = false, delivery_fails_ = false, timer_fails_ = false, disconnected_ = false;
  std::string last_complaint_;
  Nanos since_ = 0, up_since_ = 0;
  std::optional<InstanceStatus::Fault> last_error_;
  int faults_ = 0;  // in a row
  Timer restart_;
  std::shared_ptr<std::promise<void>> stopped_;
};

}  // namespace myriad::plugin_host
