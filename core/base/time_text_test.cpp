#include "base/time_text.h"

#include <gtest/gtest.h>

namespace myriad {
namespace {

TEST(TimeText, ReadsRfc3339) {
  struct Case {
    const char* text;
    Nanos expected;
  };
  const Case cases[] = {
      {"1970-01-01T00:00:00Z", 0},
      {"1970-01-01T00:00:00.000000001Z", 1},
      {"2001-09-09T01:46:40Z", 1'000'000'000'000'000'000},
      {"2001-09-09T03:46:40.5+02:00", 1'000'000'000'500'000'000},
      {"2000-02-29 23:59:60z", 951'868'800'000'000'000},
  };
  for (const auto& c : cases) {
    const auto time = parse_time(c.text);
    ASSERT_TRUE(time) << c.text << ": " << time.error().message;
    EXPECT_EQ(*time, c.expected) << c.text;
  }
}

TEST(TimeText, RefusesWhatItCannotKeep) {
  for (const char* text :
       {"", "now", "2026-11-22", "2026-11-22T08:00:00", "1969-12-31T23:59:59Z", "2262-05-01T00:00:00Z",
        "2026-02-30T00:00:00Z", "2026-11-22T24:00:00Z", "2026-11-22T08:00:00.Z", "2026-11-22T08:00:00.1234567891Z",
        "2026-11-22T08:00:00Zx", "9999-12-31T23:59:59Z"})
    EXPECT_FALSE(parse_time(text)) << text;
}

TEST(TimeText, WritesOnlyTheDecimalsItNeeds) {
  EXPECT_EQ(format_time(0), "1970-01-01T00:00:00Z");
  EXPECT_EQ(format_time(1'000'000'000'500'000'000), "2001-09-09T01:46:40.5Z");
  EXPECT_EQ(format_time(1), "1970-01-01T00:00:00.000000001Z");
}

TEST(TimeText, OneWriterForManyTimes) {
  constexpr Nanos second = 1'000'000'000, day = 86'400 * second;
  TimeWriter writer;
  for (const Nanos time : {Nanos{0}, Nanos{1}, day - 1, day, day + second, Nanos{5} * second / 2, -second, -day,
                           -day - 1, INT64_MAX, 19'000 * day + 43'200 * second, 19'000 * day, INT64_MIN + day}) {
    EXPECT_EQ(writer.text(time), format_time(time)) << time;
    std::array<char, TimeWriter::longest> room;
    EXPECT_EQ(std::string_view(room.data(), writer.write(room.data(), time)), format_time(time)) << time;
  }
  EXPECT_EQ(writer.text(-second), "1969-12-31T23:59:59Z");
  EXPECT_EQ(writer.text(day - 1), "1970-01-01T23:59:59.999999999Z");
  EXPECT_EQ(writer.text(day), "1970-01-02T00:00:00Z");
}

}  // namespace
}  // namespace myriad
