#include "signal.h"

#include <gtest/gtest.h>

#include <cmath>

namespace simulator {
namespace {

constexpr std::int64_t monday = 1'704'067'200 * second_ns;  // 2024-01-01T00:00:00Z

TEST(Noise, RepeatsAndStaysWithinOne) {
  const Noise noise(7), same(7), other(8);
  int differs = 0;
  for (std::int64_t i = 0; i < 10'000; ++i) {
    const std::int64_t t = monday + i * 777'777'777;
    const double walk = noise.walk(3, t, 60), white = noise.white(3, t);
    ASSERT_LE(std::abs(walk), 1);
    ASSERT_LE(std::abs(white), 1);
    ASSERT_EQ(walk, same.walk(3, t, 60));
    ASSERT_EQ(white, same.white(3, t));
    differs += walk != other.walk(3, t, 60);
  }
  EXPECT_GT(differs, 9'900);
}

TEST(Noise, AWalkHasNoJumps) {
  const Noise noise(7);
  for (std::int64_t i = 0; i < 10'000; ++i) {
    const std::int64_t t = monday + i * second_ns;
    ASSERT_LT(std::abs(noise.walk(3, t + second_ns, 600) - noise.walk(3, t, 600)), 0.05) << i;
  }
}

TEST(Moment, KnowsTheDayOfThePlace) {
  struct Case {
    const char* name;
    std::int64_t time_ns;
    int offset;
    double hour;
    std::int64_t day;
    int weekday;
  };
  const Case cases[] = {
      {"first Monday", monday, 0, 0, 0, 0},        {"half past six", monday + 23'400 * second_ns, 0, 6.5, 0, 0},
      {"east is later", monday, 480, 8, 0, 0},     {"west is the Sunday before", monday, -300, 19, -1, 6},
      {"1970 was a Thursday", 0, 0, 0, -19723, 3},
  };
  for (const auto& c : cases) {
    const Moment at = moment(c.time_ns, c.offset);
    EXPECT_DOUBLE_EQ(at.hour, c.hour) << c.name;
    EXPECT_EQ(at.day, c.day) << c.name;
    EXPECT_EQ(at.weekday, c.weekday) << c.name;
  }
}

TEST(Flow, PassedOnlyGrowsAndAWeekIsAWeek) {
  double before = passed(moment(monday, 0), 0.5);
  EXPECT_EQ(before, 0);
  for (std::int64_t minute = 1; minute <= 3 * 7 * 1440; ++minute) {
    const double now = passed(moment(monday + minute * 60 * second_ns, 0), 0.5);
    ASSERT_GE(now, before) << minute;
    before = now;
  }
  EXPECT_NEAR(before, 3 * 6, 0.2);
  EXPECT_EQ(passed(moment(0, 0), 0.5), 0) << "before the epoch nothing has flowed";
}

TEST(Bump, JoinsTheDaysAtMidnight) {
  EXPECT_DOUBLE_EQ(bump(23, 23, 4), 1);
  EXPECT_DOUBLE_EQ(bump(0.5, 23, 4), bump(21.5, 23, 4));
  EXPECT_LT(bump(12, 23, 4), 1e-6);
}

TEST(Faults, ComeAsOftenAsToldAndPass) {
  const Noise noise(11);
  int begun = 0;
  Fault before = Fault::none;
  bool seen[4] = {};
  constexpr std::int64_t days = 60;
  for (std::int64_t s = 0; s < days * 86400; ++s) {
    const FaultAt fault = fault_at(noise, 6, monday + s * second_ns);
    seen[static_cast<int>(fault.kind)] = true;
    if (fault.kind != Fault::none) {
      ASSERT_LE(fault.since_ns, monday + s * second_ns);
    }
    begun += before == Fault::none && fault.kind != Fault::none;
    before = fault.kind;
  }
  EXPECT_NEAR(begun, 6 * days, 2 * days);
  for (const bool kind : seen) EXPECT_TRUE(kind);
  for (std::int64_t s = 0; s < 86400; s += 7)
    ASSERT_EQ(fault_at(noise, 0, monday + s * second_ns).kind, Fault::none) << "0 a day means never";
}

TEST(Signals, TakeTheirShape) {
  const Noise noise(1);
  const auto at = [&](Shape shape, double seconds) {
    return value_at({shape, 10, 20, 100, 0}, noise, 0, monday + static_cast<std::int64_t>(seconds * 1e9));
  };
  struct Case {
    const char* name;
    Shape shape;
    double seconds, expected;
  };
  const Case cases[] = {
      {"sine begins in the middle", Shape::sine, 0, 15},
      {"sine is highest after a quarter", Shape::sine, 25, 20},
      {"sine is lowest after three", Shape::sine, 75, 10},
      {"ramp begins low", Shape::ramp, 0, 10},
      {"ramp is half way", Shape::ramp, 50, 15},
      {"ramp falls back", Shape::ramp, 100, 10},
      {"square begins high", Shape::square, 49, 20},
      {"square then low", Shape::square, 51, 10},
      {"constant is the minimum", Shape::constant, 33, 10},
      {"counter grows by the span in a period", Shape::counter, 100, 20},
      {"counter never falls back", Shape::counter, 1000, 110},
  };
  for (const auto& c : cases) EXPECT_NEAR(at(c.shape, c.seconds), c.expected, 1e-6) << c.name;
  for (int s = 0; s < 1000; ++s) {
    ASSERT_GE(at(Shape::random_walk, s), 10);
    ASSERT_LE(at(Shape::random_walk, s), 20);
  }
}

TEST(Settle, RoundsAndHoldsToTheRange) {
  Property property{"p", "", "", "", Type::number, 0, 10, 2};
  EXPECT_EQ(settle(property, 3.14159), 3.14);
  EXPECT_EQ(settle(property, 11), 10);
  EXPECT_EQ(settle(property, -1), 0);
  property.type = Type::integer;
  EXPECT_EQ(settle(property, 3.6), 4);
  property.max = 0;
  EXPECT_EQ(settle(property, 1e300), 0x1p53) << "no range: still what an integer can hold";
}

}  // namespace
}  // namespace simulator
