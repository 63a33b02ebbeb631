#include <algorithm>

#include "plugin_host/supervisor_run.h"

namespace myriad::plugin_host {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

namespace {

// What a plugin that never returned still uses. It lives as long as the process.
void leave_behind(std::shared_ptr<void> run) {
  static std::mutex mutex;
  static auto& left = *new std::vector<std::shared_ptr<void>>;
  const std::lock_guard lock(mutex);
  left.push_back(std::move(run));
}

milliseconds interval_of(const nlohmann::json& config) {
  const auto it = config.find("interval_ms");
  const bool polled = it != config.end() && it->is_number() && it->get<double>() >= 1;
  return milliseconds(polled ? it->get<std::int64_t>() : 0);
}

}  // namespace

Supervisor::Supervisor(Context context, registry::InstanceRecord record)
    : context_(std::move(context)),
      id_(record.id),
      cursor_("instance/" + id_),
      log_(context_.parts.log.named("instance/" + id_)),
      telemetry_(std::make_shared<Telemetry>(context_.parts.clock, log_)),
      aside_(context_.scheduler.strand()),
      record_(std::move(record)),
      strand_(context_.scheduler.strand()),
      since_(context_.parts.clock.now()) {}

// ---- State

State Supervisor::state() const {
  switch (phase_) {
    case Phase::stopped:
      return State::stopped;
    case Phase::starting:
      return State::starting;
    case Phase::up:
      return poll_fails_ || delivery_fails_ || disconnected_ ? State::degraded : State::running;
    case Phase::faulted:
      return State::faulted;
    case Phase::quarantined:
      return State::quarantined;
    case Phase::stopping:
      break;
  }
  return State::stopping;
}

template <class F>
bool Supervisor::update(F&& change) {
  {
    const std::lock_guard lock(mutex_);
    const auto before = state();
    change();
    if (state() == before) return false;
    since_ = context_.parts.clock.now();
  }
  context_.changed(id_);
  return true;
}

void Supervisor::set_record(registry::InstanceRecord record) {
  const std::lock_guard lock(mutex_);
  record_ = std::move(record);
}

InstanceStatus Supervisor::status() const {
  const auto& t = *telemetry_;
  InstanceStatus out;
  out.connection = t.connection();
  out.metrics = t.metrics();
  out.readings = t.readings;
  out.batches = t.batches;
  out.refused = t.refused;
  out.polls = t.polls;
  out.errors = t.errors;
  out.restarts = t.restarts;
  auto& spine = context_.parts.spine;
  const auto cursor = spine.find_cursor(cursor_);
  if (cursor) {
    const auto end = spine.end();
    out.delivery =
        InstanceStatus::Delivery{end - std::min(end, cursor->next), t.delivered, t.retries, t.delivered_per_s(),
                                 spine.count_dead_letters(cursor_), std::nullopt};
  }
  const std::lock_guard lock(mutex_);
  out.record = record_;
  if (const auto* plugin = context_.parts.plugins.find(record_.plugin, record_.plugin_version)) {
    out.plugin_version = plugin->manifest.version;
    out.isolation =
        isolation_of(plugin->manifest, record_.isolation, context_.parts.children).value_or(Isolation::in_process);
  }
  out.quota = quota_of(record_, out.isolation).value_or(Quota());
  out.state = state();
  out.since = since_;
  out.last_error = last_error_;
  if (run_) {
    if (const auto usage = run_->runner.usage()) out.usage = {usage->cpu_percent, usage->memory};
  }
  if (run_ && run_->delivery && phase_ == Phase::up) {
    out.lag = run_->delivery->lag();
    if (out.delivery) {
      out.delivery->lag = *out.lag;
      out.delivery->next_retry = run_->delivery->next_retry();
    }
  }
  return out;
}

Supervisor::RunPtr Supervisor::current() const {
  const std::lock_guard lock(mutex_);
  return run_;
}

std::shared_ptr<Strand> Supervisor::strand() const {
  const std::lock_guard lock(mutex_);
  return strand_;
}

// ---- Start

std::shared_future<void> Supervisor::begin_start() {
  update([&] {
    phase_ = Phase::starting;
    faults_ = 0;
  });
  const auto started = std::make_shared<std::promise<void>>();
  strand()->post_urgent([self = shared_from_this(), started] {
    self->do_start();
    started->set_value();
  });
  return started->get_future().share();
}

void Supervisor::do_start() {
  const auto& parts = context_.parts;
  const auto record = status().record;
  const auto* plugin = parts.plugins.find(record.plugin, record.plugin_version);
  if (!plugin || !plugin->refused.empty())
    return fault(nullptr, {MYRIAD_E_INVALID, "plugin '" + record.plugin + "' is " +
                                                 (plugin ? "refused: " + plugin->refused : "not installed")});
  const auto config = parts.plugins.configure(*plugin, nlohmann::json::parse(record.config, nullptr, false));
  if (!config)
    return fault(nullptr, {MYRIAD_E_INVALID, "/config" + config.error().field + ": " + config.error().message});
  telemetry_->forget_connection();
  auto made = make_run(record, *plugin, *config);
  if (!made) return fault(nullptr, {MYRIAD_E_INVALID, made.error().field + ": " + made.error().message});
  const auto run = *std::move(made);
  update([&] {
    if (phase_ == Phase::stopping) return;
    run_ = run;
    phase_ = Phase::starting;
    poll_fails_ = delivery_fails_ = timer_fails_ = disconnected_ = false;
    last_complaint_.clear();
  });
  if (current() != run) return;
  if (const auto outcome = try_start(*run, *config); !outcome.ok()) return fault(run, outcome);
  if (run->over) return;
  telemetry_->log(Level::info, "started");
  update([&] {
    if (phase_ != Phase::starting) return;
    phase_ = Phase::up;
    up_since_ = parts.clock.now();
  });
  if (run->delivery) run->delivery->start();
  arm_polls(run, *config);
}

Result<Supervisor::RunPtr> Supervisor::make_run(const registry::InstanceRecord& record, const PluginInfo& plugin,
                                                const nlohmann::json& config) {
  const auto& parts = context_.parts;
  const auto connection = [weak = weak_from_this()](bool up) {
    const auto self = weak.lock();
    if (!self) return;
    if (!self->update([&] { self->disconnected_ = !up; })) self->context_.changed(self->id_);
  };
  // Of this life only: the process of the one before may end late.
  const auto life = std::make_shared<std::weak_ptr<Run>>();
  const auto ended = [weak = weak_from_this(), life, strand = strand()] {
    strand->post_urgent([weak, life] {
      const auto self = weak.lock();
      const auto run = life->lock();
      if (self && run) self->ended(run);
    });
  };
  const auto due = [weak = weak_from_this(), life](std::uint64_t timer) {
    const auto self = weak.lock();
    const auto run = life->lock();
    if (self && run) self->fire(run, timer);
  };
  HostTable::Parts host{id_, parts.registry, parts.spine, parts.points, parts.clock, telemetry_, aside_, connection};
  host.timers = std::make_shared<Timers>(strand(), due);
  host.history = parts.history;
  host.secret = secret_for(parts, id_);
  const auto timers = host.timers;
  auto runner = make_runner({parts, context_.hub, plugin, record, config, std::move(host), ended});
  if (!runner) return runner.error();
  auto run = std::make_shared<Run>(*std::move(runner));
  run->timers = timers;
  *life = run;
  return run;
}

Outcome Supervisor::try_start(Run& run, const nlohmann::json& config) {
  const Outcome late{MYRIAD_E_CANCELLED, "it was stopped meanwhile"};
  if (auto outcome = run.runner.create(config.dump()); !outcome.ok()) return outcome;
  if (run.over) return late;
  if (auto outcome = feed(run); !outcome.ok()) return outcome;
  if (run.over) return late;
  return run.runner.start();
}

// Prepares what a sink or processor receives, and gives a processor its state back.
Outcome Supervisor::feed(Run& run) {
  auto patterns = run.runner.host().patterns();
  if (patterns.empty() || !(run.runner.serves(Runner::Serves::sink) || run.runner.serves(Runner::Serves::processor)))
    return {};
  const auto& parts = context_.parts;
  Delivery::Parts d{cursor_,           parts.spine, parts.points,        parts.clock,   strand(),
                    run.runner.host(), telemetry_,  std::move(patterns), parts.timings, breaks_on()};
  auto& runner = run.runner;  // outlives the delivery, which it is told to stop before
  d.deliver = [&runner](const myriad_batch& batch) {
    return runner.serves(Runner::Serves::sink) ? runner.deliver(batch) : runner.process(batch);
  };
  if (runner.serves(Runner::Serves::processor)) d.save = [&runner](std::string& state) { return runner.save(state); };
  d.report = [this, weak = std::weak_ptr(current())](const Outcome& outcome, bool gives_up) {
    report_delivery(weak, outcome, gives_up);
  };
  run.delivery = std::make_shared<Delivery>(std::move(d));
  if (const auto opened = run.delivery->open(); !opened)
    return {to_status(opened.error().code), opened.error().message};
  return runner.serves(Runner::Serves::processor) ? runner.load(run.delivery->state()) : Outcome{};
}

// Instances of one interval poll spread over it by their ids; where it is long, the first poll comes within a second.
void Supervisor::arm_polls(const RunPtr& run, const nlohmann::json& config) {
  const auto interval = interval_of(config);
  if (interval.count() == 0 || !run->runner.serves(Runner::Serves::device)) return;
  run->poll_limit = std::max(context_.parts.timings.poll, interval);
  const auto hash = std::hash<std::string>()(id_);
  const auto phase = [&](milliseconds span) {
    return nanoseconds(hash % static_cast<std::size_t>(nanoseconds(span).count()));
  };
  const auto call = [weak_self = weak_from_this(), weak = std::weak_ptr(run)] {
    const auto self = weak_self.lock();
    const auto alive = weak.lock();
    if (self && alive) self->poll(alive);
  };
  const auto lane = strand();
  // One that was polled before goes on in its rhythm, as far as that is.
  const auto since = Scheduler::Clock::now() - last_poll_;
  const bool goes_on = since < interval;
  const nanoseconds first = goes_on                                 ? interval - since
                            : last_poll_.time_since_epoch().count() ? nanoseconds(0)
                                                                    : phase(interval);
  if (constexpr milliseconds soon{1000}; first > soon && !goes_on) run->first_poll = lane->after(phase(soon), call);
  run->polls = lane->every(first, interval, call);
}

// ---- Work

void Supervisor::poll(const RunPtr& run) {
  if (run->over) return;
  const auto deadline = context_.parts.clock.now() + nanoseconds(run->poll_limit).count();
  last_poll_ = Scheduler::Clock::now();
  ++telemetry_
        ->polls;  // whoever sees it may leave this thread behind: nothing of ours is touched before the plugin returns
  const auto outcome = run->runner.poll(deadline);
  if (run->over) return;
  switch (meaning(outcome.status)) {
    case Meaning::fine:
      if (poll_fails_) telemetry_->log(Level::info, "polls again");
      update([&] { poll_fails_ = false; });
      return;
    case Meaning::later:
      return;
    case Meaning::away:
      note_failure(outcome);
      update([&] { poll_fails_ = true; });
      return;
    case Meaning::broken:
    case Meaning::misplaced:
      return fault(run, outcome);
  }
}

void Supervisor::fire(const RunPtr& run, std::uint64_t timer) {
  if (run->over) return;
  const auto outcome = run->runner.fire(timer);
  if (run->over) return;
  const auto what = meaning(outcome.status);
  if (what == Meaning::broken) return fault(run, outcome);
  const bool fails = what == Meaning::away || what == Meaning::misplaced;
  if (fails) note_failure(outcome);
  const std::lock_guard lock(mutex_);
  timer_fails_ = fails;
}

void Supervisor::report_delivery(const std::weak_ptr<Run>& weak, const Outcome& outcome, bool gives_up) {
  const auto run = weak.lock();
  if (!run || run->over) return;
  if (outcome.ok()) {
    if (delivery_fails_) telemetry_->log(Level::info, "delivers again");
    update([&] { delivery_fails_ = false; });
    return;
  }
  if (gives_up) return fault(run, outcome);
  if (outcome.status != MYRIAD_E_AGAIN && outcome.status != MYRIAD_E_CANCELLED) note_failure(outcome);
  update([&] { delivery_fails_ = true; });
}

// Whether it broke so often in a row that the readings in front of its cursor may be the reason.
bool Supervisor::breaks_on() const {
  constexpr int often = 3;
  const std::lock_guard lock(mutex_);
  return faults_ >= often;
}

// Counts each failure, and logs one that differs from the last.
void Supervisor::note_failure(const Outcome& outcome) {
  ++telemetry_->errors;
  const auto text = std::string(status_name(outcome.status)) + ": " + to_error(outcome).message;
  {
    const std::lock_guard lock(mutex_);
    last_error_ = {context_.parts.clock.now(), std::string(status_name(outcome.status)), to_error(outcome).message};
    if (phase_ == Phase::up && (poll_fails_ || delivery_fails_ || timer_fails_) && last_complaint_ == text) return;
    last_complaint_ = text;
  }
  telemetry_->log(Level::warn, text);
}

// ---- Fault and restart

void Supervisor::fault(const RunPtr& run, const Outcome& outcome) {
  if (run && run->over.exchange(true)) return;
  ++telemetry_->errors;
  const auto error = to_error(outcome);
  telemetry_->log(Level::error, "faulted: " + std::string(status_name(outcome.status)) + ": " + error.message);
  const auto what = meaning(outcome.status);
  bool stopping = false;
  update([&] {
    const auto now = context_.parts.clock.now();
    last_error_ = {now, std::string(status_name(outcome.status)), error.message};
    stopping = phase_ == Phase::stopping;
    if (stopping) return;
    if (phase_ == Phase::up && now - up_since_ > nanoseconds(context_.parts.timings.restart_most).count()) faults_ = 0;
    phase_ = Phase::faulted;
  });
  if (stopping) return;
  // Not now: the call that failed may be the delivery's own.
  strand()->post_urgent([self = shared_from_this(), run] { self->take_down(run); });
  if (what != Meaning::misplaced) restart_or_quarantine(what == Meaning::broken);
}

// The process of a plugin went without being called.
void Supervisor::ended(const RunPtr& run) {
  if (!run->over) fault(run, run->runner.why_ended());
}

// Equipment that is away is waited for, as long as it takes; a plugin that breaks again and again is not.
void Supervisor::restart_or_quarantine(bool broke) {
  const auto& t = context_.parts.timings;
  bool enough = false;
  update([&] {
    enough = broke && faults_ + 1 >= t.quarantine_after && phase_ == Phase::faulted;
    if (enough) phase_ = Phase::quarantined;
  });
  if (enough)
    return telemetry_->log(Level::error, "quarantined: it failed " + std::to_string(t.quarantine_after) +
                                             " times in a row; mend the reason, then start it");
  const std::lock_guard lock(mutex_);
  const auto delay = std::min(t.restart_most, t.restart_first * (1 << std::min(faults_, 16)));
  ++faults_;
  restart_ = strand_->after(delay, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self) return;
    {
      const std::lock_guard inner(self->mutex_);
      if (self->phase_ != Phase::faulted) return;
    }
    ++self->telemetry_->restarts;
    self->do_start();
  });
}

