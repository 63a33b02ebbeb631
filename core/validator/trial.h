// One instance of the plugin, and the calls into it. Each call is told to the parent before it is made; what the plugin
// may never do in one (throw, leave an error without text, answer what is no status) is judged here. The thread that
// calls may change; one call at a time, but cancel().
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "validator/inputs.h"
#include "validator/judge.h"
#include "validator/subject.h"
#include "validator/trial_host.h"

namespace myriad::validator {

using std::chrono::milliseconds;

class Trial {
 public:
  Trial(const Subject&, Judge&, HostKind kind = {});
  ~Trial();  // stops and destroys
  Trial(const Trial&) = delete;
  Trial& operator=(const Trial&) = delete;

  struct Outcome {
    myriad_status status = MYRIAD_OK;
    std::string message;
    std::chrono::nanoseconds took{};
    bool ok() const { return status == MYRIAD_OK; }
    // OK, or what a plugin says without its equipment or while the host is busy.
    bool fine() const;
    std::string text() const;  // "unavailable: …"
  };

  Outcome create(const std::string& config_json, const std::string& what = "create()");
  Outcome create();  // with the subject's configuration
  Outcome start();
  Outcome begin();  // create() and start(), as far as they succeed
  void stop();      // where it was started
  void stop_anyway();
  void destroy();  // without stop(): the caller's choice
  void cancel();
  void cancel_beside(const std::string& what);  // from another thread, while it is in that call

  bool is_created() const { return instance_ != nullptr; }
  bool is_started() const { return started_; }
  TrialHost& host() { return host_; }

  const myriad_ext_device* device() const { return table<myriad_ext_device>(MYRIAD_EXT_DEVICE); }
  const myriad_ext_sink* sink() const { return table<myriad_ext_sink>(MYRIAD_EXT_SINK); }
  const myriad_ext_processor* processor() const { return table<myriad_ext_processor>(MYRIAD_EXT_PROCESSOR); }
  const myriad_ext_http* http() const { return table<myriad_ext_http>(MYRIAD_EXT_HTTP); }
  const void* extension(const char* id) const;
  bool polls() const { return device() && MYRIAD_HAS(device(), myriad_ext_device, poll); }

  // What they lack answers UNSUPPORTED. `patience` is from now.
  Outcome poll(milliseconds patience = milliseconds(50));
  Outcome deliver(const myriad_batch&);
  Outcome process(const myriad_batch&);
  Outcome save(std::string& state);
  Outcome load(const std::string& state);
  Outcome tick();  // of each timer once; the first that is not OK
  // A round of what a host has it do: poll, deliver, process, as it serves them, and ticks of its timers. The first
  // that is not OK.
  Outcome work(Inputs&, std::uint32_t readings = 8, std::uint32_t stride = sizeof(myriad_reading));

  // Any other call: f(error) is its status. `what` is how people know it: "read()".
  Outcome call(const std::string& what, const std::function<myriad_status(myriad_error*)>& f);
  static std::int64_t deadline(milliseconds patience);
  myriad_instance* instance() const { return instance_; }

 private:
  template <class Table>
  const Table* table(const char* id) const {
    return static_cast<const Table*>(extension(id));
  }

  const Subject& subject_;
  Judge& judge_;
  TrialHost host_;
  myriad_instance* instance_ = nullptr;
  bool started_ = false;
};

}  // namespace myriad::validator
