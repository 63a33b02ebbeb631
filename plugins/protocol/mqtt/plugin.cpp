// MQTT in and out: readings from topics, and chosen points to topics.
//
// An instance has one connection for each direction that its configuration uses, so that a full queue on the way in
// never holds up acknowledgements on the way out. With both, the outbound one has the client id with "-out".
#include <array>
#include <cstdio>
#include <myriad/plugin.hpp>
#include <random>

#include "inbound.h"
#include "outbound.h"

namespace mqtt {
namespace {

constexpr const char* client_id_key = "client_id";

// 19 characters: with "-out" the 23 that every MQTT 3.1.1 broker takes.
std::string random_client_id() {
  std::random_device random;
  std::array<char, 24> text{};
  std::snprintf(text.data(), text.size(), "myriad-%06x%06x", random() & 0xffffffU, random() & 0xffffffU);
  return text.data();
}

class Mqtt : public myriad::Plugin, public myriad::Sink {
 public:
  Mqtt(myriad::Host host, std::string_view config_json)
      : Plugin(host),
        options_(parse_options(config_json)),
        guard_(host, !options_.echo && !options_.publish.empty() && !options_.subscribe.empty()),
        health_(host) {
    if (!options_.publish.empty()) outbound_.emplace(host, options_, guard_, health_);
    if (!options_.subscribe.empty() || !outbound_) inbound_.emplace(host, options_, guard_, health_);
  }

  void start() override {
    const auto id = client_id();
    if (inbound_) inbound_->start(id);
    if (outbound_) outbound_->start(inbound_ ? id + "-out" : id);
  }
  void stop() override {
    if (inbound_) inbound_->stop();
    if (outbound_) outbound_->stop();
  }
  void cancel() noexcept override {
    if (outbound_) outbound_->cancel();
  }
  void deliver(const myriad::BatchView& batch) override {
    if (!outbound_) throw myriad::Failure(MYRIAD_E_INVALID, "/publish is empty: nothing is sent out");
    outbound_->deliver(batch);
  }

 private:
  // The same after every restart, since the broker keeps the session under it.
  std::string client_id() const {
    if (!options_.client_id.empty()) return options_.client_id;
    auto id = host().stored(client_id_key);
    if (id.empty()) {
      id = random_client_id();
      host().store(client_id_key, id);
    }
    return id;
  }

  const Options options_;
  LoopGuard guard_;
  Health health_;
  std::optional<Inbound> inbound_;
  std::optional<Outbound> outbound_;
};

}  // namespace
}  // namespace mqtt

MYRIAD_PLUGIN(mqtt::Mqtt, "mqtt", "0.1.0")
