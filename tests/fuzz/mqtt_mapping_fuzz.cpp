// Any topic and payload from a broker: mapped, or refused with a reason; never a crash, never a NaN, never a bad name.
// Input: the topic, a newline, the payload.
#include <cmath>
#include <cstdlib>

#include "mapping.h"

namespace {

mqtt::ValueRule rule(const char* property, const char* pointer, mqtt::Type type) {
  mqtt::ValueRule out;
  out.property = mqtt::Template(property);
  out.pointer = nlohmann::json::json_pointer(pointer);
  out.type = type;
  out.scale = 1.5;
  return out;
}

mqtt::Subscription subscription(const char* topic, const char* thing, std::vector<mqtt::ValueRule> values) {
  mqtt::Subscription out;
  out.topic = topic;
  out.thing = mqtt::Template(thing);
  out.values = std::move(values);
  return out;
}

std::vector<mqtt::Subscription> subscriptions() {
  using mqtt::Type;
  auto timed = subscription("s/+/t", "{1}",
                            {rule("a", "/a", Type::automatic), rule("b", "/b/0", Type::number),
                             rule("c", "/c", Type::boolean), rule("d", "/d~1e", Type::integer)});
  timed.timed = true;
  timed.time = nlohmann::json::json_pointer("/ts");
  return {timed, subscription("#", "{1}", {rule("x", "", Type::automatic)}),
          subscription("+/#", "x{2}", {rule("{1}", "", Type::text)})};
}

void expect(bool law) {
  if (!law) std::abort();
}

void check(const mqtt::Mapped& mapped) {
  expect(mqtt::slug(mapped.thing) == mapped.thing);
  expect(mapped.time_ns >= 0);
  for (const auto& value : mapped.values) {
    expect(mqtt::slug(value.property) == value.property);
    if (const auto* number = std::get_if<double>(&value.value)) expect(std::isfinite(*number));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto all = subscriptions();
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto newline = input.find('\n');
  if (newline == std::string_view::npos) return 0;
  const std::string topic(input.substr(0, newline));
  mqtt::Payload payload(input.substr(newline + 1));
  for (const auto& one : all) {
    try {
      if (const auto mapped = mqtt::map(one, topic, payload, 1)) check(*mapped);
    } catch (const myriad::Failure&) {  // refused with a reason
    }
  }
  return 0;
}
