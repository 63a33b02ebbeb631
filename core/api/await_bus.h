// Whoever was told that readings are durable may look at the latest values next, and should find them there.
#pragma once

#include <chrono>

#include "bus/bus.h"
#include "spine/spine.h"

namespace myriad::api {

// Until the bus has seen `last`, or the limit: it follows a commit within microseconds, and does not say so itself.
void await_bus(bus::Bus&, spine::Sequence last, std::chrono::milliseconds limit);

}  // namespace myriad::api
