// Server-sent events as text (WHATWG HTML, section 9.2). Pure.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>

#include "bus/bus.h"
#include "registry/registry.h"

namespace myriad::api {

// `data` holds no line break, as JSON text never needs one. An `id` of 0 is left out.
std::string sse_event(std::string_view name, std::string_view data, std::uint64_t id = 0);

// One `readings` event.
std::string readings_event(std::span<const bus::Change>, const model::Points&, std::uint64_t id);

// {"thing","event","time","data"}
nlohmann::json event_json(const registry::Event&);

}  // namespace myriad::api
