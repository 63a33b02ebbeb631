// A plugin in a process of its own, `myriad plugin-runner`: each call is a question on a socket, answered before its
// deadline or by the end of that process.
#pragma once

#include "plugin_host/channel.h"
#include "plugin_host/runner.h"

namespace myriad::plugin_host {

class RemoteRunner final : public Runner {
 public:
  struct Life {  // how long the plugin may take
    std::chrono::milliseconds setup, control, stop, call, grace, heartbeat;
  };
  struct Setup {
    std::vector<std::string> command;
    std::filesystem::path home;
    std::string message;  // `setup`: what the child is to load, and what it may do
    Quota quota;
    Life life;
    Hub& hub;
    std::function<void()> ended;  // its process is gone; why_ended() tells more
  };
  RemoteRunner(Setup setup, HostTable::Parts parts) : Runner(std::move(parts)), setup_(std::move(setup)) {}
  ~RemoteRunner() override { destroy(); }

  Outcome create(const std::string& config_json) override;
  Outcome start() override;
  bool destroy() override;
  void cancel() override;
  bool kill(const std::string& reason) override;
  Outcome why_ended() override { return ended(""); }
  bool serves(Serves what) const override { return serves_[static_cast<std::size_t>(what)]; }

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
  std::optional<Usage> usage() const override;

 private:
  using Type = plugin_runner::Type;
  using Clock = std::chrono::steady_clock;

  Outcome connect();
  // Asks and waits at most `limit`. `more`: what comes behind the outcome.
  Outcome call(Type type, std::span<const std::string_view> payload, std::chrono::milliseconds limit,
               std::string* more = nullptr);
  Outcome call(Type type, const plugin_runner::Writer& payload, std::chrono::milliseconds limit,
               std::string* more = nullptr) {
    const std::string_view one = payload.bytes();
    return call(type, std::span(&one, 1), limit, more);
  }
  Outcome call_batch(Type type, const myriad_batch& batch, std::string* more = nullptr);
  Outcome receive(Type type, Clock::time_point deadline, std::string* more);
  Outcome ended(const std::string& where);
  void tell_gaps(std::string_view about);
  std::chrono::milliseconds until(Nanos deadline) const;

  const Setup setup_;
  std::unique_ptr<ChildProcess> process_;
  std::unique_ptr<plugin_runner::Receiver> calls_;
  std::array<bool, 4> serves_{};
  bool created_ = false, started_ = false;
  std::uint64_t next_call_ = 1;
  mutable std::mutex mutex_;  // guards the pointer against cancel(), kill() and usage() beside connect() and destroy()
  std::shared_ptr<Channel> channel_;
};

}  // namespace myriad::plugin_host
