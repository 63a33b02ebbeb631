#include "plugin_host/timers.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <thread>

#include "plugin_host/testing.h"

namespace myriad::plugin_host {
namespace {

using namespace testing;

constexpr std::int64_t ms = 1'000'000, hour = 3'600'000 * ms;

struct TimersTest : ::testing::Test {
  // Counts the ticks that were still wanted.
  void tick(std::uint64_t id) {
    if (!timers.take(id)) return;
    ++ticks;
    if (during) during(id);
  }

  Scheduler scheduler;
  std::shared_ptr<Strand> strand = scheduler.strand();
  std::atomic<int> ticks = 0;
  std::function<void(std::uint64_t)> during;
  Timers timers{strand, [this](std::uint64_t id) { tick(id); }};
};

TEST_F(TimersTest, TicksOnceOrAgainAndAgain) {
  ASSERT_EQ(timers.set(1, 0, 0, {}), MYRIAD_OK);
  EXPECT_TRUE(eventually([&] { return ticks == 1; }));
  EXPECT_EQ(timers.cancel(1), MYRIAD_E_INVALID) << "it is over";
  ASSERT_EQ(timers.set(2, 0, 10 * ms, {}), MYRIAD_OK);
  EXPECT_TRUE(eventually([&] { return ticks >= 4; }));
  EXPECT_EQ(timers.cancel(2), MYRIAD_OK);
  const int seen = ticks;
  std::this_thread::sleep_for(30ms);
  EXPECT_EQ(ticks, seen);
}

TEST_F(TimersTest, TakesTheTimesOfPluginH) {
  constexpr auto year = 366 * 24 * hour;
  EXPECT_EQ(timers.set(1, year, year, {}), MYRIAD_OK);
  EXPECT_EQ(timers.set(1, year, year, {}), MYRIAD_E_INVALID) << "the id is taken";
  EXPECT_EQ(timers.set(2, -1, 0, {}), MYRIAD_E_INVALID);
  EXPECT_EQ(timers.set(2, INT64_MAX, 0, {}), MYRIAD_E_INVALID);
  EXPECT_EQ(timers.set(2, 0, 10 * ms - 1, {}), MYRIAD_E_INVALID);
  EXPECT_EQ(timers.set(2, 0, -ms, {}), MYRIAD_E_INVALID);
  EXPECT_EQ(timers.set(2, 0, year + 1, {}), MYRIAD_E_INVALID);
  EXPECT_EQ(timers.set(2, hour, 10 * ms, {}), MYRIAD_OK);
}

TEST_F(TimersTest, TheirNumberIsLimited) {
  for (std::uint64_t id = 1; id <= Timers::most; ++id) ASSERT_EQ(timers.set(id, hour, 0, {}), MYRIAD_OK);
  EXPECT_EQ(timers.set(99, hour, 0, {}), MYRIAD_E_DENIED);
  EXPECT_EQ(timers.cancel(7), MYRIAD_OK);
  EXPECT_EQ(timers.set(99, hour, 0, {}), MYRIAD_OK);
}

TEST_F(TimersTest, ATickMayEndItsTimerAndOthersDoNotWaitForIt) {
  std::promise<void> running, go_on;
  during = [&](std::uint64_t id) {
    EXPECT_EQ(timers.cancel(id), MYRIAD_OK);
    running.set_value();
    go_on.get_future().wait();
  };
  ASSERT_EQ(timers.set(1, 0, 10 * ms, {}), MYRIAD_OK);
  running.get_future().wait();
  EXPECT_EQ(timers.set(2, hour, 0, {}), MYRIAD_OK);
  EXPECT_EQ(timers.cancel(2), MYRIAD_OK);
  timers.end();
  go_on.set_value();
  ASSERT_EQ(strand->call([] {}, Scheduler::Clock::now() + 20s), Strand::Call::done);
  EXPECT_EQ(ticks, 1);
}

TEST_F(TimersTest, NothingTicksAfterTheEnd) {
  std::promise<void> busy;
  strand->post([&] { busy.get_future().wait(); });
  ASSERT_EQ(timers.set(1, 0, 10 * ms, {}), MYRIAD_OK);
  std::this_thread::sleep_for(5ms);  // due, and waiting
  timers.end();
  busy.set_value();
  EXPECT_EQ(timers.set(2, 0, 0, {}), MYRIAD_E_CANCELLED);
  ASSERT_EQ(strand->call([] {}, Scheduler::Clock::now() + 20s), Strand::Call::done);
  std::this_thread::sleep_for(20ms);
  EXPECT_EQ(ticks, 0);
}

}  // namespace
}  // namespace myriad::plugin_host
