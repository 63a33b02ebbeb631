// Times as devices write them. Pure; failure is myriad::Failure INVALID and names the value.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "config.h"

namespace mqtt {

// "2026-11-22T08:00:00.5+01:00" → nanoseconds since 1970. RFC 3339, section 5.6; any offset, up to nine decimals.
std::int64_t time_from_text(std::string_view text);

// A count since 1970. `automatic` tells the unit from the magnitude: below 1e11 seconds (until the year 5138), below
// 1e14 milliseconds, below 1e17 microseconds, else nanoseconds.
std::int64_t time_from_integer(std::int64_t count, TimeUnit unit);

// With a fraction, which is kept to the microsecond: a double holds no more at today's magnitude.
std::int64_t time_from_number(double count, TimeUnit unit);

// Nanoseconds → "2026-11-22T07:00:00.5Z", with as many decimals as the value needs.
std::string format_time(std::int64_t ns);

}  // namespace mqtt
