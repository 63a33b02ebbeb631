// Readings out: each chosen point to its topic, with Home Assistant's discovery messages when wanted.
//
// Threads: deliver() by one worker at a time, cancel() from any thread; acknowledgements come on the client's thread.
// deliver() returns when the broker has confirmed every message of the batch. When it throws, nothing of the batch
// stays queued (the connection that held it is gone or is dropped), and the host delivers it again.
#pragma once

#include <condition_variable>
#include <mutex>
#include <myriad/plugin.hpp>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "client.h"
#include "codec.h"
#include "config.h"
#include "discovery.h"
#include "health.h"
#include "loop_guard.h"

namespace mqtt {

class Outbound : public Handler {
 public:
  Outbound(myriad::Host host, const Options& options, LoopGuard& guard, Health& health);
  void start(const std::string& client_id);
  void stop();
  void deliver(const myriad::BatchView& batch);
  void cancel();

 private:
  std::string secret(const std::string& name) override { return host_.secret(name); }
  void on_up() override;
  void on_down(const std::string& reason) override;
  bool on_message(const mosquitto_message& message) override;
  void on_published(int mid, const std::string& refusal) override;
  void on_tick() override;

  struct Route {
    const Publication* publication;
    std::string topic;
  };
  struct Target {
    std::vector<Route> routes;
    std::string name, unit;
    std::vector<Discovery> discovery;  // sent before the first reading
    bool announced = false;
  };
  using Lock = std::unique_lock<std::mutex>;
  using Deadline = std::chrono::steady_clock::time_point;

  Target& target_of(const myriad_reading& reading);
  Target make_target(const myriad_reading& reading) const;
  void begin();
  void send_all(const myriad::BatchView& batch, Lock& lock, Deadline deadline);
  void send_reading(const Outgoing& out, Lock& lock, Deadline deadline);
  void announce(Target& target, Lock& lock, Deadline deadline);
  void send(const Client::Message& message, Lock& lock, Deadline deadline);
  void wait_until_pending(std::size_t at_most, Lock& lock, Deadline deadline);

  myriad::Host host_;
  const Options& options_;
  LoopGuard& guard_;
  Health& health_;
  std::string client_id_;

  std::mutex mutex_;  // guards all below; held while publishing, so that no acknowledgement comes before its entry
  std::condition_variable changed_;
  std::string down_reason_ = "not yet connected";  // empty: up
  std::uint64_t lost_ = 0, lost_before_ = 0;       // connections lost: ever, and when this batch began
  bool cancelled_ = false;
  std::string refusal_;              // of a message of this batch, by an MQTT 5 broker
  std::unordered_set<int> pending_;  // message ids of this batch without acknowledgement
  std::size_t wake_at_ = 0;          // how few of them the waiter waits for
  std::unordered_map<std::uint32_t, Target> targets_;
  std::uint64_t sent_ = 0;

  std::optional<Client> connection_;
};

}  // namespace mqtt
