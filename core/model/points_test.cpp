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

TEST(Points, KeepEveryNameWhileTheyBecomeMany) {
  Points points;
  const auto name_of = [](std::uint32_t i) { return "t" + std::to_string(i) + "/" + std::string(i % 128 + 1, 'p'); };
  constexpr std::uint32_t many = 20'000;
  std::string_view first;
  for (std::uint32_t i = 0; i < many; ++i) {
    ASSERT_EQ(*points.intern(name_of(i)), PointId{i + 1});
    if (i == 0) first = points.name(PointId{1});
  }
  EXPECT_EQ(first.data(), points.name(PointId{1}).data()) << "a view lasts as long as the object";
  for (std::uint32_t i = 0; i < many; ++i) {
    ASSERT_EQ(*points.intern(name_of(i)), PointId{i + 1});
    ASSERT_EQ(points.name(PointId{i + 1}), name_of(i));
    ASSERT_EQ(points.find(name_of(i)), PointId{i + 1});
    ASSERT_FALSE(points.find(name_of(i) + "x"));
  }
  EXPECT_EQ(points.size(), many);
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
