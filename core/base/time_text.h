// Times as text: RFC 3339 in UTC with up to nine decimals.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace myriad {

// "2026-11-22T08:00:00.5+01:00" → nanoseconds. Any offset; 1970 to 2262. RFC 3339, section 5.6.
Result<Nanos> parse_time(std::string_view text);

// Nanoseconds → "2026-11-22T07:00:00.5Z", with as many decimals as the value needs.
std::string format_time(Nanos time);
void append_time(std::string& out, Nanos time);  // the same, behind what is there

// The same for many times, which mostly are of one day: the date is kept. For one thread.
class TimeWriter {
 public:
  std::string_view text(Nanos time);  // until the next call
  // The same where there is room for `longest`; returns its end.
  char* write(char* to, Nanos time);
  static constexpr std::size_t longest = 30;

 private:
  void set_day(Nanos day);

  std::array<char, longest> text_{"0000-00-00T00:00:00.000000000"};
  Nanos day_ = INT64_MIN;  // that text_ tells, counted from 1970
};

}  // namespace myriad
