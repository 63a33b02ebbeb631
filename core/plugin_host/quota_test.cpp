#include "plugin_host/quota.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace myriad::plugin_host {
namespace {

using namespace std::chrono_literals;

TEST(QuotaTest, TakesWhatDiffersFromTheUsual) {
  EXPECT_EQ(*parse_quota("", usual_quota), usual_quota);
  const auto quota = parse_quota(R"({"memory_mb":64,"cpu_percent":0})", usual_quota);
  ASSERT_TRUE(quota);
  EXPECT_EQ(quota->memory_mb, 64u);
  EXPECT_EQ(quota->cpu_percent, 0u);
  EXPECT_EQ(quota->readings_per_s, usual_quota.readings_per_s);
  EXPECT_EQ(quota_json(*quota)["memory_mb"], 64);
}

TEST(QuotaTest, RefusesWhatIsNoQuota) {
  const struct {
    const char *name, *text, *field;
  } cases[] = {{"no object", "[]", "/quota"},
               {"unknown", R"({"cpus":1})", "/quota/cpus"},
               {"text", R"({"memory_mb":"64"})", "/quota/memory_mb"},
               {"negative", R"({"readings_per_s":-1})", "/quota/readings_per_s"},
               {"too small to run", R"({"memory_mb":1})", "/quota/memory_mb"},
               {"fraction", R"({"cpu_percent":1.5})", "/quota/cpu_percent"}};
  for (const auto& c : cases) {
    const auto quota = parse_quota(c.text, usual_quota);
    ASSERT_FALSE(quota) << c.name;
    EXPECT_EQ(quota.error().field, c.field) << c.name;
  }
}

TEST(AllowanceTest, LetsASecondsWorthPassAndThenAsItFlows) {
  Allowance allowance({.readings_per_s = 1000});
  const Allowance::Clock::time_point start{1h};
  EXPECT_TRUE(allowance.take(900, 0, start));
  EXPECT_FALSE(allowance.take(200, 0, start));
  EXPECT_TRUE(allowance.take(100, 0, start));
  EXPECT_FALSE(allowance.take(100, 0, start + 50ms));
  EXPECT_TRUE(allowance.take(100, 0, start + 150ms));
  allowance.give_back(100, 0);
  EXPECT_TRUE(allowance.take(100, 0, start + 150ms));
}

TEST(AllowanceTest, ABatchOfMoreThanASecondPassesAndIsPaidFor) {
  Allowance allowance({.bytes_per_s = 1000});
  const Allowance::Clock::time_point start{1h};
  EXPECT_TRUE(allowance.take(1, 3000, start));
  EXPECT_FALSE(allowance.take(1, 10, start + 2s));
  EXPECT_TRUE(allowance.take(1, 10, start + 2100ms));
}

TEST(AllowanceTest, WithoutAQuotaEverythingPasses) {
  Allowance allowance(Quota{});
  EXPECT_TRUE(allowance.take(1'000'000'000, 1'000'000'000'000));
}

}  // namespace
}  // namespace myriad::plugin_host
