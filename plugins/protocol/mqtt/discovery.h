// Messages that make a point appear in Home Assistant by itself. Pure.
// https://www.home-assistant.io/integrations/mqtt: <prefix>/<component>/<object>/config, retained.
#pragma once

#include <string>
#include <string_view>

#include "config.h"

namespace mqtt {

struct Discovery {
  std::string topic, payload;
};

struct DiscoveredPoint {
  std::string_view thing, property, unit, state_topic;
  bool boolean;
};

// `node` sets this installation's entities apart from another's: the client id.
Discovery discovery(const DiscoveredPoint& point, PayloadForm form, const std::string& prefix, std::string_view node);

// Where Home Assistant says "online" after its start.
std::string birth_topic(const std::string& prefix);

}  // namespace mqtt
