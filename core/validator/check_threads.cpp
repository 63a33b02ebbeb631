// Calls from different threads in turn; what the plugin leaves behind after stop() and destroy().
#include <future>
#include <thread>

#include "validator/check.h"
#include "validator/footprint.h"
#include "validator/inputs.h"
#include "validator/trial.h"

namespace myriad::validator {
namespace {

// An ended thread is seen for a moment more.
template <class Condition>
bool soon(const Condition& condition) {
  for (int i = 0; i < 200; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(milliseconds(1));
  }
  return condition();
}

void one_after_another(Trial& trial, Judge& judge) {
  auto inputs = Inputs::selected(trial.host());
  Trial::Outcome first, last;
  std::promise<void> end;
  const auto over = end.get_future().share();
  std::vector<std::jthread> threads;
  for (int i = 0; i < 6; ++i) {
    std::promise<Trial::Outcome> done;
    auto outcome = done.get_future();
    threads.emplace_back([&, done = std::move(done)]() mutable {
      done.set_value(trial.work(inputs));
      over.wait();  // so that the next one is another
    });
    last = outcome.get();
    if (i == 0) first = last;
  }
  end.set_value();
  if (first.ok() && !last.fine())
    judge.fail("calls from one thread after another fail: " + last.text(),
               "keep nothing in thread_local variables: [worker] calls come from any thread, one at a time");
}

void judge_rest(const TrialHost& host, Judge& judge) {
  for (const auto& sentence : host.misplaced())
    judge.fail(sentence, "after stop() call nothing of the host but log(); after destroy() nothing at all");
}

}  // namespace

void check_threads(const Subject& subject, Judge& judge) {
  const auto habits = Habits::now();
  Trial trial(subject, judge);  // the host's own thread counts from here
  const auto threads = count_threads();
  const auto created = trial.create();
  if (count_threads() > threads)
    judge.warn("create() starts a thread", "start threads in start(): create() also runs to check a configuration");
  if (created.ok() && trial.is_created()) trial.start();
  if (trial.is_started()) one_after_another(trial, judge);
  trial.stop();
  if (!soon([&] { return count_threads() <= threads; }))
    judge.fail("after stop() " + std::to_string(count_threads() - threads) + " thread(s) of it still run",
               "join every thread in stop()");
  std::this_thread::sleep_for(milliseconds(50));  // for what it still calls
  trial.destroy();
  std::this_thread::sleep_for(milliseconds(20));
  judge_rest(trial.host(), judge);
  if (has_children())
    judge.fail("it started a process that still runs, or did not wait for its end",
               "do without processes: in isolation a plugin may not start any");
  for (const auto& change : habits.changes_until(Habits::now()))
    judge.fail("it changed " + change + ", which is the daemon's", "leave what belongs to the whole process alone");
}

}  // namespace myriad::validator
