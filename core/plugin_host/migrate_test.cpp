#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plugin_host/lifecycle.h"

namespace myriad::plugin_host {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

Manifest with(const char* migrations) {
  Manifest manifest;
  manifest.document = {{"migrations", json::parse(migrations)}};
  return manifest;
}

const char* const two_steps = R"([
  {"before": "2.0.0", "patch": [{"op": "move", "from": "/host", "path": "/address"}]},
  {"before": "3.0.0", "patch": [{"op": "add", "path": "/port", "value": 502}]}])";

TEST(Migrate, AppliesWhatCameSince) {
  struct Case {
    const char *from, *config, *expected;
  };
  for (const Case& c : {Case{"1.4.0", R"({"host":"a"})", R"({"address":"a","port":502})"},
                        Case{"2.0.0-rc.1", R"({"host":"a"})", R"({"address":"a","port":502})"},
                        Case{"2.0.0", R"({"address":"a"})", R"({"address":"a","port":502})"},
                        Case{"3.0.0", R"({"address":"a"})", R"({"address":"a"})"}}) {
    const auto migrated = migrate(with(two_steps), c.from, json::parse(c.config));
    ASSERT_TRUE(migrated) << c.from << ": " << migrated.error().message;
    EXPECT_EQ(*migrated, json::parse(c.expected)) << c.from;
  }
  EXPECT_EQ(*migrate(Manifest(), "1.0.0", {{"a", 1}}), (json{{"a", 1}}));
}

TEST(Migrate, SaysWhatDoesNotApply) {
  const auto migrated = migrate(with(two_steps), "1.0.0", json::object());
  ASSERT_FALSE(migrated);
  EXPECT_THAT(migrated.error().message, HasSubstr("the migration before 2.0.0 does not apply"));
  EXPECT_FALSE(migrate(with(R"([{"before":"2.0.0","patch":[{"op":"conjure"}]}])"), "1.0.0", json::object()));
}

// Each operation doubles what is there: 40 of them would be a terabyte.
TEST(Migrate, ABombStopsEarly) {
  json patch = json::array();
  for (int i = 0; i < 40; ++i) patch.push_back({{"op", "copy"}, {"from", ""}, {"path", "/" + std::to_string(i)}});
  Manifest manifest;
  manifest.document = {{"migrations", {{{"before", "2.0.0"}, {"patch", patch}}}}};
  const auto migrated = migrate(manifest, "1.0.0", {{"text", std::string(1000, 'x')}});
  ASSERT_FALSE(migrated);
  EXPECT_THAT(migrated.error().message, HasSubstr("larger than 4 MiB"));
}

}  // namespace
}  // namespace myriad::plugin_host
