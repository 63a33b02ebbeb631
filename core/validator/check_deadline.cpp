// Deadlines that have passed or come soon, and cancel() from another thread.
#include <algorithm>
#include <atomic>
#include <thread>

#include "validator/check.h"
#include "validator/footprint.h"
#include "validator/inputs.h"
#include "validator/trial.h"

namespace myriad::validator {
namespace {

constexpr auto grace = milliseconds(1000) * slowness;

std::string in_ms(std::chrono::nanoseconds took) {
  return std::to_string(std::chrono::duration_cast<milliseconds>(took).count()) + " ms";
}

void judge_time(const std::string& what, std::chrono::nanoseconds took, milliseconds allowed, Judge& judge) {
  if (took > allowed + grace)
    judge.fail(what + " took " + in_ms(took),
               "give what blocks a timeout: return TIMEOUT when the deadline on host->now_ns() has passed");
}

void deadlines(Trial& trial, Judge& judge) {
  for (const auto patience : {milliseconds(-1000), milliseconds(0), milliseconds(150)}) {
    const auto poll = trial.poll(patience);
    const auto when = patience.count() < 0 ? "1 s ago" : "in " + in_ms(patience);
    judge_time("poll() with a deadline " + when, poll.took, std::max(patience, milliseconds(0)), judge);
  }
}

// How long after cancel() a call returned.
struct Cancelled {
  Trial::Outcome outcome;
  std::chrono::nanoseconds took{};
};

Cancelled cancel_during(Trial& trial, const std::string& what, const std::function<Trial::Outcome()>& call) {
  using Clock = std::chrono::steady_clock;
  std::atomic<bool> returned = false;
  Trial::Outcome outcome;
  Clock::time_point end;
  std::jthread worker([&] {
    outcome = call();
    end = Clock::now();
    returned = true;
  });
  for (int i = 0; i < 50 && !returned; ++i) std::this_thread::sleep_for(milliseconds(1));
  const auto begin = Clock::now();
  trial.cancel_beside(what);
  worker.join();
  return {outcome, std::max(end - begin, Clock::duration())};
}

void cancels(Trial& trial, Judge& judge) {
  constexpr const char* mend =
      "make cancel() wake the call: a self-pipe, a condition variable, or shutdown() of the socket";
  const auto poll = [&] { return trial.poll(milliseconds(60'000)); };
  if (trial.polls())
    if (const auto done = cancel_during(trial, "poll()", poll); done.took > grace)
      judge.fail("poll() returned " + in_ms(done.took) + " after cancel()", mend);
  auto inputs = Inputs::selected(trial.host());
  if (trial.sink() && !inputs.empty()) {
    const auto& batch = inputs.next(64);
    if (const auto done = cancel_during(trial, "deliver()", [&] { return trial.deliver(batch); }); done.took > grace)
      judge.fail("deliver() returned " + in_ms(done.took) + " after cancel()", mend);
  }
}

// It ends the call under way, not all that follow.
void goes_on(Trial& trial, bool worked, Judge& judge) {
  Trial::Outcome outcome;
  for (int i = 0; i < 4; ++i) {
    outcome = trial.poll(milliseconds(150));
    if (outcome.status != MYRIAD_E_CANCELLED) break;
  }
  if (worked && outcome.status == MYRIAD_E_CANCELLED)
    judge.fail("after a cancel() every poll() answers CANCELLED",
               "let cancel() end the call under way only: forget it when that call returns");
}

}  // namespace

void check_deadline(const Subject& subject, Judge& judge) {
  Trial trial(subject, judge);
  trial.begin();
  if (!trial.is_started()) return judge.note("start() did not succeed, so that nothing could be tried");
  bool worked = false;
  if (trial.polls()) {
    deadlines(trial, judge);
    worked = trial.poll(milliseconds(150)).ok();
  }
  cancels(trial, judge);
  if (trial.polls()) goes_on(trial, worked, judge);
  for (int i = 0; i < 3; ++i) trial.cancel();  // of nothing
}

}  // namespace myriad::validator
