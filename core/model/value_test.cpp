#include "model/value.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace myriad::model {
namespace {

TEST(Value, SurvivesBatchAndJson) {
  const Value values[] = {true, std::int64_t{-7},  std::uint64_t{UINT64_MAX},
                          1.5,  std::string("计"), JsonText{R"({"a":[1]})"}};
  Batch batch;
  for (const auto& v : values) append(batch, PointId{1}, {5, v, MYRIAD_GOOD});
  ASSERT_TRUE(check(batch.view(), 1));
  for (std::size_t i = 0; i < std::size(values); ++i) {
    const auto sample = to_sample(batch.view(), batch.readings[i]);
    EXPECT_EQ(sample.value, values[i]) << i;
    EXPECT_EQ(*value_from_json(to_json(sample.value)), values[i]) << i;
  }
}

TEST(Value, BytesAreBase64) {
  // RFC 4648, section 10.
  const std::pair<const char*, const char*> cases[] = {
      {"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}};
  for (const auto& [data, text] : cases) EXPECT_EQ(to_json(Bytes{data}), text);
}

TEST(Value, RefusesNullAndInfinity) {
  EXPECT_FALSE(value_from_json(nullptr));
  EXPECT_FALSE(value_from_json(nlohmann::json(1e308 * 10)));
}

}  // namespace
}  // namespace myriad::model