void Supervisor::take_down(RunPtr run) {
  if (!run) return;
  run->over = true;
  run->first_poll.cancel();
  run->polls.cancel();
  run->timers->end();
  if (run->delivery) run->delivery->stop();
  if (!run->runner.destroy()) leave_behind(run);
  const std::lock_guard lock(mutex_);
  if (run_ == run) run_.reset();
}

// ---- Stop

void Supervisor::begin_stop() {
  auto stopped = std::make_shared<std::promise<void>>();
  RunPtr run;
  update([&] {
    phase_ = Phase::stopping;
    stopped_ = stopped;
    run = run_;
  });
  if (run) {
    run->over = true;
    run->runner.cancel();
  }
  strand()->post_urgent([self = shared_from_this(), stopped] {
    Timer restart;
    {
      const std::lock_guard lock(self->mutex_);
      restart = std::move(self->restart_);
    }
    self->take_down(self->current());
    stopped->set_value();
  });
}

bool Supervisor::finish_stop(Scheduler::Clock::time_point deadline) {
  auto stopped = stopped_->get_future();
  const auto run = current();
  // A call may begin between cancel() and the stop: cancel again until it is through.
  constexpr milliseconds slice{100};
  bool done = stopped.wait_for(milliseconds(0)) == std::future_status::ready;  // perhaps while others were waited for
  const auto patience = (deadline - Scheduler::Clock::now()) * 3 / 4;
  const auto kill_at = deadline - patience / 3;
  while (!done && Scheduler::Clock::now() < deadline) {
    const auto next = std::min(Scheduler::Clock::now() < kill_at ? kill_at : deadline, Scheduler::Clock::now() + slice);
    done = stopped.wait_until(next) == std::future_status::ready;
    if (done || !run) continue;
    run->runner.cancel();
    if (Scheduler::Clock::now() >= kill_at) run->runner.kill("it did not return when it was stopped");
  }
  if (!done) {
    telemetry_->log(Level::error,
                    "its plugin does not return: it is left behind, with what it holds, until Myriad ends");
    strand()->abandon();
    if (run) {
      run->runner.host().close();
      leave_behind(run);
    }
  }
  update([&] {
    if (!done) {
      strand_ = context_.scheduler.strand();
      run_.reset();
      last_error_ = {context_.parts.clock.now(), "timeout", "the plugin did not return when it was stopped"};
    }
    phase_ = Phase::stopped;
  });
  telemetry_->forget_connection();
  return done;
}

}  // namespace myriad::plugin_host
