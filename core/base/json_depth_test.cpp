#include "base/json_depth.h"

#include <gtest/gtest.h>

#include <string>

namespace myriad {
namespace {

std::string nested(std::size_t levels) {
  return std::string(levels, '[') + std::string(levels, ']');
}

TEST(JsonDepth, CountsWhatIsOpenAtOnce) {
  EXPECT_FALSE(is_deep_json(""));
  EXPECT_FALSE(is_deep_json(nested(64)));
  EXPECT_TRUE(is_deep_json(nested(65)));
  EXPECT_TRUE(is_deep_json(std::string(65, '{')));
  std::string flat = "[";
  for (int i = 0; i < 1'000; ++i) flat += R"({"a":[]},)";
  EXPECT_FALSE(is_deep_json(flat + "0]"));
}

TEST(JsonDepth, PassesOverTexts) {
  EXPECT_FALSE(is_deep_json('"' + std::string(100, '[') + '"'));
  EXPECT_FALSE(is_deep_json(R"("\")" + std::string(100, '[') + '"'));
  EXPECT_TRUE(is_deep_json(R"(["\"",)" + std::string(64, '[')));
}

}  // namespace
}  // namespace myriad
