// Runs everybody's tasks on few threads: one that watches the time, and workers that come when tasks wait and go when
// they idle. Tasks belong to strands; a strand runs one task at a time, in order, on whichever worker is free.
//
// Thread-safe. Tasks may block (each blocks one worker) and must not throw. A task that never returns can be abandoned
// with its strand: its worker is then written off, a new one takes its place, and nobody waits for it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

namespace myriad {

class Strand;

class Scheduler {
 public:
  using Clock = std::chrono::steady_clock;
  using Task = std::function<void()>;

  struct Options {
    std::size_t min_workers = 2, max_workers = 64;
    std::size_t reserve = 8;  // further workers, for urgent tasks alone: a stop must not wait behind 64 hung devices
    std::chrono::milliseconds grow_after{5};  // a task waited so long: one worker more
    std::chrono::milliseconds shrink_after{10'000};
  };
  struct Stats {
    std::size_t workers = 0, idle = 0, waiting = 0, abandoned = 0;  // waiting: strands with a task ready to run
  };

  explicit Scheduler(const Options& options);
  Scheduler() : Scheduler(Options()) {}
  ~Scheduler();  // drops what waits, waits for what runs, but for abandoned strands
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  std::shared_ptr<Strand> strand();
  Stats stats() const;

  struct Pool;  // lives until its last worker is gone

 private:
  std::shared_ptr<Pool> pool_;
};

// Cancels when destroyed. Movable.
class Timer {
 public:
  struct State;

  Timer() = default;
  explicit Timer(std::shared_ptr<State> state) : state_(std::move(state)) {}
  Timer(Timer&&) noexcept = default;
  Timer& operator=(Timer&& other) noexcept;
  ~Timer() { cancel(); }

  // No call starts any more; waits for the one that runs, unless called by it or its strand was abandoned.
  void cancel();
  void cancel_without_waiting();  // the same, but one that runs goes on
  // Ticks that fell due while the call before was waiting or running.
  std::uint64_t missed() const;

 private:
  void end(bool waits);

  std::shared_ptr<State> state_;
};

class Strand : public std::enable_shared_from_this<Strand> {
 public:
  using Clock = Scheduler::Clock;
  using Task = Scheduler::Task;

  void post(Task);         // behind what waits
  void post_urgent(Task);  // ahead of what waits

  Timer after(Clock::duration delay, Task);
  // At now + first, and every `period` from there, without drift. A tick that falls due while the call before has not
  // ended is missed and counted, not made up for.
  Timer every(Clock::duration first, Clock::duration period, Task);

  enum class Call : std::uint8_t { done, never_ran, still_running };
  // Runs `task` urgently and waits for it. At the deadline a task that has not begun never will, and one that runs goes
  // on: it must own what it uses. On the strand itself it runs at once.
  Call call(Task task, Clock::time_point deadline);

  // Drops what waits, takes nothing more, and writes off the worker that runs the present task, if any.
  void abandon();

  ~Strand();

  struct State;
  explicit Strand(std::unique_ptr<State> state);

 private:
  friend struct Scheduler::Pool;
  friend class Timer;
  std::unique_ptr<State> state_;
};

}  // namespace myriad
