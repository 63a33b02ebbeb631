#include "discovery.h"

#include <nlohmann/json.hpp>

namespace mqtt {
namespace {

// Home Assistant takes [A-Za-z0-9_-] in these; other bytes are written in hex, so that two points never share an id.
std::string object_id(std::string_view text) {
  constexpr char hex[] = "0123456789abcdef";
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    if (plain) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += {'-', hex[byte >> 4], hex[byte & 15]};
    }
  }
  return out;
}

std::string value_template(bool boolean, PayloadForm form) {
  const std::string value = form == PayloadForm::json ? "value_json.value" : "value";
  if (!boolean) return "{{ " + value + " }}";
  return form == PayloadForm::json ? "{{ 'ON' if value_json.value else 'OFF' }}"
                                   : "{{ 'ON' if value == 'true' else 'OFF' }}";
}

}  // namespace

Discovery discovery(const DiscoveredPoint& point, PayloadForm form, const std::string& prefix, std::string_view node) {
  const std::string device = object_id(node) + "-2f" + object_id(point.thing);
  const std::string entity = device + "-2f" + object_id(point.property);
  nlohmann::ordered_json config{
      {"name", point.property},
      {"unique_id", entity},
      {"state_topic", point.state_topic},
      {"value_template", value_template(point.boolean, form)},
      {"device", {{"identifiers", {device}}, {"name", point.thing}, {"manufacturer", "Myriad"}}}};
  if (!point.unit.empty() && !point.boolean) config["unit_of_measurement"] = point.unit;
  const char* component = point.boolean ? "binary_sensor" : "sensor";
  return {prefix + "/" + component + "/" + entity + "/config", config.dump()};
}

std::string birth_topic(const std::string& prefix) {
  return prefix + "/status";
}

}  // namespace mqtt
