#include "base/scheduler.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <vector>

namespace myriad {

namespace {

struct Item {
  Scheduler::Task task;                 // empty: the timer's
  std::shared_ptr<Timer::State> timer;  // null: a posted task

  void run() const;
};

// Where a strand stands while it has a task and no worker.
enum class Queue : std::uint8_t { none, ordinary, urgent };

// Tasks that are dropped end outside the lock, since what they own may call back.
using Dropped = std::vector<Item>;

}  // namespace

using Time = Scheduler::Clock::time_point;
using Timers = std::multimap<Time, std::shared_ptr<Timer::State>>;

// All below is guarded by Pool::mutex, but what never changes after construction.
struct Timer::State {
  std::shared_ptr<Strand> strand;
  Scheduler::Task task;
  Scheduler::Clock::duration period{};  // 0: once
  std::optional<Timers::iterator> due;  // where it waits
  bool pending = false;                 // queued or running
  std::uint64_t missed = 0;
};

struct Strand::State {
  std::shared_ptr<Scheduler::Pool> pool;
  std::deque<Item> items;
  std::size_t urgent = 0;  // so many at the front
  Queue queue = Queue::none;
  bool running = false;
  bool abandoned = false;
  std::thread::id runner;
  const Timer::State* running_timer = nullptr;
  Time ready_since;
};

namespace {
void Item::run() const {
  timer ? timer->task() : task();
}
}  // namespace

struct Scheduler::Pool : std::enable_shared_from_this<Pool> {
  struct Worker {
    std::condition_variable wake;
    bool called = false;
  };
  using StrandPtr = std::shared_ptr<Strand>;
  using Lock = std::unique_lock<std::mutex>;

  explicit Pool(const Options& given) : options(given) {}

  // ---- Tasks

  void post(Strand& strand, Item item, bool urgent) {
    const Lock lock(mutex);
    push(strand, item, urgent);
  }

  // Takes the item unless nothing is taken any more.
  void push(Strand& strand, Item& item, bool urgent) {
    auto& s = *strand.state_;
    if (closing || s.abandoned) return;
    if (item.timer) item.timer->pending = true;
    if (urgent)
      s.items.insert(s.items.begin() + static_cast<std::ptrdiff_t>(s.urgent++), std::move(item));
    else
      s.items.push_back(std::move(item));
    if (!s.running) make_ready(strand);
  }

  void make_ready(Strand& strand) {
    auto& s = *strand.state_;
    const auto wanted = s.urgent > 0 ? Queue::urgent : Queue::ordinary;
    if (s.queue >= wanted) return;
    if (s.queue == Queue::ordinary)
      std::erase_if(ready, [&](const StrandPtr& other) { return other.get() == &strand; });
    else
      s.ready_since = Clock::now();
    s.queue = wanted;
    (wanted == Queue::urgent ? urgent_ready : ready).push_back(strand.shared_from_this());
    call_worker();
  }

  void call_worker() {
    if (!idle.empty()) {
      idle.back()->called = true;
      idle.back()->wake.notify_one();
      idle.pop_back();
    } else if (workers < options.min_workers) {
      add_worker();
    } else {
      time_wake.notify_one();  // watches how long the task waits
    }
  }

  bool may_take_ordinary() const { return workers - idle.size() <= options.max_workers; }

  StrandPtr next() {
    auto& queue = !urgent_ready.empty() ? urgent_ready : ready;
    if (queue.empty() || (&queue == &ready && !may_take_ordinary())) return nullptr;
    auto strand = std::move(queue.front());
    queue.pop_front();
    strand->state_->queue = Queue::none;
    return strand;
  }

  // ---- Workers

  void add_worker() {
    ++workers;
    try {
      std::thread([self = shared_from_this()] { self->work(); }).detach();
    } catch (const std::system_error&) {
      --workers;  // the machine has no thread to give: those that are there go on, and the timer thread tries again
    }
  }

  void work() {
    Lock lock(mutex);
    Worker self;
    while (true) {
      if (const auto strand = next()) {
        if (!run_one(lock, *strand)) return;
      } else if (closing || !wait_for_call(lock, self)) {
        break;
      }
    }
    --workers;
    changed.notify_all();
  }

  // False: idle for long, and others are enough. The latest to idle is called first, so that the rest can go.
  bool wait_for_call(Lock& lock, Worker& self) {
    self.called = false;
    idle.push_back(&self);
    const bool called =
        self.wake.wait_until(lock, Clock::now() + options.shrink_after, [&] { return self.called || closing; });
    if (self.called) return true;
    std::erase(idle, &self);
    return called || workers <= options.min_workers;
  }

