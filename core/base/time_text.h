// Times as text: RFC 3339 in UTC with up to nine decimals. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace myriad {

// "2026-11-22T08:00:00.5+01:00" → nanoseconds. Any offset; 1970 to 2262. RFC 3339, section 5.6.
Result<Nanos> parse_time(std::string_view text);

// Nanoseconds → "2026-11-22T07:00:00.5Z", with as many decimals as the value needs.
std::string format_time(Nanos time);
void append_time(std::string& out, Nanos time);  // the same, behind what is there: cheap enough for every reading

}  // namespace myriad
