#include "load.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "test_support.h"

namespace simulator {
namespace {

using nlohmann::json;

TEST(Walks, VisitEveryPointOnceARoundWithOneTime) {
  Walks walks({11, 12, 13}, 2, 1);
  std::vector<myriad_reading> out(7);
  walks.fill(out, 5'000'500);
  EXPECT_EQ(walks.time_ns(), 5'002'000) << "the third round";
  for (std::size_t i = 0; i < out.size(); ++i) {
    EXPECT_EQ(out[i].point, 11 + i % 3);
    EXPECT_EQ(out[i].time_ns, 5'000'000 + static_cast<std::int64_t>(i / 3) * 1000);
    EXPECT_EQ(out[i].quality, MYRIAD_GOOD);
    EXPECT_EQ(out[i].type, MYRIAD_F64);
  }
}

TEST(Walks, TimesGrowEvenWhenTheClockGoesBack) {
  Walks walks({1}, 0, 1);
  std::vector<myriad_reading> out(1);
  std::int64_t before = 0;
  for (const std::int64_t now : {9'000'000, 9'000'000, 2'000'000, 9'000'001, 20'000'000}) {
    walks.fill(out, now);
    EXPECT_GT(out[0].time_ns, before);
    before = out[0].time_ns;
  }
  EXPECT_EQ(before, 20'000'000);
}

TEST(Walks, FollowAClockThatIsSetBackByADay) {
  Walks walks({1}, 0, 1);
  std::vector<myriad_reading> out(1);
  constexpr std::int64_t day = 86'400 * second_ns;
  walks.fill(out, 2 * day);
  walks.fill(out, day);
  EXPECT_EQ(out[0].time_ns, day) << "or the load would wait for a day";
  walks.fill(out, day);
  EXPECT_EQ(out[0].time_ns, day + 1000);
}

TEST(Walks, StepInDecimalsWithinTheirRange) {
  for (const int decimals : {0, 2, 6}) {
    Walks walks({1, 2}, decimals, 3);
    std::vector<myriad_reading> out(20'000);
    walks.fill(out, 0);
    const double scale = std::pow(10.0, decimals);
    double before[2] = {out[0].value.f64, out[1].value.f64};
    int moved = 0;
    for (std::size_t i = 0; i < out.size(); ++i) {
      const double value = out[i].value.f64;
      ASSERT_EQ(value, std::round(value * scale) / scale) << "nearest to a decimal";
      ASSERT_GE(value, 0);
      ASSERT_LE(value, 100);
      ASSERT_LE(std::abs(value - before[i % 2]), 3.5 / scale);
      moved += value != before[i % 2];
      before[i % 2] = value;
    }
    EXPECT_GT(moved, 10'000);
  }
}

TEST(Walks, AreDecidedByTheirSeed) {
  const auto values = [](std::uint64_t seed) {
    Walks walks({1, 2, 3}, 2, seed);
    std::vector<myriad_reading> out(100);
    walks.fill(out, 0);
    std::vector<double> all;
    for (const auto& r : out) all.push_back(r.value.f64);
    return all;
  };
  EXPECT_EQ(values(1), values(1));
  EXPECT_NE(values(1), values(2));
}

// No point twice at one time, and every point's times in order.
void expect_growing_times(const std::vector<myriad::TestHost::Seen>& seen) {
  std::map<std::uint32_t, std::int64_t> latest;
  for (const auto& s : seen) {
    const auto [it, fresh] = latest.try_emplace(s.reading.point, s.reading.time_ns);
    ASSERT_TRUE(fresh || s.reading.time_ns > it->second) << s.point;
    it->second = s.reading.time_ns;
  }
}

TEST(Load, PublishesWholeBatchesOfEveryPoint) {
  myriad::TestHost host;
  auto plugin = make(host, {{"load", {{"points", 25}, {"batch", 100}}}});
  plugin.start();
  ASSERT_TRUE(host.wait([](const auto& seen) { return seen.size() >= 5'000; }));
  plugin.stop();
  const auto seen = host.seen();
  EXPECT_EQ(seen.size() % 100, 0u);
  expect_growing_times(seen);
  const auto things = host.things();
  ASSERT_EQ(things.size(), 3u);
  EXPECT_EQ(things.at("load-1").at("properties").size(), 10u);
  EXPECT_EQ(things.at("load-3").at("properties").size(), 5u);
  EXPECT_EQ(seen[0].point, "load-1/v0");
  EXPECT_EQ(seen[24].point, "load-3/v4");
}

TEST(Load, StopsAndGoesOnWhenTheQueueIsFull) {
  myriad::TestHost host;
  auto plugin = make(host, {{"load", {{"points", 10}, {"batch", 50}}}});
  plugin.start();
  ASSERT_TRUE(host.wait([](const auto& seen) { return seen.size() >= 500; }));
  host.answer_publish(MYRIAD_E_AGAIN);
  const auto before = host.seen().size();
  host.answer_publish(MYRIAD_OK);
  ASSERT_TRUE(host.wait([&](const auto& seen) { return seen.size() >= before + 500; }));
  plugin.stop();
  expect_growing_times(host.seen());
}

TEST(Load, EndsWhileTheQueueIsFull) {
  myriad::TestHost host;
  host.answer_publish(MYRIAD_E_AGAIN);
  auto plugin = make(host, {{"load", {{"points", 10}}}});
  plugin.start();
  plugin.stop();
  EXPECT_TRUE(host.seen().empty());
}

TEST(Load, SaysWhyItEnded) {
  myriad::TestHost host;
  host.answer_publish(MYRIAD_E_DENIED);
  auto plugin = make(host, {{"load", {{"points", 10}}}});
  plugin.start();
  while (host.is_connected()) std::this_thread::yield();
  EXPECT_NE(host.disconnect_reason().find("refused a batch of 256"), std::string::npos);
}

TEST(Load, OnePointDoesNotOutrunTheClock) {
  myriad::TestHost host;
  constexpr std::int64_t start = 1'800'000'000 * second_ns;
  host.set_now(start);
  auto plugin = make(host, {{"load", {{"points", 1}, {"batch", 100}}}});
  plugin.start();
  ASSERT_TRUE(host.wait([](const auto& seen) { return seen.size() == 1000; }));
  host.set_now(start + 1'000'000);
  ASSERT_TRUE(host.wait([](const auto& seen) { return seen.size() == 2000; }));
  EXPECT_LE(host.last("load-1/v0").reading.time_ns, start + 2'000'000);
}

TEST(Load, KeepsItsRate) {
  myriad::TestHost host;
  auto plugin = make(host, {{"load", {{"points", 10}, {"batch", 10}, {"rate", 1000}}}});
  const auto begin = std::chrono::steady_clock::now();
  plugin.start();
  ASSERT_TRUE(host.wait([](const auto& seen) { return seen.size() >= 200; }));
  // Never faster than told; how much slower is the machine's affair.
  EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(180));
}

TEST(Load, RunsAgainAfterAStop) {
  myriad::TestHost host;
  auto plugin = make(host, {{"load", {{"points", 10}, {"batch", 10}}}});
  for (int round = 0; round < 3; ++round) {
    host.clear();
    plugin.start();
    EXPECT_TRUE(host.wait([](const auto& seen) { return seen.size() >= 100; }));
    plugin.stop();
  }
}

TEST(Load, IsOffWithoutPoints) {
  myriad::TestHost host;
  auto plugin = make(host, {{"load", json::object()}, {"replay", json::object()}});
  plugin.start();
  plugin.poll();
  plugin.stop();
  EXPECT_TRUE(host.seen().empty());
  EXPECT_TRUE(host.things().empty());
}

}  // namespace
}  // namespace simulator
