#include "mapping.h"

namespace mqtt {
namespace {

const nlohmann::json* find(const nlohmann::json& document, const nlohmann::json::json_pointer& pointer) {
  if (!document.contains(pointer)) return nullptr;
  const auto& node = document.at(pointer);
  return node.is_null() ? nullptr : &node;
}

std::optional<Value> extract(const ValueRule& rule, Payload& payload) {
  if (rule.pointer.empty()) return raw_value(payload.bytes(), rule);
  const auto* node = find(payload.document(), rule.pointer);
  if (!node) return std::nullopt;
  return to_value(*node, rule);
}

std::int64_t time_of(const Subscription& subscription, Payload& payload, std::int64_t arrival_ns) {
  if (!subscription.timed) return arrival_ns;
  const auto* node = find(payload.document(), subscription.time);
  return node ? to_time(*node, subscription.time_unit) : arrival_ns;
}

}  // namespace

const nlohmann::json& Payload::document() {
  if (!document_) document_ = nlohmann::json::parse(bytes_, nullptr, false);
  if (document_->is_discarded()) throw myriad::Failure(MYRIAD_E_INVALID, "the payload is no JSON");
  return *document_;
}

std::optional<Mapped> map(const Subscription& subscription, const std::string& topic, Payload& payload,
                          std::int64_t arrival_ns) {
  const auto captures = match(subscription.topic, topic);
  if (!captures) return std::nullopt;
  Mapped out{{}, subscription.thing.fill(*captures), time_of(subscription, payload, arrival_ns), {}};
  out.thing = slug(out.title);
  for (const auto& rule : subscription.values)
    if (auto value = extract(rule, payload))
      out.values.push_back({slug(rule.property.fill(*captures)), &rule, std::move(*value)});
  if (out.values.empty())
    throw myriad::Failure(MYRIAD_E_INVALID,
                          "the payload has no value at '" + subscription.values.front().pointer.to_string() + "'");
  return out;
}

}  // namespace mqtt
