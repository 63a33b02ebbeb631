// One created plugin, in this process or in one of its own: its host table, its instance, its extensions. All calls
// into it go through here. Calls come from the instance's strand, but cancel(), kill() and usage(), which are for any
// thread.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "plugin_host/host_table.h"
#include "plugin_host/outcome.h"

namespace myriad::plugin_host {

class Runner {
 public:
  explicit Runner(HostTable::Parts parts) : host_(std::move(parts)) {}
  virtual ~Runner() = default;
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;

  virtual Outcome create(const std::string& config_json) = 0;
  virtual Outcome start() = 0;
  // Stops first, and waits for what the host owes the plugin. False: that did not come in time, so that neither the
  // plugin's memory nor this object may be freed.
  virtual bool destroy() = 0;
  virtual void cancel() = 0;
  // Ends a plugin that does not return, where that can be done: then true, and the call under way returns.
  virtual bool kill(const std::string& reason) = 0;
  // Why its process ended outside of a call.
  virtual Outcome why_ended() = 0;

  enum class Serves : std::uint8_t { device, sink, processor, http };
  virtual bool serves(Serves) const = 0;  // known once it is created

  virtual Outcome discover(Nanos deadline) = 0;
  virtual Outcome poll(Nanos deadline) = 0;
  virtual Outcome read(std::uint32_t point, Nanos deadline) = 0;
  virtual Outcome write(const myriad_batch& one) = 0;  // of one reading
  // `reply` is called at most once, on any thread, also after this returned.
  using Reply = std::function<void(Outcome, std::string output_json)>;
  virtual Outcome invoke(std::string_view thing, std::string_view action, std::string_view input_json, Reply) = 0;
  virtual Outcome deliver(const myriad_batch&) = 0;
  virtual Outcome process(const myriad_batch&) = 0;
  virtual Outcome save(std::string& state) = 0;
  virtual Outcome load(std::string_view state) = 0;
  virtual Outcome serve(const HttpRequest&, HttpResponse&) = 0;
  virtual Outcome fire(std::uint64_t timer) = 0;  // a tick that is due; nothing when it was cancelled meanwhile

  struct Usage {
    double cpu_percent = 0;    // of one core, over ten seconds
    std::uint64_t memory = 0;  // bytes that are its own
  };
  virtual std::optional<Usage> usage() const = 0;  // of a process of its own

  HostTable& host() { return host_; }

 protected:
  HostTable host_;
};

inline Outcome unsupported(const char* what) {
  return {MYRIAD_E_UNSUPPORTED, std::string("this plugin does not ") + what};
}

}  // namespace myriad::plugin_host
