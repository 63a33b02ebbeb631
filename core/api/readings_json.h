// What POST /readings takes: a JSON document, or one reading a line. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "model/value.h"

namespace myriad::api {

struct Incoming {
  std::string point;  // "<thing>/<property>", both slugs
  model::Sample sample;
};

// {"readings":[{"point":"t/p","value":…,"time"?:"…","quality"?:"good"},…]}, all or nothing. A reading without time is
// from `now`. The error's field is a JSON pointer ("/readings/3/time").
Result<std::vector<Incoming>> parse_readings(std::string_view body, Nanos now);

struct Lines {
  struct Refused {
    std::size_t line;  // from 1
    std::string detail;
  };
  std::vector<Incoming> readings;
  std::vector<std::size_t> line_of;  // of each reading
  std::vector<Refused> refused;
};
// One reading object a line (application/x-ndjson); empty lines are skipped.
Lines parse_reading_lines(std::string_view body, Nanos now);

}  // namespace myriad::api
