// What the plugin hands to the host: readings, descriptions, events, state, metrics, timers, questions.
#include <thread>

#include "validator/check.h"
#include "validator/inputs.h"
#include "validator/trial.h"

namespace myriad::validator {
namespace {

void work(Trial& trial) {
  auto inputs = Inputs::selected(trial.host());
  for (int i = 0; i < 5; ++i) {
    trial.work(inputs, 32);
    std::this_thread::sleep_for(milliseconds(10));  // for what its own threads publish
  }
}

}  // namespace

void check_readings(const Subject& subject, Judge& judge) {
  Trial trial(subject, judge);
  trial.begin();
  if (trial.is_started()) work(trial);
  trial.stop();
  for (const auto& sentence : trial.host().malformed())
    judge.fail(sentence, "the host refuses it; plugin.h and docs/plugin-guide.md say what is right");
  judge.note(std::to_string(trial.host().readings()) + " readings of " + std::to_string(trial.host().point_count()) +
             " points were seen");
}

}  // namespace myriad::validator
