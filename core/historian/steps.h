// The steps that a query divides time into: of a fixed length, or days, weeks, months and years of a time zone. Pure.
#pragma once

#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace myriad::historian {

class Steps {
 public:
  // `step`: a number and ms, s, m, h, d, w, mo or y ("15m", "1d"); `zone`: an IANA name ("Europe/Berlin"), empty is
  // UTC.
  static Result<Steps> parse(std::string_view step, std::string_view zone);

  Nanos begin(Nanos time) const;  // of the step that holds it
  Nanos next(Nanos begin) const;  // of the step after the one that begins there

  // Whether every step begins and ends where a rollup bucket of so many nanoseconds (aligned in UTC) does.
  bool holds_whole(Nanos bucket) const;
};

}  // namespace myriad::historian
