#include "app/bench/options.h"

#include <gmock/gmock.h>

namespace myriad::app::bench {
namespace {

using testing::HasSubstr;

TEST(BenchOptions, Reads) {
  const auto options = parse(
      {"ingest", "--readings", "5000", "--points=7", "--seconds", "3", "--dir", "D", "--days=2", "--alone", "--json"});
  ASSERT_TRUE(options) << options.error().message;
  EXPECT_EQ(options->what, What::ingest);
  EXPECT_EQ(options->readings, 5'000u);
  EXPECT_EQ(options->points, 7u);
  EXPECT_EQ(options->seconds, 3u);
  EXPECT_EQ(options->days, 2u);
  EXPECT_EQ(options->dir, "D");
  EXPECT_TRUE(options->alone && options->json);
  EXPECT_FALSE(options->help);
}

TEST(BenchOptions, TheCommandDecidesWhatThereIs) {
  struct Case {
    std::vector<std::string> args;
    const char* says;  // null: fine
  };
  const Case cases[] = {{{}, "say what to measure"},
                        {{"speed"}, "bench has no 'speed'"},
                        {{"query", "--days", "5"}, nullptr},
                        {{"query", "--points", "5"}, "see myriad bench query --help"},
                        {{"query", "--days", "0"}, "use a number from 1 to"},
                        {{"query", "--days", "-1"}, "use a number from 1 to"},
                        {{"query", "--days"}, "see myriad bench query --help"},
                        {{"query", "5"}, "options start with --"},
                        {{"footprint", "--seconds", "86401"}, "to 86400"},
                        {{"footprint", "--help"}, nullptr},
                        {{"footprint", "-h"}, nullptr},
                        {{"--help"}, nullptr}};
  for (const auto& c : cases) {
    const auto options = parse(c.args);
    EXPECT_EQ(bool(options), c.says == nullptr) << testing::PrintToString(c.args);
    if (!options) {
      EXPECT_THAT(options.error().message, HasSubstr(c.says ? c.says : ""));
    }
  }
}

TEST(BenchOptions, HelpTeachesTheFigures) {
  EXPECT_THAT(help(), HasSubstr("Exit codes: 0 done, 1 failed, 2 misused"));
  EXPECT_THAT(help(What::ingest), HasSubstr("cpu_us_per_reading"));
  EXPECT_THAT(help(What::query), HasSubstr("query_day_minutes_ms"));
  EXPECT_THAT(help(What::footprint), HasSubstr("ready_ms"));
}

}  // namespace
}  // namespace myriad::app::bench
