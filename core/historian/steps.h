// The steps that a query divides time into: of a fixed length, or days, weeks, months and years of a time zone. Pure,
// but for the zone files of the system, which are read once each.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace myriad::historian {

class Steps {
 public:
  // `step`: a number and ms, s, m, h, d, w, mo or y ("15m", "1d"), from 1 ms to 100 years; `zone`: an IANA name
  // ("Europe/Berlin"), empty is UTC.
  //
  // Steps of hours and less have one length, and are counted from midnight of the zone's standard time (the smaller
  // of its offsets on 1 January and 1 July 2025), so that they never overlap when clocks change. Days, weeks (from
  // Monday), months and years are the zone's own: a day of 23 hours is one step. Several are counted from 1970.
  static Result<Steps> parse(std::string_view step, std::string_view zone);

  // One step for everything from there on: a query of one row.
  static Steps one(Nanos from);

  Nanos begin(Nanos time) const;  // of the step that holds it
  Nanos next(Nanos begin) const;  // of the step after the one that begins there; INT64_MAX when there is none

  // Whether every step begins and ends where a rollup bucket of so many nanoseconds (aligned in UTC) does. Of one():
  // true, since only the range cuts it.
  bool holds_whole(Nanos bucket) const;

 private:
  struct Calendar;
  Steps() = default;

  Nanos length_ = 0;                          // of a step; of one(): 0; of the calendar: the grid that they fit
  Nanos phase_ = 0;                           // where a step begins after 1970; of one(): where it begins
  std::shared_ptr<const Calendar> calendar_;  // null when of one length
};

}  // namespace myriad::historian
