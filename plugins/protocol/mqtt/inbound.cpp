#include "inbound.h"

#include <mosquitto.h>

#include <algorithm>

namespace mqtt {
namespace {

using namespace std::chrono_literals;

constexpr const char* connection_name = "inbound";
constexpr const char* filters_key = "filters";

void add_reading(myriad::Batch& batch, std::uint32_t point, std::int64_t time_ns, const Value& value) {
  const auto adder = [&](const auto& v) {
    using V = std::decay_t<decltype(v)>;
    if constexpr (std::is_same_v<V, JsonText>)
      batch.add(point, time_ns, std::string_view(v.text), MYRIAD_GOOD, MYRIAD_JSON);
    else if constexpr (std::is_same_v<V, std::string>)
      batch.add(point, time_ns, std::string_view(v));
    else
      batch.add(point, time_ns, v);
  };
  std::visit(adder, value);
}

}  // namespace

Inbound::Inbound(myriad::Host host, const Options& options, LoopGuard& guard, Health& health)
    : host_(host), options_(options), guard_(guard), health_(health), malformed_(host, "malformed_messages") {}

void Inbound::start(const std::string& client_id) {
  health_.expect(connection_name);
  connection_.emplace(options_, client_id, !options_.clean_session, *this);
  connection_->start();
}

void Inbound::stop() {
  if (!connection_) return;
  {
    const std::lock_guard lock(mutex_);
    connection_->request_stop();
  }
  stopped_.notify_all();
  connection_->stop();
}

void Inbound::on_up() {
  drop_old_filters();
  for (const auto& subscription : options_.subscribe) connection_->subscribe(subscription.topic, subscription.qos);
  host_.metric("connections", static_cast<double>(++connections_));
  health_.up(connection_name);
}

// A persistent session keeps filters that the configuration no longer has.
void Inbound::drop_old_filters() {
  nlohmann::json wanted = nlohmann::json::array();
  for (const auto& subscription : options_.subscribe) wanted.push_back(subscription.topic);
  const auto before = host_.stored(filters_key);
  if (before == wanted.dump()) return;
  const auto old = nlohmann::json::parse(before, nullptr, false);
  if (old.is_array())
    for (const auto& filter : old)
      if (std::find(wanted.begin(), wanted.end(), filter) == wanted.end())
        connection_->unsubscribe(filter.get<std::string>());
  host_.store(filters_key, wanted.dump());
}

void Inbound::on_down(const std::string& reason) {
  health_.down(connection_name, reason);
}

// The other subscriptions go on.
void Inbound::on_subscription_refused(const std::string& filter, int code) {
  host_.error("the broker refused the subscription to '" + filter + "' (code " + std::to_string(code) +
              "): check its access rules");
}

bool Inbound::on_message(const mosquitto_message& message) {
  const std::string topic = message.topic;
  const std::string_view payload(static_cast<const char*>(message.payload),
                                 static_cast<std::size_t>(message.payloadlen));
  ++messages_;
  if (guard_.was_sent(topic)) {
    ++echoes_;
    return true;
  }
  batch_.clear();
  if (payload.size() > options_.max_payload_bytes)
    refuse(topic, std::to_string(payload.size()) + " bytes are more than max_payload_bytes");
  else
    take(topic, payload);
  return publish();
}

// Every matching subscription takes its part: where filters overlap, the broker sends the message once.
void Inbound::take(const std::string& topic, std::string_view bytes) {
  Payload payload(bytes);
  const auto arrival = host_.now_ns();
  for (const auto& subscription : options_.subscribe) {
    try {
      if (const auto mapped = map(subscription, topic, payload, arrival)) add(*mapped);
    } catch (const std::exception& failure) {
      refuse(topic, failure.what());
    }
  }
}

void Inbound::add(const Mapped& mapped) {
  for (const auto& value : mapped.values) add_reading(batch_, point_of(mapped, value), mapped.time_ns, value.value);
}

std::uint32_t Inbound::point_of(const Mapped& mapped, const MappedValue& value) {
  const std::string name = mapped.thing + "/" + value.property;
  check_name(mapped);
  if (const auto known = points_.find(name); known != points_.end()) return known->second;
  if (points_.size() >= options_.max_points)
    throw myriad::Failure(MYRIAD_E_INVALID,
                          "'" + name + "' would be one more than max_points " + std::to_string(options_.max_points));
  const auto point = host_.intern(mapped.thing, value.property);
  guard_.note_inbound(point, name);
  describe(mapped, value);
  things_.emplace(mapped.thing, mapped.title);
  return points_.emplace(name, point).first->second;
}

// Endless new names and two devices in one Thing are refused, not stored.
void Inbound::check_name(const Mapped& mapped) const {
  const auto known = things_.find(mapped.thing);
  if (known == things_.end() && things_.size() >= options_.max_things)
    throw myriad::Failure(MYRIAD_E_INVALID, "the Thing '" + mapped.thing + "' would be one more than max_things " +
                                                std::to_string(options_.max_things));
  if (known != things_.end() && known->second != mapped.title)
    throw myriad::Failure(MYRIAD_E_INVALID, "'" + mapped.title + "' and '" + known->second +
                                                "' would both be the Thing '" + mapped.thing + "': rename one");
}

void Inbound::describe(const Mapped& mapped, const MappedValue& value) const {
  nlohmann::json property{{"type", td_type(value.value)}, {"readOnly", true}, {"observable", true}};
  if (!value.rule->unit.empty()) property["unit"] = value.rule->unit;
  const nlohmann::json td{{"title", mapped.title}, {"properties", {{value.property, property}}}};
  host_.put_thing(mapped.thing, td.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

// False: stop() came before the host took the batch.
bool Inbound::publish() {
  if (batch_.empty()) return true;
  auto pause = 1ms;
  for (auto status = host_.publish(batch_); status != MYRIAD_OK; status = host_.publish(batch_)) {
    if (status != MYRIAD_E_AGAIN) {
      malformed_.add("the host refused readings with status " + std::to_string(status));
      return true;
    }
    ++waits_;
    std::unique_lock lock(mutex_);
    if (stopped_.wait_for(lock, pause, [&] { return connection_->stopping(); })) return false;
    pause = std::min(pause * 2, 50ms);
  }
  readings_ += batch_.size();
  return true;
}

void Inbound::refuse(const std::string& topic, const std::string& why) {
  malformed_.add("message on '" + topic + "' refused: " + why);
}

void Inbound::on_tick() {
  malformed_.flush();
  host_.metric("messages_in", static_cast<double>(messages_));
  host_.metric("readings_in", static_cast<double>(readings_));
  host_.metric("echoes_dropped", static_cast<double>(echoes_));
  host_.metric("queue_full_waits", static_cast<double>(waits_));
}

}  // namespace mqtt
