// Dates as HTTP writes them. Pure.
#pragma once

#include <string>

#include "base/clock.h"

namespace myriad::api {

// "Sun, 22 Nov 2026 08:00:00 GMT" (RFC 9110, section 5.6.7).
std::string http_date(Nanos);

}  // namespace myriad::api
