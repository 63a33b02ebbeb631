#include "bus/bus.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace myriad::bus {
namespace {

class BusTest : public ::testing::Test {
 protected:
  void feed(const std::string& point, Nanos time, model::Value value) {
    model::Batch batch;
    model::append(batch, *points_.intern(point), {time, std::move(value), MYRIAD_GOOD});
    bus_->feed(batch.view(), ++sequence_);
  }
  std::optional<model::Sample> latest(const std::string& point) { return bus_->latest(*points_.intern(point)); }
  std::string text(const Subscription::Taken& taken) {
    std::string out;
    for (const auto& change : taken.changes)
      out += std::string(points_.name(change.point)) + "=" +
             std::to_string(std::get<std::int64_t>(change.sample.value)) + " ";
    return out;
  }

  model::Points points_;
  std::unique_ptr<Bus> bus_ = Bus::make(points_);
  std::uint64_t sequence_ = 0;
};

TEST_F(BusTest, KnowsTheLatestOfEveryType) {
  const model::Value all[] = {true,
                              std::int64_t{-1},
                              std::uint64_t{UINT64_MAX},
                              1.5,
                              std::string("on"),
                              model::Bytes{"x"},
                              model::JsonText{"{}"}};
  EXPECT_FALSE(latest("a/b"));
  EXPECT_FALSE(bus_->latest(model::PointId{0}));
  Nanos time = 0;
  for (int round = 0; round < 2; ++round)
    for (const auto& value : all) {
      feed("a/b", ++time, value);
      ASSERT_TRUE(latest("a/b"));
      EXPECT_EQ(latest("a/b")->value, value);
      EXPECT_EQ(latest("a/b")->time, time);
    }
}

TEST_F(BusTest, AnOlderReadingChangesNothingAnEqualTimeDoes) {
  const auto all = bus_->subscribe({"*"}, 10, {});
  feed("a/b", 5, std::int64_t{1});
  feed("a/b", 4, std::int64_t{2});
  feed("a/b", 5, std::int64_t{3});
  EXPECT_EQ(latest("a/b")->value, model::Value(std::int64_t{3}));
  EXPECT_EQ(text(all->take()), "a/b=1 a/b=3 ");
}

TEST_F(BusTest, SubscriptionsStartWithTheLatestAndSeeNewPoints) {
  feed("meter/volts", 1, std::int64_t{1});
  feed("ward/heat", 1, std::int64_t{2});
  std::atomic<int> woken = 0;
  const auto meter = bus_->subscribe({"meter/*"}, 10, [&] { ++woken; });
  EXPECT_EQ(text(meter->take()), "meter/volts=1 ");
  feed("meter/amps", 2, std::int64_t{3});
  feed("ward/heat", 2, std::int64_t{4});
  feed("meter/volts", 2, std::int64_t{5});
  EXPECT_EQ(woken, 1);
  auto taken = meter->take();
  EXPECT_EQ(text(taken), "meter/amps=3 meter/volts=5 ");
  EXPECT_EQ(taken.sequence, 5u);
  EXPECT_EQ(taken.skipped, 0u);
  feed("ward/heat", 3, std::int64_t{6});
  EXPECT_EQ(woken, 1);
  taken = meter->take();
  EXPECT_TRUE(taken.changes.empty());
  EXPECT_EQ(taken.sequence, 6u);
}

TEST_F(BusTest, ASlowSubscriberGetsOneChangeAPointBeyondItsLimit) {
  const auto slow = bus_->subscribe({"*"}, 2, {});
  for (Nanos i = 1; i <= 5; ++i) {
    feed("a/x", i, std::int64_t{i});
    feed("a/y", i, std::int64_t{10 * i});
  }
  const auto taken = slow->take();
  EXPECT_EQ(text(taken), "a/x=1 a/y=10 a/x=5 a/y=50 ");
  EXPECT_EQ(taken.skipped, 6u);
  feed("a/x", 6, std::int64_t{6});
  EXPECT_EQ(text(slow->take()), "a/x=6 ");
}

TEST_F(BusTest, SubscriptionsComeAndGoWhileFed) {
  std::atomic<bool> stop = false;
  const auto point = *points_.intern("a/b");
  std::thread feeder([&] {
    model::Batch batch;
    for (Nanos i = 0; !stop; ++i) {
      batch.clear();
      model::append(batch, point, {i, std::int64_t{i}, MYRIAD_GOOD});
      bus_->feed(batch.view(), static_cast<std::uint64_t>(i));
    }
  });
  for (int i = 0; i < 300; ++i) {
    auto alive = std::make_unique<std::atomic<int>>(0);
    const auto subscription = bus_->subscribe({"a/*"}, 5, [&alive] { ++*alive; });
    Nanos before = -1;
    for (const auto& change : subscription->take().changes) {
      EXPECT_GT(change.sample.time, before);
      before = change.sample.time;
    }
  }
  stop = true;
  feeder.join();
}

TEST_F(BusTest, ASubscriptionMayOutliveTheBus) {
  auto subscription = bus_->subscribe({"*"}, 5, {});
  bus_.reset();
  EXPECT_TRUE(subscription->take().changes.empty());
}

}  // namespace
}  // namespace myriad::bus
