#include "base/names.h"

#include <gtest/gtest.h>

namespace myriad {
namespace {

TEST(Names, SlugsNeedNoEscaping) {
  for (const char* good : {"meter", "Meter-1", "_x", "a.b~c", "0"}) EXPECT_TRUE(is_slug(good)) << good;
  for (const char* bad : {"", "-a", ".", "..", "a/b", "a b", "计", "a%20"}) EXPECT_FALSE(is_slug(bad)) << bad;
  EXPECT_TRUE(is_slug(std::string(128, 'a')));
  EXPECT_FALSE(is_slug(std::string(129, 'a')));
}

TEST(Names, SplitsPoints) {
  EXPECT_EQ(split_point("meter/voltage").thing, "meter");
  EXPECT_EQ(split_point("meter/voltage").property, "voltage");
  for (const char* bad : {"meter", "meter/", "/voltage", "a/b/c", "a b/c"})
    EXPECT_TRUE(split_point(bad).thing.empty()) << bad;
}

TEST(Names, PatternsStayWithinAName) {
  struct Case {
    const char* pattern;
    const char* point;
    bool expected;
  };
  const Case cases[] = {
      {"*", "meter/voltage", true},
      {"meter/*", "meter/voltage", true},
      {"meter/*", "meter2/voltage", false},
      {"*/voltage", "meter/voltage", true},
      {"*/voltage", "meter/current", false},
      {"m*r/v*e", "meter/voltage", true},
      {"meter*", "meter/voltage", false},
      {"*/*", "meter/voltage", true},
      {"meter/voltage", "meter/voltage", true},
      {"**/voltage", "meter/voltage", true},
      {"", "meter/voltage", false},
      {"m*/*age*", "meter/voltage", true},
  };
  for (const auto& c : cases) EXPECT_EQ(matches(c.pattern, c.point), c.expected) << c.pattern << " on " << c.point;
}

}  // namespace
}  // namespace myriad
