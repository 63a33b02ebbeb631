#include "historian/tally.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

namespace myriad::historian {
namespace {

struct Reading {
  Nanos time;
  double number;
};

Tally tally_of(const std::vector<Reading>& readings, std::size_t from, std::size_t to) {
  Tally tally;
  for (; from < to; ++from) tally.add(readings[from].time, readings[from].number);
  return tally;
}

void expect_near(double got, double want, const char* what) {
  EXPECT_NEAR(got, want, 1e-9 * std::max(1.0, std::abs(want))) << what;
}

void expect_same(const Tally& got, const Tally& want) {
  EXPECT_EQ(got.readings, want.readings);
  EXPECT_EQ(got.numbers, want.numbers);
  EXPECT_EQ(got.first_time, want.first_time);
  EXPECT_EQ(got.last_time, want.last_time);
  EXPECT_EQ(got.min, want.min);
  EXPECT_EQ(got.max, want.max);
  EXPECT_EQ(got.first, want.first);
  EXPECT_EQ(got.last, want.last);
  expect_near(got.sum, want.sum, "sum");
  expect_near(got.squares, want.squares, "squares");
  expect_near(got.area, want.area, "area");
}

TEST(Tally, SaysWhatItsReadingsComeTo) {
  Tally tally;
  tally.add(1'000'000'000, 2);
  tally.add(3'000'000'000, 4);
  tally.add(3'500'000'000, 9);
  EXPECT_EQ(tally.readings, 3u);
  EXPECT_EQ(tally.numbers, 3u);
  EXPECT_EQ(tally.first_time, 1'000'000'000);
  EXPECT_EQ(tally.last_time, 3'500'000'000);
  EXPECT_EQ(tally.min, 2);
  EXPECT_EQ(tally.max, 9);
  EXPECT_EQ(tally.first, 2);
  EXPECT_EQ(tally.last, 9);
  EXPECT_EQ(tally.mean(), 5);
  EXPECT_DOUBLE_EQ(tally.squares, 9 + 1 + 16);
  EXPECT_DOUBLE_EQ(tally.area, 2 * 2 + 4 * 0.5);
}

TEST(Tally, IsTheSameHoweverItsReadingsAreSplit) {
  std::mt19937 random(4);
  std::normal_distribution<double> number(230, 5);
  for (int round = 0; round < 200; ++round) {
    std::vector<Reading> readings;
    Nanos time = 1'700'000'000'000'000'000;
    for (std::size_t i = 0, n = 1 + random() % 60; i < n; ++i)
      readings.push_back({time += static_cast<Nanos>(random() % 5'000) * 1'000'000, number(random)});
    Tally joined;
    for (std::size_t from = 0; from < readings.size();) {
      const std::size_t to = std::min(readings.size(), from + random() % 9);  // some are empty
      joined.add(tally_of(readings, from, to));
      from = to;
    }
    expect_same(joined, tally_of(readings, 0, readings.size()));
  }
}

TEST(Tally, CountsTextsThatAreNoNumbers) {
  Tally texts, numbers;
  texts.readings = 3;
  numbers.add(5, 1);
  for (const auto& pair : {std::pair{texts, numbers}, std::pair{numbers, texts}}) {
    Tally all = pair.first;
    all.add(pair.second);
    EXPECT_EQ(all.readings, 4u);
    EXPECT_EQ(all.numbers, 1u);
    EXPECT_EQ(all.first_time, 5);
    EXPECT_EQ(all.last, 1);
  }
}

TEST(Tally, StaysExactFarFromZero) {
  Tally tally;
  for (int i = 0; i < 1'000; ++i) tally.add(i, 1e9 + i % 2);
  EXPECT_NEAR(tally.squares, 250, 1e-3);
}

}  // namespace
}  // namespace myriad::historian
