#include "plugin_host/point_set.h"

#include <gtest/gtest.h>

namespace myriad::plugin_host {
namespace {

std::vector<model::Reading> readings_of(std::initializer_list<std::uint32_t> points) {
  std::vector<model::Reading> out;
  for (const auto point : points) out.emplace_back().point = point;
  return out;
}

TEST(PointSet, FindsTheFirstThatIsNotInIt) {
  PointSet set;
  for (const auto point : {1u, 63u, 64u, 4'095u, 4'096u, 1'000'000u}) set.insert(point);
  EXPECT_EQ(set.find_other(readings_of({})), std::nullopt);
  EXPECT_EQ(set.find_other(readings_of({1, 64, 4'096, 1'000'000, 63, 4'095})), std::nullopt);
  for (const auto other : {0u, 2u, 62u, 65u, 127u, 4'094u, 4'097u, 999'999u, 1'000'001u, UINT32_MAX}) {
    EXPECT_FALSE(set.contains(other));
    EXPECT_EQ(set.find_other(readings_of({1, other, 2, 64})), other);
    EXPECT_EQ(set.find_other(readings_of({other, 1})), other);
  }
}

}  // namespace
}  // namespace myriad::plugin_host
