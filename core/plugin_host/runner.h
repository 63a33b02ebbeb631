// One created plugin, in this process: its host table, its instance, its extensions. All calls into it go through here.
// Calls come from the instance's strand, but cancel(), which is for any thread.
#pragma once

#include <mutex>
#include <string>

#include "plugin_host/host_table.h"
#include "plugin_host/outcome.h"

namespace myriad::plugin_host {

class Runner {
 public:
  Runner(const myriad_plugin_api& api, HostTable::Parts parts) : host_(std::move(parts)), api_(api) {}
  ~Runner() { destroy(); }

  Outcome create(const std::string& config_json);
  Outcome start();
  // Stops first, and waits for what the host owes the plugin. False: that did not come in time, so that neither the
  // plugin's memory nor this object may be freed.
  bool destroy();
  void cancel();

  bool is_device() const { return device_; }
  bool is_sink() const { return sink_; }
  bool is_processor() const { return processor_; }

  Outcome poll(Nanos deadline);
  Outcome read(std::uint32_t point, Nanos deadline);
  Outcome write(const myriad_batch& one);  // of one reading
  Outcome deliver(const myriad_batch&);
  Outcome process(const myriad_batch&);
  Outcome save(std::string& state);
  Outcome load(std::string_view state);

  HostTable& host() { return host_; }

 private:
  void find_extensions();

  HostTable host_;
  const myriad_plugin_api& api_;
  std::mutex mutex_;  // guards the pointer against cancel() beside destroy()
  myriad_instance* instance_ = nullptr;
  bool started_ = false;
  const myriad_ext_device* device_ = nullptr;
  const myriad_ext_sink* sink_ = nullptr;
  const myriad_ext_processor* processor_ = nullptr;
};

}  // namespace myriad::plugin_host
