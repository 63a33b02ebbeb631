// The small texts of the API: values, events, metrics, cursors, tags.
#include <gtest/gtest.h>

#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <random>

#include "api/etag.h"
#include "api/exposition.h"
#include "api/http_date.h"
#include "api/page.h"
#include "api/problem.h"
#include "api/reading_text.h"
#include "api/sse.h"

namespace myriad::api {
namespace {

using nlohmann::json;

TEST(ReadingText, IsJsonForEveryValue) {
  const std::pair<model::Value, const char*> cases[] = {
      {true, "true"},
      {std::int64_t{INT64_MIN}, "-9223372036854775808"},
      {std::uint64_t{UINT64_MAX}, "18446744073709551615"},
      {0.1, "0.1"},
      {1e300, "1e+300"},
      {std::string("a\"\\\n\x01"), R"("a\"\\\n\u0001")"},
      {std::string("温度"), "\"温度\""},
      {std::string("\xff"), "\"\xEF\xBF\xBD\""},
      {model::Bytes{"\x01\x02"}, "\"AQI=\""},
      {model::JsonText{"{\n\"a\":1}"}, "{ \"a\":1}"},
      {model::JsonText{"nonsense"}, "\"nonsense\""},
  };
  for (const auto& [value, text] : cases) {
    std::string out;
    append_value(out, value);
    EXPECT_EQ(out, text);
    EXPECT_TRUE(json::accept(out)) << out;
  }
}

TEST(ReadingText, DoublesHaveTheirShortestDigits) {
  const auto text = [](double number) {
    std::string out;
    append_value(out, number);
    return out;
  };
  const std::pair<double, const char*> cases[] = {
      {0, "0"},
      {-0.0, "-0"},
      {5, "5"},
      {100'000, "100000"},
      {-230.25, "-230.25"},
      {0.0001, "0.0001"},
      {0.0101, "0.0101"},
      {21.4, "21.4"},
      {0.1 + 0.2, "0.30000000000000004"},
      {99'999'999'999.9999, "99999999999.9999"},
      {1e11, "1e+11"},
      {123.45678, "123.45678"},
  };
  for (const auto& [number, want] : cases) EXPECT_EQ(text(number), want);
  std::mt19937_64 random(3);
  for (int i = 0; i < 200'000; ++i) {
    const double scale = std::pow(10, static_cast<int>(random() % 20) - 6);
    const double number = static_cast<double>(static_cast<std::int64_t>(random() % 2'000'000) - 1'000'000) / scale;
    std::array<char, 64> plain{};
    std::to_chars(plain.data(), plain.data() + plain.size(), number);
    const std::string out = text(number);
    ASSERT_EQ(std::strtod(out.c_str(), nullptr), number) << out;
    const auto digits = [](const std::string& of) {
      std::string left;
      for (const char c : of.substr(0, of.find('e')))
        if (c >= '0' && c <= '9' && !(left.empty() && c == '0')) left += c;
      while (left.ends_with('0')) left.pop_back();
      return left;
    };
    ASSERT_EQ(digits(out), digits(plain.data())) << out;
  }
}

TEST(Sse, WritesEvents) {
  EXPECT_EQ(sse_event("instance", "{}"), "event: instance\ndata: {}\n\n");
  model::Points points;
  const auto id = *points.intern("meter/voltage");
  const bus::Change change{id, {1'000'000'000, 230.5, MYRIAD_GOOD}};
  EXPECT_EQ(readings_event({&change, 1}, points, 7),
            "event: readings\nid: 7\ndata: {\"readings\":[{\"point\":\"meter/voltage\",\"value\":230.5,"
            "\"time\":\"1970-01-01T00:00:01Z\",\"quality\":\"good\"}]}\n\n");
}

TEST(Sse, CarriesDataThatIsNoJsonAsText) {
  EXPECT_EQ(event_json({1, "t", "e", "oops{", 0})["data"], "oops{");
  EXPECT_EQ(event_json({1, "t", "e", "", 0})["data"], nullptr);
}

TEST(Exposition, EscapesAndGroups) {
  Exposition out;
  out.add("b", "gauge", "two\nlines", 1.5, {{"l", "a\"b\\c\nd"}, {"m", "x"}});
  out.add("a-1", "counter", "first", 3);
  out.add("b", "gauge", "two\nlines", std::nan(""));
  EXPECT_EQ(out.text(),
            "# HELP a_1 first\n# TYPE a_1 counter\na_1 3\n"
            "# HELP b two\\nlines\n# TYPE b gauge\nb{l=\"a\\\"b\\\\c\\nd\",m=\"x\"} 1.5\nb NaN\n");
}

TEST(Cursor, RoundTripsAndRefusesOthers) {
  for (const std::string plain : {"a", "ab", "abc", "meter/voltage 12", "\xff\xfe\xfd\xfc"}) {
    EXPECT_EQ(decode_cursor(encode_cursor(plain)), plain);
    EXPECT_EQ(encode_cursor(plain).find_first_of("+/="), std::string::npos);
  }
  for (const char* bad : {"", "a", "a=b", "++++", "!!!!"}) EXPECT_EQ(decode_cursor(bad), std::nullopt) << bad;
}

TEST(ETag, MatchesStronglyOrWeakly) {
  EXPECT_TRUE(lists_tag("\"7\"", "\"7\"", false));
  EXPECT_TRUE(lists_tag("\"6\" , \"7\"", "\"7\"", false));
  EXPECT_TRUE(lists_tag("*", "\"7\"", false));
  EXPECT_FALSE(lists_tag("W/\"7\"", "\"7\"", false));
  EXPECT_TRUE(lists_tag("W/\"7\"", "\"7\"", true));
  EXPECT_FALSE(lists_tag("\"77\"", "\"7\"", false));
  EXPECT_FALSE(lists_tag("", "\"7\"", false));
}

TEST(HttpDate, IsThatOfTheStandard) {
  EXPECT_EQ(http_date(784'111'777'000'000'000), "Sun, 06 Nov 1994 08:49:37 GMT");
}

TEST(Problem, NamesStatusCodeAndField) {
  const Reply reply = problem({Code::not_found, "no \"x\"", "/a"});
  EXPECT_EQ(reply.status, 404);
  EXPECT_EQ(reply.type, "application/problem+json");
  EXPECT_EQ(json::parse(reply.body), json::parse(R"({"type":"about:blank","title":"Not Found","status":404,
      "detail":"no \"x\"","code":"not_found","field":"/a"})"));
}

TEST(Problem, TellsHowLongToWait) {
  EXPECT_EQ(problem({Code::again, "full"}).fields,
            (std::vector<std::pair<std::string, std::string>>{{"Retry-After", "1"}}));
  const Reply reply = problem({Code::again, "too many", "30"});
  EXPECT_EQ(reply.fields, (std::vector<std::pair<std::string, std::string>>{{"Retry-After", "30"}}));
  EXPECT_FALSE(json::parse(reply.body).contains("field"));
}

}  // namespace
}  // namespace myriad::api
