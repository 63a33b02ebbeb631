#include "historian/steps.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/time_text.h"

namespace myriad::historian {
namespace {

using ::testing::HasSubstr;

constexpr Nanos minute = Nanos{60} * 1'000'000'000, hour = 60 * minute, day = 24 * hour;

Steps steps(std::string_view step, std::string_view zone = {}) {
  const auto parsed = Steps::parse(step, zone);
  EXPECT_TRUE(parsed) << step << zone;
  return *parsed;
}

std::string begin(std::string_view step, std::string_view zone, const char* time) {
  return format_time(steps(step, zone).begin(*parse_time(time)));
}

TEST(Steps, RefusesWhatIsNone) {
  struct Case {
    const char *step, *zone, *field, *detail;
  };
  const Case cases[] = {
      {"", "", "step", "step ''"},
      {"0s", "", "step", "step '0s'"},
      {"-1h", "", "step", "write a whole number"},
      {"1.5h", "", "step", "write a whole number"},
      {"h", "", "step", "step 'h'"},
      {"1", "", "step", "step '1'"},
      {"1us", "", "step", "from 1ms"},
      {"1M", "", "step", "step '1M'"},
      {" 1h", "", "step", "step ' 1h'"},
      {"1h ", "", "step", "step '1h '"},
      {"101y", "", "step", "to 100y"},
      {"36526d", "", "step", "to 100y"},
      {"99999999999999999999h", "", "step", "to 100y"},
      {"1d", "Europe/Berln", "zone", "zone 'Europe/Berln': use an IANA name"},
      {"1h", "/etc/localtime", "zone", "zone '/etc/localtime'"},
      {"1h", "../zoneinfo/UTC", "zone", "zone '../zoneinfo/UTC'"},
      {"1h", "Europe", "zone", "zone 'Europe'"},
      {"1h", "posix/Europe/Berlin", "zone", "use an IANA name"},
      {"1h", "Fixed/UTC+01:00:00", "zone", "use an IANA name"},
  };
  for (const auto& c : cases) {
    const auto parsed = Steps::parse(c.step, c.zone);
    ASSERT_FALSE(parsed) << c.step << c.zone;
    EXPECT_EQ(parsed.error().field, c.field) << c.step << c.zone;
    EXPECT_THAT(parsed.error().message, HasSubstr(c.detail)) << c.step << c.zone;
  }
}

TEST(Steps, TakesTheExtremes) {
  for (const char* step : {"1ms", "3155760000000ms", "36525d", "5217w", "1200mo", "100y"})
    EXPECT_TRUE(Steps::parse(step, "UTC")) << step;
}

TEST(Steps, BeginWhereTheZoneSaysSo) {
  struct Case {
    const char *step, *zone, *time, *begin;
  };
  const Case cases[] = {
      {"1m", "", "2026-03-01T12:34:56.7Z", "2026-03-01T12:34:00Z"},
      {"250ms", "", "2026-03-01T12:34:56.7Z", "2026-03-01T12:34:56.5Z"},
      {"6h", "", "2026-03-01T12:34:56Z", "2026-03-01T12:00:00Z"},
      {"6h", "Europe/Berlin", "2026-03-01T12:34:56Z", "2026-03-01T11:00:00Z"},     // 12:00 there
      {"6h", "Europe/Berlin", "2026-07-01T12:34:56Z", "2026-07-01T11:00:00Z"},     // standard time counts
      {"6h", "Australia/Sydney", "2026-01-01T03:00:00Z", "2026-01-01T02:00:00Z"},  // 12:00 at +10
      {"1h", "Asia/Kolkata", "2026-03-01T12:34:56Z", "2026-03-01T12:30:00Z"},      // 18:00 there
      {"1d", "", "2026-03-01T23:59:59Z", "2026-03-01T00:00:00Z"},
      {"1d", "Europe/Berlin", "2026-03-01T22:59:59Z", "2026-02-28T23:00:00Z"},
      {"1d", "Europe/Berlin", "2026-03-01T23:00:00Z", "2026-03-01T23:00:00Z"},
      {"1d", "Europe/Berlin", "2026-07-01T12:00:00Z", "2026-06-30T22:00:00Z"},
      {"1w", "", "2026-03-01T12:00:00Z", "2026-02-23T00:00:00Z"},  // Sunday belongs to Monday before
      {"1w", "", "2026-03-02T00:00:00Z", "2026-03-02T00:00:00Z"},
      {"1mo", "America/New_York", "2026-03-31T23:00:00Z", "2026-03-01T05:00:00Z"},
      {"3mo", "", "2026-06-30T23:00:00Z", "2026-04-01T00:00:00Z"},
      {"1y", "Asia/Shanghai", "2026-06-30T23:00:00Z", "2025-12-31T16:00:00Z"},
      {"10y", "", "2026-06-30T23:00:00Z", "2020-01-01T00:00:00Z"},
      {"1d", "America/Sao_Paulo", "2018-11-04T12:00:00Z", "2018-11-04T03:00:00Z"},  // no midnight: from 01:00
      {"1d", "America/Havana", "2025-11-02T12:00:00Z", "2025-11-02T04:00:00Z"},     // two: the first
      {"1d", "Pacific/Apia", "2011-12-31T01:00:00Z", "2011-12-30T10:00:00Z"},       // there was no 30 December
      {"1d", "America/St_Johns", "2006-10-29T03:00:00Z", "2006-10-29T02:30:00Z"},   // 23:30 of the day before, again
  };
  for (const auto& c : cases) EXPECT_EQ(begin(c.step, c.zone, c.time), c.begin) << c.step << c.zone << c.time;
}

TEST(Steps, DaysOf23And25Hours) {
  const auto days = steps("1d", "Europe/Berlin");
  const auto length = [&](const char* time) {
    const Nanos from = days.begin(*parse_time(time));
    return (days.next(from) - from) / hour;
  };
  EXPECT_EQ(length("2026-03-28T12:00:00Z"), 24);
  EXPECT_EQ(length("2026-03-29T12:00:00Z"), 23);
  EXPECT_EQ(length("2026-10-25T12:00:00Z"), 25);
}

// Whatever the step and the zone: steps join without gap or overlap, and each time is in its own.
TEST(Steps, CoverTimeOnce) {
  for (const char* zone : {"", "Europe/Berlin", "Asia/Kolkata", "America/Sao_Paulo", "Australia/Lord_Howe",
                           "Pacific/Apia", "America/St_Johns", "Africa/Casablanca", "Asia/Gaza", "Africa/Monrovia"})
    for (const char* step : {"7m", "1h", "36h", "1d", "3d", "1w", "1mo", "5mo", "1y"}) {
      const auto each = steps(step, zone);
      Nanos at = each.begin(*parse_time("2004-01-01T00:00:00Z"));
      for (int i = 0; i < 3'000 && at < *parse_time("2014-01-01T00:00:00Z"); ++i) {
        const Nanos next = each.next(at);
        ASSERT_GT(next, at) << step << zone;
        ASSERT_EQ(each.begin(at), at) << step << zone << format_time(at);
        ASSERT_EQ(each.begin(next - 1), at) << step << zone << format_time(at);
        ASSERT_EQ(each.begin(at + (next - at) / 2), at) << step << zone << format_time(at);
        at = next;
      }
    }
}

TEST(Steps, EndWithTime) {
  for (const char* step : {"1ms", "1h", "1d", "100y"}) {
    const auto each = steps(step, "Europe/Berlin");
    EXPECT_LE(each.begin(INT64_MAX), INT64_MAX) << step;
    EXPECT_EQ(each.next(each.begin(INT64_MAX)), INT64_MAX) << step;
    EXPECT_EQ(each.next(INT64_MAX), INT64_MAX) << step;
    EXPECT_LE(each.begin(INT64_MIN), 0) << step;
    EXPECT_LE(each.begin(0), 0) << step;
    EXPECT_GT(each.next(each.begin(0)), 0) << step;
  }
}

TEST(Steps, HoldWholeBuckets) {
  struct Case {
    const char *step, *zone;
    bool minutes, hours, days;
  };
  const Case cases[] = {
      {"30s", "", false, false, false},
      {"1m", "", true, false, false},
      {"90m", "", true, false, false},
      {"1h", "", true, true, false},
      {"1d", "", true, true, true},
      {"1w", "", true, true, true},
      {"1y", "UTC", true, true, true},
      {"1h", "Europe/Berlin", true, true, false},
      {"1d", "Europe/Berlin", true, true, false},
      {"1mo", "Europe/London", true, true, false},
      {"1h", "Asia/Kolkata", true, false, false},
      {"1d", "Asia/Kolkata", true, false, false},
      {"30m", "Asia/Kolkata", true, false, false},
      {"1d", "Asia/Kathmandu", true, false, false},
      {"1d", "Africa/Monrovia", false, false, false},  // 44 min 30 s until 1972
      {"1d", "Etc/GMT", true, true, true},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(steps(c.step, c.zone).holds_whole(minute), c.minutes) << c.step << c.zone;
    EXPECT_EQ(steps(c.step, c.zone).holds_whole(hour), c.hours) << c.step << c.zone;
    EXPECT_EQ(steps(c.step, c.zone).holds_whole(day), c.days) << c.step << c.zone;
  }
}

TEST(Steps, OneForEverything) {
  const auto one = Steps::one(5);
  EXPECT_EQ(one.begin(5), 5);
  EXPECT_EQ(one.begin(INT64_MAX - 1), 5);
  EXPECT_EQ(one.next(5), INT64_MAX);
  EXPECT_TRUE(one.holds_whole(day));
}

}  // namespace
}  // namespace myriad::historian
