#include "api/await_bus.h"

#include <thread>

namespace myriad::api {

void await_bus(bus::Bus& bus, spine::Sequence last, std::chrono::milliseconds limit) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  const auto seen = bus.subscribe({}, 1, {});
  while (seen->take().sequence < last && std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(std::chrono::microseconds(100));
}

}  // namespace myriad::api
