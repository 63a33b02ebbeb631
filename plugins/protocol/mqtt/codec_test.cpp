#include "codec.h"

#include <gtest/gtest.h>

#include <cmath>
#include <optional>

namespace mqtt {
namespace {

using json = nlohmann::json;

ValueRule rule(Type type, double scale = 1, double offset = 0) {
  ValueRule out;
  out.type = type;
  out.scale = scale;
  out.offset = offset;
  return out;
}

std::optional<Value> attempt(const std::string& payload, const ValueRule& r) {
  try {
    return raw_value(payload, r);
  } catch (const myriad::Failure&) {
    return std::nullopt;
  }
}

TEST(Codec, RawPayloads) {
  const struct {
    const char* name;
    std::string payload;
    Type type;
    std::optional<Value> expected;
  } cases[] = {
      {"integer is a number", "21", Type::automatic, 21.0},
      {"fraction", "21.5", Type::automatic, 21.5},
      {"white space", " 21.5\r\n", Type::automatic, 21.5},
      {"boolean", "true", Type::automatic, true},
      {"text", "running", Type::automatic, std::string("running")},
      {"quoted text", "\"running\"", Type::automatic, std::string("running")},
      {"leading zeros are text", "007", Type::automatic, std::string("007")},
      {"object", "{\"a\":1}", Type::automatic, JsonText{"{\"a\":1}"}},
      {"null", "null", Type::automatic, std::nullopt},
      {"empty", "", Type::automatic, std::nullopt},
      {"NaN", "NaN", Type::automatic, std::nullopt},
      {"infinity", "-inf", Type::automatic, std::nullopt},
      {"quoted NaN", "\"nan\"", Type::number, std::nullopt},
      {"overflow", "1e999", Type::automatic, std::nullopt},
      {"bytes that are no text", "\xff\xfe", Type::automatic, std::nullopt},
      {"number from text", "+007", Type::number, 7.0},
      {"number from boolean", "true", Type::number, 1.0},
      {"number from words", "seven", Type::number, std::nullopt},
      {"number with rest", "7 W", Type::number, std::nullopt},
      {"exact counter", "9007199254740993", Type::integer, std::int64_t{9007199254740993}},
      {"large counter", "18446744073709551615", Type::integer, std::uint64_t{18446744073709551615U}},
      {"rounded integer", "2.6", Type::integer, std::int64_t{3}},
      {"integer out of range", "1e19", Type::integer, std::nullopt},
      {"on", "On", Type::boolean, true},
      {"zero", "0", Type::boolean, false},
      {"no boolean", "perhaps", Type::boolean, std::nullopt},
      {"number as text", "21.50", Type::text, std::string("21.50")},
      {"empty text", "", Type::text, std::string()},
  };
  for (const auto& c : cases) EXPECT_EQ(attempt(c.payload, rule(c.type)), c.expected) << c.name;
}

TEST(Codec, ScaleThatOverflowsIsRefused) {
  EXPECT_EQ(attempt("100", rule(Type::number, 1.8, 32)), Value(212.0));
  EXPECT_EQ(attempt("1e300", rule(Type::number, 1e300)), std::nullopt);
}

myriad_reading reading(std::uint16_t type, std::uint16_t quality = MYRIAD_GOOD) {
  myriad_reading out{};
  out.time_ns = 1'763'798'400'500'000'000;
  out.type = type;
  out.quality = quality;
  return out;
}

TEST(Codec, JsonPayload) {
  auto r = reading(MYRIAD_F64, MYRIAD_STALE);
  r.value.f64 = 230.5;
  EXPECT_EQ(encode({&r, {}, "V", 7}, PayloadForm::json, false),
            R"({"value":230.5,"time":"2025-11-22T08:00:00.5Z","quality":"stale","unit":"V"})");
  EXPECT_EQ(encode({&r, {}, "", 7}, PayloadForm::json, true),
            R"({"value":230.5,"time":"2025-11-22T08:00:00.5Z","quality":"stale","sequence":7})");
}

TEST(Codec, ValuePayloadOfEachType) {
  auto number = reading(MYRIAD_F64), counter = reading(MYRIAD_U64), flag = reading(MYRIAD_BOOL);
  number.value.f64 = -0.25;
  counter.value.u64 = UINT64_MAX;
  flag.value.i64 = 1;
  const auto text = reading(MYRIAD_TEXT), bytes = reading(MYRIAD_BYTES), object = reading(MYRIAD_JSON);
  const auto value = [](const myriad_reading& r, std::string_view content = {}) {
    return encode({&r, content, "", 0}, PayloadForm::value, false);
  };
  EXPECT_EQ(value(number), "-0.25");
  EXPECT_EQ(value(counter), "18446744073709551615");
  EXPECT_EQ(value(flag), "true");
  EXPECT_EQ(value(text, "on \"air\""), "on \"air\"");
  EXPECT_EQ(value(bytes, "\x01\x02"), "\x01\x02");
  EXPECT_EQ(value(object, "[1]"), "[1]");
}

TEST(Codec, BlobsInJson) {
  const auto text = reading(MYRIAD_TEXT), bytes = reading(MYRIAD_BYTES), object = reading(MYRIAD_JSON);
  const auto value = [](const myriad_reading& r, std::string_view content) {
    return json::parse(encode({&r, content, "", 0}, PayloadForm::json, false))["value"];
  };
  EXPECT_EQ(value(text, "a\"b"), "a\"b");
  EXPECT_EQ(value(object, R"({"a":[1]})"), json::parse(R"({"a":[1]})"));
  // RFC 4648, section 10.
  EXPECT_EQ(value(bytes, ""), "");
  EXPECT_EQ(value(bytes, "f"), "Zg==");
  EXPECT_EQ(value(bytes, "fo"), "Zm8=");
  EXPECT_EQ(value(bytes, "foo"), "Zm9v");
  EXPECT_EQ(value(bytes, "foobar"), "Zm9vYmFy");
}

}  // namespace
}  // namespace mqtt
