#include "api/sse.h"

#include <nlohmann/json.hpp>

#include "api/reading_text.h"
#include "base/time_text.h"

namespace myriad::api {

std::string sse_event(std::string_view name, std::string_view data, std::uint64_t id) {
  std::string out = "event: ";
  out += name;
  if (id != 0) out += "\nid: " + std::to_string(id);
  out += "\ndata: ";
  out += data;
  out += "\n\n";
  return out;
}

std::string readings_event(std::span<const bus::Change> changes, const model::Points& points, std::uint64_t id) {
  std::string data = "{\"readings\":[";
  for (const auto& change : changes) {
    if (data.back() == '}') data += ',';
    data += "{\"point\":";
    append_string(data, points.name(change.point));
    data += ',';
    append_sample(data, change.sample);
    data += '}';
  }
  return sse_event("readings", data + "]}", id);
}

nlohmann::json event_json(const registry::Event& event) {
  auto data = event.data.empty() ? nlohmann::json() : nlohmann::json::parse(event.data, nullptr, false);
  if (data.is_discarded()) data = event.data;
  return {{"thing", event.thing}, {"event", event.event}, {"time", format_time(event.time)}, {"data", std::move(data)}};
}

}  // namespace myriad::api
