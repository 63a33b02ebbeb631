#include "api/readings_json.h"

#include <gtest/gtest.h>

namespace myriad::api {
namespace {

using model::JsonText;
using model::Value;

TEST(ReadingsJson, ReadsEveryType) {
  const auto readings = parse_readings(R"({"readings":[
      {"point":"t/a","value":230.5,"time":"1970-01-01T00:00:01Z","quality":"uncertain"},
      {"point":"t/b","value":-7},{"point":"t/c","value":18446744073709551615},{"point":"t/d","value":true},
      {"value":"on","point":"t/e","note":1},{"point":"t/f","value":{"x": [1, 2]}}]})",
                                       42);
  ASSERT_TRUE(readings) << readings.error().message;
  ASSERT_EQ(readings->size(), 6u);
  const Value values[] = {230.5, std::int64_t{-7}, UINT64_MAX, true, std::string("on"), JsonText{R"({"x":[1,2]})"}};
  for (std::size_t i = 0; i < 6; ++i) EXPECT_EQ((*readings)[i].sample.value, values[i]) << i;
  EXPECT_EQ((*readings)[0].sample.time, 1'000'000'000);
  EXPECT_EQ((*readings)[0].sample.quality, MYRIAD_UNCERTAIN);
  EXPECT_EQ((*readings)[1].sample.time, 42);
  EXPECT_EQ((*readings)[4].point, "t/e");
}

TEST(ReadingsJson, RefusesWithTheFieldAtFault) {
  struct Case {
    const char *name, *reading, *field;
  };
  const Case cases[] = {
      {"NaN", R"({"point":"t/p","value":NaN})", "/readings/1/value"},
      {"infinity", R"({"point":"t/p","value":-Infinity})", "/readings/1/value"},
      {"1e999", R"({"point":"t/p","value":1e999})", "/readings/1/value"},
      {"null", R"({"point":"t/p","value":null})", "/readings/1/value"},
      {"no value", R"({"point":"t/p"})", "/readings/1/value"},
      {"before 1970", R"({"point":"t/p","value":1,"time":"1969-12-31T23:59:59Z"})", "/readings/1/time"},
      {"after 2262", R"({"point":"t/p","value":1,"time":"2262-05-01T00:00:00Z"})", "/readings/1/time"},
      {"time as number", R"({"point":"t/p","value":1,"time":5})", "/readings/1/time"},
      {"time null", R"({"point":"t/p","value":1,"time":null})", "/readings/1/time"},
      {"no point", R"({"value":1})", "/readings/1/point"},
      {"point as number", R"({"point":7,"value":1})", "/readings/1/point"},
      {"no slug", R"({"point":"a b/c","value":1})", "/readings/1/point"},
      {"no property", R"({"point":"a","value":1})", "/readings/1/point"},
      {"quality", R"({"point":"t/p","value":1,"quality":"fine"})", "/readings/1/quality"},
      {"twice", R"({"point":"t/p","value":1,"value":2})", "/readings/1/value"},
      {"no object", "7", "/readings/1"},
      {"too deep", nullptr, "/readings/1/value"},
  };
  for (const auto& c : cases) {
    const std::string deep = R"({"point":"t/p","value":)" + std::string(80, '[') + std::string(80, ']') + "}";
    const auto readings =
        parse_readings(R"({"readings":[{"point":"t/p","value":1},)" + (c.reading ? c.reading : deep) + "]}", 0);
    ASSERT_FALSE(readings) << c.name;
    EXPECT_EQ(readings.error().code, Code::invalid) << c.name;
    EXPECT_EQ(readings.error().field.substr(0, std::string(c.field).size()), c.field)
        << c.name << ": " << readings.error().message;
  }
}

TEST(ReadingsJson, RefusesOtherDocuments) {
  for (const char* text :
       {"", "[]", "{}", "null", R"({"readings":1})", R"({"readings":[)", "{\"readings\":[]}x", "\xff"})
    EXPECT_FALSE(parse_readings(text, 0)) << text;
  EXPECT_TRUE(parse_readings(R"({"readings":[]})", 0));
}

TEST(ReadingLines, EachStandsForItself) {
  const auto lines = parse_reading_lines(
      "{\"point\":\"t/a\",\"value\":1}\r\n\n{\"point\":\"t/b\"}\nnonsense\n{\"point\":\"t/c\",\"value\":2}", 9);
  ASSERT_EQ(lines.readings.size(), 2u);
  EXPECT_EQ(lines.readings[1].point, "t/c");
  EXPECT_EQ(lines.line_of, (std::vector<std::size_t>{1, 5}));
  ASSERT_EQ(lines.refused.size(), 2u);
  EXPECT_EQ(lines.refused[0].line, 3u);
  EXPECT_EQ(lines.refused[1].line, 4u);
}

}  // namespace
}  // namespace myriad::api
