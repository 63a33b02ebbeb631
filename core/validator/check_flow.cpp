// Sinks and processors: readings in, state out and in again.
#include "validator/check.h"
#include "validator/inputs.h"
#include "validator/trial.h"

namespace myriad::validator {
namespace {

void judge_lent(const Inputs& inputs, const std::string& what, Judge& judge) {
  if (inputs.changed()) judge.fail(what + " changed the batch that it was lent", "copy what you want to change");
}

void deliver(Trial& trial, Inputs& inputs, Judge& judge) {
  if (!trial.sink()) return;
  for (const std::uint32_t count : {1u, 7u, 512u}) {
    const auto out = trial.deliver(inputs.next(count));
    judge_lent(inputs, "deliver()", judge);
    if (!out.fine())
      judge.fail("deliver() of valid readings failed: " + out.text(),
                 "pass over what cannot be sent, with a log line; answer UNAVAILABLE while the peer is away");
  }
  trial.deliver(inputs.next(0));
}

void process(Trial& trial, Inputs& inputs, const std::string& when, Judge& judge) {
  for (const std::uint32_t count : {1u, 7u, 256u}) {
    const auto out = trial.process(inputs.next(count));
    judge_lent(inputs, "process()", judge);
    if (!out.fine())
      judge.fail("process() of valid readings failed " + when + ": " + out.text(),
                 "pass over readings of types that you do not use");
  }
  trial.process(inputs.next(0));
}

bool has_state(const Trial& trial) {
  return MYRIAD_HAS(trial.processor(), myriad_ext_processor, save) &&
         MYRIAD_HAS(trial.processor(), myriad_ext_processor, load);
}

// What was saved by one instance is loaded by the next, as after a restart.
void restart(const Subject& subject, Trial& before, Judge& judge) {
  std::string state;
  if (const auto out = before.save(state); !out.ok())
    return judge.fail("save() failed: " + out.text(), "save() writes what load() needs, also when that is nothing");
  Trial after(subject, judge);
  if (!after.create().ok()) return;
  if (const auto out = state.empty() ? Trial::Outcome() : after.load(state); !out.ok())
    return judge.fail("load() refuses what save() wrote: " + out.text(), "read what you write, of every version");
  after.start();
  if (!after.is_started()) return;
  auto inputs = Inputs::selected(after.host(), 2);
  process(after, inputs, "after save() and load()", judge);
  std::string again;
  after.save(again);
}

// State of another version, or cut short: refused, or begun anew.
void odd_states(const Subject& subject, Judge& judge) {
  const std::string long_one(64 << 10, '[');
  for (const auto& state : {std::string(1, '\0'), std::string("{}"), std::string("\xff\xfe state"), long_one}) {
    Trial trial(subject, judge);
    if (!trial.create().ok()) return;
    const auto out = trial.load(state);
    if (!out.ok() && out.message.empty())
      judge.fail("load() refuses a state without saying why", "fill myriad_error.message");
  }
}

}  // namespace

void check_flow(const Subject& subject, Judge& judge) {
  Trial trial(subject, judge);
  trial.begin();
  if (!trial.is_started() || !(trial.sink() || trial.processor())) return judge.note("it takes no readings");
  auto inputs = Inputs::selected(trial.host());
  if (inputs.empty()) return judge.note("with this configuration it selects no readings");
  deliver(trial, inputs, judge);
  if (!trial.processor()) return;
  process(trial, inputs, "at first", judge);
  if (!has_state(trial)) return;
  restart(subject, trial, judge);
  odd_states(subject, judge);
}

}  // namespace myriad::validator
