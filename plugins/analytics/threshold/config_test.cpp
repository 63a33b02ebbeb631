#include "config.h"

#include <gtest/gtest.h>

#include "test_support.h"

namespace threshold {
namespace {

using nlohmann::json;

TEST(Patterns, AreThoseOfTheHost) {
  struct Case {
    const char *pattern, *point;
    bool expected;
  };
  const Case cases[] = {
      {"*", "meter/voltage", true},          {"meter/*", "meter/voltage", true},
      {"meter/*", "meter2/voltage", false},  {"*/voltage", "meter/voltage", true},
      {"*/voltage", "meter/current", false}, {"m*r/v*e", "meter/voltage", true},
      {"meter*", "meter/voltage", false},    {"**/voltage", "meter/voltage", true},
      {"", "meter/voltage", false},          {"pump-*/temperature", "pump-12/temperature", true},
  };
  for (const auto& c : cases) EXPECT_EQ(matches(c.pattern, c.point), c.expected) << c.pattern << " on " << c.point;
}

TEST(Words, AreReplacedOnce) {
  struct Case {
    const char *text, *expected;
    Limits limits;
  };
  const Case cases[] = {
      {"{property}_{limit}", "temperature_high", {80.0, {}}},
      {"{property}_{limit}", "temperature_low", {{}, 20.0}},
      {"{property}_{limit}", "temperature_range", {80.0, 20.0}},
      {"{thing}-{rule}", "{property}-hot", {80.0, {}}},
      {"plain", "plain", {80.0, {}}},
      {"{unknown}{", "{unknown}{", {80.0, {}}},
      {"", "", {80.0, {}}},
  };
  for (const auto& c : cases)
    EXPECT_EQ(expand(c.text, {"hot", "", c.limits, "", ""}, "{property}", "temperature"), c.expected) << c.text;
}

TEST(Rules, SayWhatIsWrongAndWhere) {
  const json hot = {{"name", "hot"}, {"input", "*"}, {"high", 80}};
  struct Case {
    const char* name;
    json rules;
    const char* message;
  };
  const Case cases[] = {
      {"no limit", {{{"name", "hot"}, {"input", "*"}}}, "/rules/0: set high, low or both"},
      {"empty limits", {{{"name", "hot"}, {"input", "*"}, {"high", nullptr}}}, "/rules/0: set high, low or both"},
      {"twice", {hot, hot}, "/rules/1: rule 'hot' is there twice"},
      {"wide hysteresis",
       {{{"name", "x"}, {"input", "*"}, {"high", 5}, {"low", 1}, {"hysteresis", 5}}},
       "/rules/0: the hysteresis is wider"},
      {"crossed", {{{"name", "x"}, {"input", "*"}, {"high", 1}, {"low", 5}}}, "/rules/0: the hysteresis is wider"},
  };
  for (const auto& c : cases) {
    myriad::TestHost host;
    const auto [status, message] = outcome([&] { make(host, {{"rules", c.rules}}); });
    EXPECT_EQ(status, MYRIAD_E_INVALID) << c.name;
    EXPECT_NE(message.find(c.message), std::string::npos) << c.name << ": " << message;
  }
}

}  // namespace
}  // namespace threshold
