#include "model/points.h"

#include <gtest/gtest.h>

#include <thread>

namespace myriad::model {
namespace {

TEST(Points, OneNameOneId) {
  Points points;
  const auto voltage = points.intern("meter", "voltage");
  ASSERT_TRUE(voltage);
  EXPECT_EQ(*voltage, PointId{1});
  EXPECT_EQ(*points.intern("meter/voltage"), *voltage);
  EXPECT_EQ(points.name(*voltage), "meter/voltage");
  EXPECT_EQ(points.size(), 1u);
  EXPECT_FALSE(points.find("meter/current"));
  EXPECT_EQ(points.name(PointId{7}), "");
}

TEST(Points, RefusesWhatIsNoPoint) {
  Points points;
  EXPECT_FALSE(points.intern("meter"));
  EXPECT_FALSE(points.intern("me ter", "voltage"));
  EXPECT_EQ(points.size(), 0u);
}

TEST(Points, ThreadsAgree) {
  Points points;
  auto all = [&] {
    for (int i = 0; i < 1000; ++i) EXPECT_TRUE(points.intern("t" + std::to_string(i), "p"));
  };
  std::thread a(all), b(all);
  a.join();
  b.join();
  EXPECT_EQ(points.size(), 1000u);
  for (int i = 0; i < 1000; ++i) {
    const auto name = "t" + std::to_string(i) + "/p";
    EXPECT_EQ(points.name(*points.find(name)), name);
  }
}

}  // namespace
}  // namespace myriad::model
