#include "validator/trial.h"

#include <cstring>

#include "plugin_host/outcome.h"

namespace myriad::validator {
namespace {

// The plugin's, with zones around it that nobody may write.
struct GuardedError {
  std::uint64_t before = zone;
  myriad_error error{sizeof(myriad_error), 0, ""};
  std::uint64_t after[8] = {zone, zone, zone, zone, zone, zone, zone, zone};

  static constexpr std::uint64_t zone = 0x7a7a'7a7a'7a7a'7a7a;
  bool intact() const {
    for (const auto word : after)
      if (word != zone) return false;
    return before == zone;
  }
  bool terminated() const { return std::memchr(error.message, 0, sizeof error.message) != nullptr; }
  std::string message() const { return {error.message, ::strnlen(error.message, sizeof error.message)}; }
};

void judge_error(Judge& judge, const std::string& what, const GuardedError& e, myriad_status status) {
  constexpr const char* mend =
      "fill myriad_error.message with snprintf(…, sizeof error->message, …): at most 247 bytes";
  if (!e.intact()) judge.fail(what + " wrote outside of its myriad_error", mend);
  if (!e.terminated()) judge.fail(what + " left an error message without NUL at its end", mend);
  if (status > 0 || status < MYRIAD_E_INTERNAL)
    judge.fail(what + " answered " + std::to_string(status) + ", which is no status",
               "answer MYRIAD_OK or one of MYRIAD_E_…: the host takes anything else for INTERNAL");
}

}  // namespace

bool Trial::Outcome::fine() const {
  switch (plugin_host::meaning(status)) {
    case plugin_host::Meaning::fine:
    case plugin_host::Meaning::later:
    case plugin_host::Meaning::away:
      return true;
    case plugin_host::Meaning::broken:
    case plugin_host::Meaning::misplaced:
      break;
  }
  return false;
}

std::string Trial::Outcome::text() const {
  return std::string(plugin_host::status_name(status)) + (message.empty() ? "" : ": " + message);
}

Trial::Trial(const Subject& subject, Judge& judge, HostKind kind)
    : subject_(subject), judge_(judge), host_(std::move(kind)) {}

Trial::~Trial() {
  stop();
  destroy();
}

Trial::Outcome Trial::call(const std::string& what, const std::function<myriad_status(myriad_error*)>& f) {
  judge_.calling("in " + what);
  constexpr const char* mend = "catch every exception inside the plugin and answer a status (plugin.hpp does so)";
  GuardedError e;
  Outcome out;
  const auto begin = std::chrono::steady_clock::now();
  try {
    out.status = f(&e.error);
    judge_error(judge_, what, e, out.status);
  } catch (const std::exception& x) {
    judge_.fail("an exception left " + what + ": " + x.what(), mend);
    out.status = MYRIAD_E_INTERNAL;
  } catch (...) {
    judge_.fail("an exception that is no std::exception left " + what, mend);
    out.status = MYRIAD_E_INTERNAL;
  }
  out.took = std::chrono::steady_clock::now() - begin;
  if (out.status != MYRIAD_OK) out.message = e.message();
  judge_.calling("after " + what);
  return out;
}

Trial::Outcome Trial::create(const std::string& config_json, const std::string& what) {
  host_.enter(TrialHost::Phase::creating);
  myriad_instance* made = nullptr;
  auto out =
      call(what, [&](myriad_error* e) { return subject_.api->create(host_.raw(), config_json.c_str(), &made, e); });
  if (out.ok()) instance_ = made;
  host_.enter(instance_ ? TrialHost::Phase::alive : TrialHost::Phase::destroyed);
  return out;
}

Trial::Outcome Trial::create() {
  return create(subject_.config.dump());
}

Trial::Outcome Trial::start() {
  host_.enter(TrialHost::Phase::alive);
  auto out = call("start()", [&](myriad_error* e) { return subject_.api->start(instance_, e); });
  started_ = out.ok();
  return out;
}

Trial::Outcome Trial::begin() {
  auto out = create();
  return out.ok() && instance_ ? start() : out;
}

void Trial::stop() {
  if (started_) stop_anyway();
}

void Trial::stop_anyway() {
  started_ = false;
  call("stop()", [&](myriad_error*) {
    subject_.api->stop(instance_);
    return MYRIAD_OK;
  });
  host_.forget_timers();
  host_.enter(TrialHost::Phase::stopped);
}

void Trial::destroy() {
  if (!instance_) return;
  host_.drain();
  call("destroy()", [&](myriad_error*) {
    subject_.api->destroy(std::exchange(instance_, nullptr));
    return MYRIAD_OK;
  });
  host_.enter(TrialHost::Phase::destroyed);
}

void Trial::cancel() {
  call("cancel()", [&](myriad_error*) {
    subject_.api->cancel(instance_);
    return MYRIAD_OK;
  });
}

void Trial::cancel_beside(const std::string& what) {
  judge_.calling("in cancel() beside " + what);
  subject_.api->cancel(instance_);
  judge_.calling("in " + what + " after cancel()");
}

const void* Trial::extension(const char* id) const {
  return instance_ ? subject_.api->get_extension(instance_, id) : nullptr;
}

std::int64_t Trial::deadline(milliseconds patience) {
  const auto at = std::chrono::system_clock::now().time_since_epoch() + patience;
  return std::chrono::duration_cast<std::chrono::nanoseconds>(at).count();
}

Trial::Outcome Trial::poll(milliseconds patience) {
  if (!polls()) return {MYRIAD_E_UNSUPPORTED, "it does not poll"};
  return call("poll()", [&](myriad_error* e) { return device()->poll(instance_, deadline(patience), e); });
}

Trial::Outcome Trial::deliver(const myriad_batch& batch) {
  if (!sink() || !MYRIAD_HAS(sink(), myriad_ext_sink, deliver)) return {MYRIAD_E_UNSUPPORTED, "it does not deliver"};
  return call("deliver()", [&](myriad_error* e) { return sink()->deliver(instance_, &batch, e); });
}

Trial::Outcome Trial::process(const myriad_batch& batch) {
  if (!processor() || !MYRIAD_HAS(processor(), myriad_ext_processor, process))
    return {MYRIAD_E_UNSUPPORTED, "it does not process"};
  return call("process()", [&](myriad_error* e) { return processor()->process(instance_, &batch, e); });
}

Trial::Outcome Trial::save(std::string& state) {
  state.clear();
  if (!processor() || !MYRIAD_HAS(processor(), myriad_ext_processor, save)) return {MYRIAD_E_UNSUPPORTED, "", {}};
  const auto write = [](void* user, const void* data, std::size_t size) {
    static_cast<std::string*>(user)->append(static_cast<const char*>(data), size);
  };
  return call("save()", [&](myriad_error*) { return processor()->save(instance_, write, &state); });
}

Trial::Outcome Trial::load(const std::string& state) {
  if (!processor() || !MYRIAD_HAS(processor(), myriad_ext_processor, load)) return {MYRIAD_E_UNSUPPORTED, "", {}};
  return call("load()", [&](myriad_error* e) { return processor()->load(instance_, state.data(), state.size(), e); });
}

Trial::Outcome Trial::tick() {
  Outcome out;
  for (const auto timer : host_.timers()) {
    auto next = call("a tick of timer/1", [&](myriad_error* e) { return host_.fire(timer, e); });
    if (out.ok()) out = std::move(next);
  }
  return out;
}

Trial::Outcome Trial::work(Inputs& inputs, std::uint32_t readings, std::uint32_t stride) {
  Outcome out;
  const auto take = [&](Outcome next) {
    if (out.ok()) out = std::move(next);
  };
  if (polls()) take(poll());
  take(tick());
  if (inputs.empty()) return out;
  if (sink()) take(deliver(inputs.next(readings, stride)));
  if (processor()) take(process(inputs.next(readings, stride)));
  return out;
}

}  // namespace myriad::validator
