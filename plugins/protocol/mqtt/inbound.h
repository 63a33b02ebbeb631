// Messages in: subscribes, maps, describes Things at first sight and publishes readings to the host.
//
// Threads: start() and stop() by one caller; all else runs on the client's network thread. A message is acknowledged to
// the broker when the host has taken its readings: while the host's queue is full, the network thread waits, nothing
// more is read, and the broker holds what comes.
#pragma once

#include <condition_variable>
#include <map>
#include <mutex>
#include <myriad/plugin.hpp>
#include <string>
#include <unordered_map>

#include "client.h"
#include "complaints.h"
#include "config.h"
#include "health.h"
#include "loop_guard.h"
#include "mapping.h"

namespace mqtt {

class Inbound : public Handler {
 public:
  Inbound(myriad::Host host, const Options& options, LoopGuard& guard, Health& health);
  void start(const std::string& client_id);
  void stop();

 private:
  std::string secret(const std::string& name) override { return host_.secret(name); }
  void on_up() override;
  void on_down(const std::string& reason) override;
  bool on_message(const mosquitto_message& message) override;
  void on_subscription_refused(const std::string& filter, int code) override;
  void on_tick() override;

  void drop_old_filters();
  void take(const std::string& topic, std::string_view payload);
  void add(const Mapped& mapped);
  std::uint32_t point_of(const Mapped& mapped, const MappedValue& value);
  void check_name(const Mapped& mapped) const;
  void describe(const Mapped& mapped, const MappedValue& value) const;
  bool publish();
  void refuse(const std::string& topic, const std::string& why);

  myriad::Host host_;
  const Options& options_;
  LoopGuard& guard_;
  Health& health_;
  std::optional<Client> connection_;

  std::mutex mutex_;                 // for the wait only
  std::condition_variable stopped_;  // stop() was called

  std::map<std::string, std::string> things_;              // slug → the name it was made from
  std::unordered_map<std::string, std::uint32_t> points_;  // "<thing>/<property>" → id
  myriad::Batch batch_;
  Complaints malformed_;
  std::uint64_t messages_ = 0, readings_ = 0, echoes_ = 0, waits_ = 0, connections_ = 0;
};

}  // namespace mqtt