  // False: the strand was abandoned meanwhile, and this worker with it.
  bool run_one(Lock& lock, Strand& strand) {
    auto& s = *strand.state_;
    if (s.items.empty()) return true;
    Item item = std::move(s.items.front());
    s.items.pop_front();
    if (s.urgent > 0) --s.urgent;
    s.running = true;
    s.runner = std::this_thread::get_id();
    s.running_timer = item.timer.get();
    lock.unlock();
    item.run();
    lock.lock();
    s.running = false;
    s.running_timer = nullptr;
    if (item.timer) item.timer->pending = false;
    const bool stays = !s.abandoned;
    if (!stays) --abandoned;
    Dropped dropped;
    if (closing) drop(s, dropped);
    if (stays && !s.items.empty()) make_ready(strand);
    changed.notify_all();
    lock.unlock();
    item = {};
    dropped.clear();
    lock.lock();
    return stays;
  }

  // ---- Time

  void watch() {
    Lock lock(mutex);
    while (!closing) {
      const auto now = Clock::now();
      fire(now);
      const auto wake = std::min(grow(now), timers.empty() ? Time::max() : timers.begin()->first);
      if (wake == Time::max())
        time_wake.wait(lock);
      else
        time_wake.wait_until(lock, wake);
    }
  }

  void fire(Time now) {
    while (!timers.empty() && timers.begin()->first <= now) {
      const auto due = timers.begin()->first;
      const auto timer = std::move(timers.begin()->second);
      timers.erase(timers.begin());
      timer->due.reset();
      if (timer->strand->state_->abandoned) continue;
      if (timer->pending)
        ++timer->missed;
      else
        fire_one(timer);
      if (timer->period > Clock::duration::zero()) arm(timer, next_tick(*timer, due, now));
    }
  }

  void fire_one(const std::shared_ptr<Timer::State>& timer) {
    Item item{nullptr, timer};
    push(*timer->strand, item, false);
  }

  static Time next_tick(Timer::State& timer, Time due, Time now) {
    auto next = due + timer.period;
    if (next > now) return next;
    const auto late = (now - next) / timer.period + 1;
    timer.missed += static_cast<std::uint64_t>(late);
    return next + late * timer.period;
  }

  void arm(const std::shared_ptr<Timer::State>& timer, Time due) {
    timer->due = timers.emplace(due, timer);
    if (*timer->due == timers.begin()) time_wake.notify_one();
  }

  // Adds a worker when the first in a queue waited long enough. When to look again.
  Time grow(Time now) {
    auto wake = Time::max();
    const auto look = [&](const std::deque<StrandPtr>& queue, std::size_t limit) {
      if (queue.empty() || !idle.empty() || workers >= limit) return;
      const auto since = queue.front()->state_->ready_since;
      if (now - since >= options.grow_after) {
        add_worker();
        wake = now + options.grow_after;
      } else {
        wake = std::min(wake, since + options.grow_after);
      }
    };
    look(urgent_ready, options.max_workers + options.reserve);
    look(ready, options.max_workers);
    return wake;
  }

  // ---- Ends

  void abandon(Strand& strand) {
    Dropped dropped;
    const Lock lock(mutex);
    auto& s = *strand.state_;
    if (s.abandoned) return;
    s.abandoned = true;
    drop(s, dropped);
    if (!s.running) return;
    --workers;
    ++abandoned;
    if (!urgent_ready.empty() || !ready.empty()) call_worker();
    changed.notify_all();
  }

  static void drop(Strand::State& s, Dropped& dropped) {
    std::move(s.items.begin(), s.items.end(), std::back_inserter(dropped));
    s.items.clear();
    s.urgent = 0;
  }

  void close() {
    Timers old_timers;
    std::deque<StrandPtr> old_ready, old_urgent;
    Dropped dropped;
    Lock lock(mutex);
    closing = true;
    old_timers.swap(timers);
    for (auto& [due, timer] : old_timers) timer->due.reset();
    old_ready.swap(ready);
    old_urgent.swap(urgent_ready);
    for (const auto* queue : {&old_ready, &old_urgent})
      for (const auto& strand : *queue) drop(*strand->state_, dropped);
    for (auto* worker : idle) worker->wake.notify_one();
    time_wake.notify_one();
    changed.wait(lock, [&] { return workers == 0; });
  }

