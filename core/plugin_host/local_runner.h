// A plugin in this process: calls go straight through its tables.
#pragma once

#include <mutex>

#include "plugin_host/runner.h"

namespace myriad::plugin_host {

class LocalRunner final : public Runner {
 public:
  LocalRunner(const myriad_plugin_api& api, HostTable::Parts parts) : Runner(std::move(parts)), api_(api) {}
  ~LocalRunner() override { destroy(); }

  Outcome create(const std::string& config_json) override;
  Outcome start() override;
  bool destroy() override;
  void cancel() override;
  bool kill(const std::string&) override { return false; }
  Outcome why_ended() override { return {}; }
  bool serves(Serves) const override;

  Outcome discover(Nanos deadline) override;
  Outcome poll(Nanos deadline) override;
  Outcome read(std::uint32_t point, Nanos deadline) override;
  Outcome write(const myriad_batch& one) override;
  Outcome invoke(std::string_view thing, std::string_view action, std::string_view input_json, Reply) override;
  Outcome deliver(const myriad_batch&) override;
  Outcome process(const myriad_batch&) override;
  Outcome save(std::string& state) override;
  Outcome load(std::string_view state) override;
  Outcome serve(const HttpRequest&, HttpResponse&) override;
  Outcome fire(std::uint64_t timer) override;
  std::optional<Usage> usage() const override { return std::nullopt; }

 private:
  void find_extensions();

  const myriad_plugin_api& api_;
  std::mutex mutex_;  // guards the pointer against cancel() beside destroy()
  myriad_instance* instance_ = nullptr;
  bool started_ = false;
  const myriad_ext_device* device_ = nullptr;
  const myriad_ext_sink* sink_ = nullptr;
  const myriad_ext_processor* processor_ = nullptr;
  const myriad_ext_http* http_ = nullptr;
};

}  // namespace myriad::plugin_host
