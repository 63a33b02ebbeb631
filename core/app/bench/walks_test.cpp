#include "app/bench/walks.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

namespace myriad::app::bench {
namespace {

constexpr Nanos ms = 1'000'000, second = 1'000 * ms;

TEST(Walks, VisitAllPointsOnceASecondALittleLate) {
  Walks walks(Walks::at_1_hz({4, 9, 2}));
  std::map<std::uint32_t, Nanos> last;
  const std::uint32_t order[] = {4, 9, 2};
  std::size_t at = 0;
  for (int batch = 0; batch < 100; ++batch)
    for (const auto& r : walks.next(7).readings) {
      EXPECT_EQ(r.point, order[at % 3]);
      const Nanos late = r.time_ns % second;
      EXPECT_TRUE(late % ms == 0 && late < 20 * ms) << late;
      if (const auto before = last.find(r.point); before != last.end()) {
        EXPECT_EQ(r.time_ns / second - before->second / second, 1);
      }
      last[r.point] = r.time_ns;
      ++at;
    }
}

TEST(Walks, HaveTwoDecimalsAndAreTheSameEveryTime) {
  Walks a(Walks::flood({1, 2})), b(Walks::flood({1, 2}));
  double before = 50;
  for (const auto& r : a.next(1'000).readings) {
    EXPECT_EQ(r.value.f64, std::round(r.value.f64 * 100) / 100);
    if (r.point == 1) {
      EXPECT_LE(std::fabs(r.value.f64 - before), 0.0301);
      before = r.value.f64;
    }
  }
  EXPECT_EQ(a.next(1).readings[0].value.f64, (b.next(1'000), b.next(1).readings[0].value.f64));
}

TEST(Walks, AFloodGivesAllPointsOfARoundOneTime) {
  Walks walks(Walks::flood({1, 2, 3}));
  const auto& readings = walks.next(6).readings;
  EXPECT_EQ(readings[0].time_ns, readings[2].time_ns);
  EXPECT_NE(readings[2].time_ns, readings[3].time_ns);
}

}  // namespace
}  // namespace myriad::app::bench
