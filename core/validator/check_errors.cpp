// Failures that people will read.
#include "validator/check.h"
#include "validator/inputs.h"
#include "validator/trial.h"

namespace myriad::validator {
namespace {

void judge_text(const std::string& what, const Trial::Outcome& out, Judge& judge) {
  if (!out.ok() && out.message.empty())
    judge.fail(what + " answered '" + out.text() + "' without saying why",
               "fill myriad_error.message: the value at fault and the remedy; it is what the console shows");
}

// A plugin built with a later header may bring a longer error, an older one a shorter.
void short_error(const Subject& subject, Judge& judge) {
  Trial trial(subject, judge);
  struct {
    myriad_error error;
    char after[64];
  } e;
  std::memset(&e, 0x11, sizeof e);
  e.error.struct_size = offsetof(myriad_error, message);
  e.error.os_code = 0;
  myriad_instance* made = nullptr;
  trial.call("create() with a short myriad_error", [&](myriad_error*) {
    const auto status = subject.api->create(trial.host().raw(), "no JSON", &made, &e.error);
    if (status == MYRIAD_OK && made) subject.api->destroy(made);
    return MYRIAD_OK;
  });
  if (e.error.message[0] != 0x11 || e.after[0] != 0x11)
    judge.warn("create() writes an error message where struct_size leaves no room",
               "look at error->struct_size before filling it");
}

}  // namespace

void check_errors(const Subject& subject, Judge& judge) {
  {
    Trial trial(subject, judge);
    judge_text("create() with a configuration that is no JSON", trial.create("no JSON"), judge);
  }
  short_error(subject, judge);
  Trial trial(subject, judge);
  judge_text("start()", trial.begin(), judge);
  if (!trial.is_started()) return;
  if (trial.polls()) judge_text("poll()", trial.poll(milliseconds(-1)), judge);
  if (trial.polls()) judge_text("poll()", trial.poll(), judge);
  if (const auto* d = trial.device(); d && MYRIAD_HAS(d, myriad_ext_device, read)) {
    const std::uint32_t unknown = 4'000'000'000;
    judge_text("read() of a point that it does not have",
               trial.call("read()",
                          [&](myriad_error* e) {
                            return d->read(trial.instance(), &unknown, 1, Trial::deadline(milliseconds(100)), e);
                          }),
               judge);
  }
  auto inputs = Inputs::selected(trial.host());
  if (inputs.empty()) return;
  if (trial.sink()) judge_text("deliver()", trial.deliver(inputs.next(4)), judge);
  if (trial.processor()) judge_text("process()", trial.process(inputs.next(4)), judge);
}

}  // namespace myriad::validator
