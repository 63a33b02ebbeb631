#include "times.h"

#include <gtest/gtest.h>

#include "codec.h"

namespace mqtt {
namespace {

std::int64_t attempt(const nlohmann::json& node, TimeUnit unit = TimeUnit::automatic) {
  try {
    return to_time(node, unit);
  } catch (const myriad::Failure&) {
    return -1;
  }
}

TEST(Times, AsDevicesWriteThem) {
  constexpr std::int64_t s = 1'000'000'000, base = 1'763'798'400 * s;
  const struct {
    const char* name;
    nlohmann::json node;
    TimeUnit unit;
    std::int64_t expected;
  } cases[] = {
      {"seconds", 1'763'798'400, TimeUnit::automatic, base},
      {"seconds with fraction", 1'763'798'400.25, TimeUnit::automatic, base + s / 4},
      {"milliseconds", 1'763'798'400'250, TimeUnit::automatic, base + s / 4},
      {"microseconds", 1'763'798'400'250'000, TimeUnit::automatic, base + s / 4},
      {"nanoseconds", 1'763'798'400'250'000'001, TimeUnit::automatic, base + s / 4 + 1},
      {"quoted number", "1763798400", TimeUnit::automatic, base},
      {"small number told to be milliseconds", 1000, TimeUnit::ms, s},
      {"small number is seconds", 1000, TimeUnit::automatic, 1000 * s},
      {"large number told to be seconds", 1'763'798'400'250, TimeUnit::s, -1},
      {"RFC 3339 in UTC", "2025-11-22T08:00:00Z", TimeUnit::automatic, base},
      {"RFC 3339 with offset", "2025-11-22T13:30:00.5+05:30", TimeUnit::automatic, base + s / 2},
      {"ten decimals", "2025-11-22T08:00:00.1234567899Z", TimeUnit::automatic, base + 123'456'789},
      {"leap second", "2016-12-31T23:59:60Z", TimeUnit::automatic, 1'483'228'800 * s},
      {"no offset", "2025-11-22T08:00:00", TimeUnit::automatic, -1},
      {"no such day", "2025-02-30T08:00:00Z", TimeUnit::automatic, -1},
      {"before 1970", -1, TimeUnit::automatic, -1},
      {"after 2262", "2300-01-01T00:00:00Z", TimeUnit::automatic, -1},
      {"too large", 1e300, TimeUnit::automatic, -1},
      {"unsigned beyond range", UINT64_MAX, TimeUnit::automatic, -1},
      {"object", nlohmann::json::object(), TimeUnit::automatic, -1},
      {"word", "yesterday", TimeUnit::automatic, -1},
  };
  for (const auto& c : cases) EXPECT_EQ(attempt(c.node, c.unit), c.expected) << c.name;
}

TEST(Times, FormattingIsReadBack) {
  for (const std::int64_t ns : {std::int64_t{0}, std::int64_t{1}, std::int64_t{1'763'798'400'123'456'789}})
    EXPECT_EQ(time_from_text(format_time(ns)), ns);
  EXPECT_EQ(format_time(1'763'798'400'500'000'000), "2025-11-22T08:00:00.5Z");
}

}  // namespace
}  // namespace mqtt
