// Topic and payload → readings with names. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "codec.h"
#include "config.h"

namespace mqtt {

// A payload, parsed as JSON at most once, however many subscriptions look at it. Borrows its bytes.
class Payload {
 public:
  explicit Payload(std::string_view bytes) : bytes_(bytes) {}
  std::string_view bytes() const { return bytes_; }
  // Throws myriad::Failure when it is no JSON.
  const nlohmann::json& document();

 private:
  std::string_view bytes_;
  std::optional<nlohmann::json> document_;
};

struct MappedValue {
  std::string property;
  const ValueRule* rule;
  Value value;
};
struct Mapped {
  std::string thing, title;  // the slug, and the name it was made from
  std::int64_t time_ns;
  std::vector<MappedValue> values;
};

// What `subscription` makes of a message; nothing when its filter does not match. A value that is absent or null is
// left out; when all are, or one has the wrong type, or the time is none, throws myriad::Failure with the reason.
std::optional<Mapped> map(const Subscription& subscription, const std::string& topic, Payload& payload,
                          std::int64_t arrival_ns);

}  // namespace mqtt
