#include "api/json_body.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace myriad::api {
namespace {

TEST(JsonBody, ReadsWhatIsThere) {
  const char* text = R"({"a":[1,-2,3.5,{"b":null}],"c":"é","d":true,"e":{}})";
  const auto parsed = parse_json(text);
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_EQ(*parsed, nlohmann::json::parse(text));
}

TEST(JsonBody, RefusesWithPlace) {
  struct Case {
    const char *name, *text, *field, *says;
  };
  const Case cases[] = {
      {"empty", "", "", "line 1, column"},
      {"cut", R"({"a":)", "/a", "line 1"},
      {"second line", "{\"a\":1,\n  b}", "", "line 2, column"},
      {"NaN", R"({"v":[1,NaN]})", "/v/1", "line 1"},
      {"NaN within", R"([[{"a":[]},{"v":NaN}]])", "/0/1/v", "invalid literal"},
      {"infinite", R"({"v":1e999})", "/v", "line 1, column 10: number overflow"},
      {"twice", R"({"a":{"b":1,"b":2}})", "/a/b", "occurs twice"},
      {"trailing", "{} {}", "", "no JSON"},
      {"no UTF-8", "\"\xff\"", "", "no JSON"},
      {"comment", "{/**/}", "", "no JSON"},
      {"single quotes", "{'a':1}", "", "no JSON"},
  };
  for (const auto& c : cases) {
    const auto parsed = parse_json(c.text);
    ASSERT_FALSE(parsed) << c.name;
    EXPECT_EQ(parsed.error().code, Code::invalid) << c.name;
    EXPECT_EQ(parsed.error().field, c.field) << c.name;
    EXPECT_NE(parsed.error().message.find(c.says), std::string::npos) << c.name << ": " << parsed.error().message;
  }
}

TEST(JsonBody, BoundsTheDepth) {
  EXPECT_TRUE(parse_json(std::string(64, '[') + std::string(64, ']')));
  EXPECT_FALSE(parse_json(std::string(65, '[') + std::string(65, ']')));
  EXPECT_FALSE(parse_json(std::string(1'000'000, '[')));
}

TEST(JsonBody, MembersMustBeText) {
  const nlohmann::json object{{"a", "x"}, {"b", 1}};
  EXPECT_EQ(*text_member(object, "a"), "x");
  EXPECT_EQ(text_member(object, "b").error().field, "/b");
  EXPECT_EQ(text_member(object, "c").error().field, "/c");
  EXPECT_FALSE(parse_object("[]"));
}

}  // namespace
}  // namespace myriad::api
