#include "topics.h"

#include <gtest/gtest.h>

#include <myriad/plugin.hpp>

namespace mqtt {
namespace {

TEST(Topics, Captures) {
  const struct {
    const char *filter, *topic, *name, *expected;
  } cases[] = {
      {"sensors/+/telemetry", "sensors/roof/telemetry", "{1}", "roof"},
      {"+/+/x", "a/b/x", "{2}-{1}", "b-a"},
      {"a/+/#", "a/b/c/d", "{1}:{2}", "b:c/d"},
      {"a/#", "a", "x{1}", "x"},
      {"a/#", "a/", "x{1}", "x"},
      {"#", "a/b", "{1}", "a/b"},
      {"a/+", "a/", "x{1}", "x"},
      {"$share/group/a/+", "a/b", "{1}", "b"},
      {"plain/topic", "plain/topic", "fixed {braces} {}", "fixed {braces} {}"},
      {"+/a", "b/a", "{1}{1}", "bb"},
  };
  for (const auto& c : cases) {
    const std::string topic = c.topic;  // captures are views into it
    const auto captures = match(c.filter, topic);
    ASSERT_TRUE(captures) << c.filter;
    EXPECT_EQ(Template(c.name).fill(*captures), c.expected) << c.filter;
    EXPECT_EQ(count_wildcards(c.filter), static_cast<int>(captures->size())) << c.filter;
  }
}

TEST(Topics, NoMatch) {
  const struct {
    const char *filter, *topic;
  } cases[] = {{"a/+", "a/b/c"}, {"a/+", "a"}, {"+/b", "b"}, {"#", "$SYS/uptime"}, {"+/uptime", "$SYS/uptime"},
               {"a", "A"}};
  for (const auto& c : cases) EXPECT_FALSE(match(c.filter, c.topic)) << c.filter << " " << c.topic;
}

TEST(Topics, HighestCapture) {
  EXPECT_EQ(Template("{1}{12}{3}").highest(), 12);
  EXPECT_EQ(Template("{0}{x}{1").highest(), 0);
  EXPECT_EQ(Template("{123}").highest(), 0) << "three digits are text";
}

TEST(Topics, Slugs) {
  const struct {
    const char *name, *expected;
  } cases[] = {{"roof", "roof"},   {"living room", "living_room"},
               {"a/b", "a_b"},     {"-x", "_x"},
               {".x.y", "_x.y"},   {"温度1", "__1"},
               {"x~y-z", "x~y-z"}, {"ä", "_"}};
  for (const auto& c : cases) EXPECT_EQ(slug(c.name), c.expected) << c.name;
  EXPECT_THROW(slug(""), myriad::Failure);
  EXPECT_THROW(slug(std::string(129, 'a')), myriad::Failure);
  EXPECT_EQ(slug(std::string(128, 'a')).size(), 128u);
}

TEST(Topics, PatternsOverPoints) {
  const struct {
    const char *pattern, *point;
    bool expected;
  } cases[] = {{"*", "a/b", true},
               {"meter/*", "meter/voltage", true},
               {"meter/*", "meter2/voltage", false},
               {"m*/v*", "meter/volt", true},
               {"*/b", "a/b", true},
               {"m*", "meter/voltage", false},
               {"a/b", "a/b", true},
               {"a/b", "a/bc", false},
               {"*a*/b", "xay/b", true}};
  for (const auto& c : cases) EXPECT_EQ(matches_pattern(c.pattern, c.point), c.expected) << c.pattern << " " << c.point;
}

TEST(Topics, OutboundTopic) {
  EXPECT_EQ(fill_topic("site/{thing}/{property}", "meter", "voltage"), "site/meter/voltage");
  EXPECT_EQ(fill_topic("{other}", "meter", "voltage"), "{other}");
}

}  // namespace
}  // namespace mqtt
