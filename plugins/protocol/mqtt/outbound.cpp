#include "outbound.h"

#include <mosquitto.h>

#include <algorithm>

namespace mqtt {
namespace {

constexpr const char* connection_name = "outbound";

bool matches_any(const std::vector<std::string>& patterns, const std::string& point) {
  return std::any_of(patterns.begin(), patterns.end(), [&](const auto& p) { return matches_pattern(p, point); });
}

}  // namespace

Outbound::Outbound(myriad::Host host, const Options& options, LoopGuard& guard, Health& health)
    : host_(host), options_(options), guard_(guard), health_(health) {
  std::vector<std::string> patterns;
  for (const auto& publication : options.publish)
    patterns.insert(patterns.end(), publication.points.begin(), publication.points.end());
  host_.select(patterns);
}

void Outbound::start(const std::string& client_id) {
  health_.expect(connection_name);
  client_id_ = client_id;
  cancelled_ = false;
  down_reason_ = "not yet connected";
  // No session to keep: what the broker has not confirmed is delivered again from the host's cursor.
  connection_.emplace(options_, client_id, false, *this);
  connection_->start();
}

void Outbound::stop() {
  if (connection_) connection_->stop();
  const std::lock_guard lock(mutex_);
  down_reason_ = "stopped";
}

void Outbound::on_up() {
  if (options_.home_assistant.enabled) connection_->subscribe(birth_topic(options_.home_assistant.prefix), 0);
  {
    const std::lock_guard lock(mutex_);
    down_reason_.clear();
  }
  health_.up(connection_name);
}

void Outbound::on_down(const std::string& reason) {
  {
    const std::lock_guard lock(mutex_);
    down_reason_ = reason;
    ++lost_;
  }
  changed_.notify_all();
  health_.down(connection_name, reason);
}

void Outbound::on_published(int mid, const std::string& refusal) {
  const std::lock_guard lock(mutex_);
  if (pending_.erase(mid) == 0) return;
  ++sent_;
  if (!refusal.empty()) refusal_ = refusal;
  if (pending_.size() <= wake_at_) changed_.notify_all();
}

void Outbound::cancel() {
  {
    const std::lock_guard lock(mutex_);
    cancelled_ = true;
  }
  changed_.notify_all();
}

void Outbound::deliver(const myriad::BatchView& batch) {
  const auto deadline = std::chrono::steady_clock::now() + options_.publish_timeout;
  Lock lock(mutex_);
  begin();
  try {
    send_all(batch, lock, deadline);
    wait_until_pending(0, lock, deadline);
  } catch (const myriad::Failure& failure) {
    // What libmosquitto still holds of this batch would come again beside the next delivery.
    if (!pending_.empty() && lost_ == lost_before_) {
      down_reason_ = failure.what();
      connection_->drop(down_reason_);
    }
    throw;
  }
  if (!refusal_.empty())
    throw myriad::Failure(MYRIAD_E_UNAVAILABLE,
                          "the broker refused a message: " + refusal_ + ": check its access rules and limits");
}

void Outbound::begin() {
  if (std::exchange(cancelled_, false)) throw myriad::Failure(MYRIAD_E_CANCELLED, "sending was cancelled");
  if (!down_reason_.empty()) throw myriad::Failure(MYRIAD_E_UNAVAILABLE, down_reason_);
  lost_before_ = lost_;
  refusal_.clear();
  pending_.clear();
}

void Outbound::send_all(const myriad::BatchView& batch, Lock& lock, Deadline deadline) {
  const auto first = batch.sequence() - std::min<std::uint64_t>(batch.sequence(), batch.size() - 1);
  for (std::uint32_t i = 0; i < batch.size(); ++i) {
    const auto& reading = batch[i];
    if (guard_.is_inbound(reading.point)) continue;
    const auto text = reading.type >= MYRIAD_TEXT ? batch.text(reading) : std::string_view();
    send_reading({&reading, text, {}, first + i}, lock, deadline);
  }
}

void Outbound::send_reading(const Outgoing& out, Lock& lock, Deadline deadline) {
  auto& target = target_of(*out.reading);
  announce(target, lock, deadline);
  for (const auto& route : target.routes) {
    const auto payload = encode({out.reading, out.text, target.unit, out.sequence}, route.publication->payload,
                                route.publication->sequence);
    send({route.topic, payload, route.publication->qos, route.publication->retain, out.sequence}, lock, deadline);
  }
}

Outbound::Target& Outbound::target_of(const myriad_reading& reading) {
  const auto known = targets_.find(reading.point);
  if (known != targets_.end()) return known->second;
  return targets_.emplace(reading.point, make_target(reading)).first->second;
}

Outbound::Target Outbound::make_target(const myriad_reading& reading) const {
  const auto name = host_.name(reading.point);
  const auto unit = host_.unit(reading.point);
  Target out{{}, std::string(name.thing) + "/" + std::string(name.property), unit, {}};
  for (const auto& publication : options_.publish) {
    if (!matches_any(publication.points, out.name)) continue;
    const auto topic = fill_topic(publication.topic, name.thing, name.property);
    guard_.note_sent(topic);
    if (options_.home_assistant.enabled && out.discovery.empty())
      out.discovery.push_back(discovery({name.thing, name.property, unit, topic, reading.type == MYRIAD_BOOL},
                                        publication.payload, options_.home_assistant.prefix, client_id_));
    out.routes.push_back({&publication, topic});
  }
  return out;
}

void Outbound::announce(Target& target, Lock& lock, Deadline deadline) {
  if (target.announced) return;
  for (const auto& message : target.discovery) send({message.topic, message.payload, 1, true, 0}, lock, deadline);
  target.announced = true;
}

void Outbound::send(const Client::Message& message, Lock& lock, Deadline deadline) {
  if (pending_.size() >= options_.max_inflight) wait_until_pending(options_.max_inflight / 2, lock, deadline);
  const auto mid = connection_->publish(message);
  if (!mid) throw myriad::Failure(MYRIAD_E_UNAVAILABLE, "the connection to the broker was lost while sending");
  pending_.insert(*mid);
}

void Outbound::wait_until_pending(std::size_t at_most, Lock& lock, Deadline deadline) {
  wake_at_ = at_most;
  connection_->flush();
  const auto done = [&] { return pending_.size() <= at_most || lost_ != lost_before_ || cancelled_; };
  const bool in_time = changed_.wait_until(lock, deadline, done);
  if (lost_ != lost_before_)
    throw myriad::Failure(MYRIAD_E_UNAVAILABLE, down_reason_.empty() ? "the connection was lost" : down_reason_);
  if (std::exchange(cancelled_, false)) throw myriad::Failure(MYRIAD_E_CANCELLED, "sending was cancelled");
  if (!in_time)
    throw myriad::Failure(MYRIAD_E_TIMEOUT, "the broker did not confirm " + std::to_string(pending_.size()) +
                                                " messages within " + std::to_string(options_.publish_timeout.count()) +
                                                " ms");
}

// Home Assistant came up: it asks for the discovery messages again.
bool Outbound::on_message(const mosquitto_message& message) {
  const std::string_view payload(static_cast<const char*>(message.payload),
                                 static_cast<std::size_t>(message.payloadlen));
  if (payload != "online") return true;
  const std::lock_guard lock(mutex_);
  for (const auto& [point, target] : targets_)
    for (const auto& d : target.discovery) connection_->publish({d.topic, d.payload, 1, true, 0});
  return true;
}

void Outbound::on_tick() {
  const std::lock_guard lock(mutex_);
  host_.metric("messages_out", static_cast<double>(sent_));
}

}  // namespace mqtt
