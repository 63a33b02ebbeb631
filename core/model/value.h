// One value of a property, as REST, the bus and tests handle it. Hot paths keep Reading instead.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <variant>

#include "base/clock.h"
#include "base/result.h"
#include "model/reading.h"

namespace myriad::model {

struct Bytes {
  std::string data;
  bool operator==(const Bytes&) const = default;
};
struct JsonText {  // a JSON object or array, as text
  std::string text;
  bool operator==(const JsonText&) const = default;
};

using Value = std::variant<bool, std::int64_t, std::uint64_t, double, std::string, Bytes, JsonText>;

// A reading with its own storage.
struct Sample {
  Nanos time = 0;
  Value value;
  std::uint16_t quality = MYRIAD_GOOD;
};

Sample to_sample(BatchView, const Reading&);
void append(Batch&, PointId, const Sample&);

// Bytes are base64 text in JSON (RFC 4648, section 4). null, NaN and infinity are refused.
Result<Value> value_from_json(const nlohmann::json&);
nlohmann::json to_json(const Value&);

}  // namespace myriad::model
