// Orders of create, start, stop and destroy; many instances; two that must not know each other.
#include <memory>

#include "validator/check.h"
#include "validator/footprint.h"
#include "validator/trial.h"

namespace myriad::validator {
namespace {

constexpr auto slow_create = milliseconds(200) * slowness, slow_start = milliseconds(1000) * slowness,
               slow_stop = milliseconds(3000) * slowness;

std::string in_ms(std::chrono::nanoseconds took) {
  return std::to_string(std::chrono::duration_cast<milliseconds>(took).count()) + " ms";
}

void judge_create(const Trial::Outcome& created, const std::string& when, Judge& judge) {
  if (!created.ok())
    judge.fail("create() failed " + when + ": " + created.text(), "create() depends on nothing but its configuration");
  if (created.took > slow_create)
    judge.warn("create() took " + in_ms(created.took), "parse only: connect in start() or poll()");
}

// A device that is away is no fault of the plugin.
void judge_start(const Trial::Outcome& started, const std::string& when, Judge& judge) {
  if (!started.fine())
    judge.fail("start() failed " + when + ": " + started.text(),
               "start() takes what create() took; answer UNAVAILABLE when the equipment is away");
  if (started.took > slow_start)
    judge.fail("start() took " + in_ms(started.took) + ": hundreds of instances start together",
               "connect in poll() or in a thread of your own: start() must not wait for a device");
}

void timed_stop(Trial& trial, Judge& judge) {
  const auto begin = std::chrono::steady_clock::now();
  trial.stop();
  const auto took = std::chrono::steady_clock::now() - begin;
  if (took > slow_stop)
    judge.fail("stop() took " + in_ms(took) + ": the daemon leaves it behind after 4 s",
               "wake your threads in stop(), and join them");
}

void create_destroy(const Subject& subject, Judge& judge) {
  Trial trial(subject, judge);
  judge_create(trial.create(), "the first time", judge);
  trial.destroy();
}

void start_stop_twice(const Subject& subject, Judge& judge) {
  Trial trial(subject, judge);
  judge_create(trial.create(), "after an instance was destroyed", judge);
  if (!trial.is_created()) return;
  for (const char* when : {"the first time", "after stop()"}) {
    judge_start(trial.start(), when, judge);
    if (trial.is_started() && trial.polls()) trial.poll();
    timed_stop(trial, judge);
  }
}

void stop_before_start(const Subject& subject, Judge& judge) {
  Trial trial(subject, judge);
  trial.create();
  if (!trial.is_created()) return;
  trial.cancel();
  trial.stop_anyway();
  judge_start(trial.start(), "after a stop() before it", judge);
  timed_stop(trial, judge);
}

void stop_twice(const Subject& subject, Judge& judge) {
  Trial trial(subject, judge);
  trial.begin();
  if (!trial.is_started()) return;
  timed_stop(trial, judge);
  trial.stop_anyway();
}

void many_at_once(const Subject& subject, Judge& judge) {
  constexpr std::size_t count = 20;
  std::vector<std::unique_ptr<Trial>> trials;
  for (std::size_t i = 0; i < count; ++i) {
    auto& trial = *trials.emplace_back(std::make_unique<Trial>(subject, judge));
    judge_create(trial.create(), "beside " + std::to_string(i) + " other instances", judge);
    if (trial.is_created() && i % 4 != 3) judge_start(trial.start(), "beside other instances", judge);
  }
  for (std::size_t i = 0; i < count; i += 2) trials[i].reset();  // not in the order of their creation
  for (std::size_t i = count; i > 0; --i) trials[i - 1].reset();
}

void two_apart(const Subject& subject, Judge& judge) {
  Trial one(subject, judge);
  one.begin();
  if (!one.is_started() || !one.polls()) return;
  const auto before = one.poll();
  {
    Trial other(subject, judge);
    other.begin();
    if (other.is_created() && other.instance() == one.instance())
      judge.fail("create() gave the same instance twice", "allocate an instance for each create()");
    if (other.is_created()) other.cancel();
  }
  const auto after = one.poll();
  if (before.ok() && !after.fine())
    judge.fail("an instance fails since another one was destroyed: " + after.text(),
               "keep everything in the instance: no global state");
}

}  // namespace

void check_lifecycle(const Subject& subject, Judge& judge) {
  for (const auto order : {create_destroy, start_stop_twice, stop_before_start, stop_twice, many_at_once, two_apart}) {
    order(subject, judge);
    if (judge.failed()) return;  // what follows would only say it again
  }
}

}  // namespace myriad::validator