  const Options options;
  mutable std::mutex mutex;  // guards all below, and the states of strands and timers
  std::condition_variable time_wake, changed;
  std::deque<StrandPtr> ready, urgent_ready;
  Timers timers;
  std::vector<Worker*> idle;
  std::size_t workers = 0, abandoned = 0;  // abandoned ones are not among the workers
  bool closing = false;
  std::thread clock;
};

// ---- Scheduler

Scheduler::Scheduler(const Options& options) : pool_(std::make_shared<Pool>(options)) {
  pool_->clock = std::thread([pool = pool_.get()] { pool->watch(); });
}

Scheduler::~Scheduler() {
  pool_->close();
  pool_->clock.join();
}

std::shared_ptr<Strand> Scheduler::strand() {
  auto state = std::make_unique<Strand::State>();
  state->pool = pool_;
  return std::make_shared<Strand>(std::move(state));
}

Scheduler::Stats Scheduler::stats() const {
  const std::lock_guard lock(pool_->mutex);
  return {pool_->workers, pool_->idle.size(), pool_->ready.size() + pool_->urgent_ready.size(), pool_->abandoned};
}

// ---- Strand

Strand::Strand(std::unique_ptr<State> state) : state_(std::move(state)) {}
Strand::~Strand() = default;

void Strand::post(Task task) {
  state_->pool->post(*this, {std::move(task), nullptr}, false);
}

void Strand::post_urgent(Task task) {
  state_->pool->post(*this, {std::move(task), nullptr}, true);
}

Timer Strand::after(Clock::duration delay, Task task) {
  return every(delay, Clock::duration::zero(), std::move(task));
}

Timer Strand::every(Clock::duration first, Clock::duration period, Task task) {
  auto timer = std::make_shared<Timer::State>();
  timer->strand = shared_from_this();
  timer->task = std::move(task);
  timer->period = period;
  const std::lock_guard lock(state_->pool->mutex);
  if (!state_->pool->closing && !state_->abandoned) state_->pool->arm(timer, Clock::now() + first);
  return Timer(std::move(timer));
}

Strand::Call Strand::call(Task task, Clock::time_point deadline) {
  {
    const std::lock_guard lock(state_->pool->mutex);
    if (state_->running && state_->runner == std::this_thread::get_id()) deadline = Clock::time_point::min();
  }
  if (deadline == Clock::time_point::min()) {
    task();
    return Call::done;
  }
  struct Shared {
    std::mutex mutex;
    std::condition_variable changed;
    enum { waiting, running, done, given_up } state = waiting;
  };
  const auto shared = std::make_shared<Shared>();
  post_urgent([shared, run = std::move(task)] {
    {
      const std::lock_guard lock(shared->mutex);
      if (shared->state == Shared::given_up) return;
      shared->state = Shared::running;
    }
    run();
    const std::lock_guard lock(shared->mutex);
    shared->state = Shared::done;
    shared->changed.notify_all();
  });
  std::unique_lock lock(shared->mutex);
  shared->changed.wait_until(lock, deadline, [&] { return shared->state == Shared::done; });
  if (shared->state == Shared::done) return Call::done;
  if (shared->state == Shared::running) return Call::still_running;
  shared->state = Shared::given_up;
  return Call::never_ran;
}

void Strand::abandon() {
  state_->pool->abandon(*this);
}

// ---- Timer

Timer& Timer::operator=(Timer&& other) noexcept {
  if (this == &other) return *this;
  cancel();
  state_ = std::move(other.state_);
  return *this;
}

void Timer::cancel() {
  end(true);
}

void Timer::cancel_without_waiting() {
  end(false);
}

void Timer::end(bool waits) {
  const auto timer = std::move(state_);
  if (!timer) return;
  auto& strand = *timer->strand->state_;
  auto& pool = *strand.pool;
  Dropped dropped;
  std::unique_lock lock(pool.mutex);
  if (timer->due) pool.timers.erase(*timer->due);
  timer->due.reset();
  timer->period = Scheduler::Clock::duration::zero();
  const auto is_mine = [&](const Item& item) { return item.timer == timer; };
  const auto mine = std::find_if(strand.items.begin(), strand.items.end(), is_mine);
  if (mine != strand.items.end()) {
    dropped.push_back(std::move(*mine));
    strand.items.erase(mine);
  }
  if (!waits || (strand.runner == std::this_thread::get_id() && strand.running)) return;
  pool.changed.wait(lock, [&] { return strand.running_timer != timer.get() || strand.abandoned; });
}

std::uint64_t Timer::missed() const {
  if (!state_) return 0;
  const std::lock_guard lock(state_->strand->state_->pool->mutex);
  return state_->missed;
}

}  // namespace myriad
