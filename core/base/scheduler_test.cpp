#include "base/scheduler.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <mutex>
#include <vector>

namespace myriad {
namespace {

using namespace std::chrono_literals;
using Clock = Scheduler::Clock;

Clock::time_point soon() {
  return Clock::now() + 20s;
}

// Opens once; what waits goes on.
class Gate {
 public:
  void open() { promise_.set_value(); }
  void wait() const { future_.wait(); }

 private:
  std::promise<void> promise_;
  std::shared_future<void> future_ = promise_.get_future().share();
};

template <class F>
bool eventually(F&& f) {
  for (const auto limit = soon(); Clock::now() < limit; std::this_thread::sleep_for(1ms))
    if (f()) return true;
  return false;
}

TEST(Scheduler, AStrandRunsOneTaskAtATimeInOrder) {
  Scheduler scheduler;
  const auto strand = scheduler.strand();
  std::vector<int> seen;  // no lock: the strand is one
  for (int i = 0; i < 2000; ++i) strand->post([&seen, i] { seen.push_back(i); });
  ASSERT_EQ(strand->call([] {}, soon()), Strand::Call::done);  // urgent: may run before the rest
  Gate end;
  strand->post([&] { end.open(); });
  end.wait();
  ASSERT_EQ(seen.size(), 2000u);
  for (int i = 0; i < 2000; ++i) EXPECT_EQ(seen[static_cast<std::size_t>(i)], i);
}

TEST(Scheduler, UrgentTasksGoAheadInTheirOwnOrder) {
  Scheduler scheduler;
  const auto strand = scheduler.strand();
  Gate begin, end;
  std::string seen;
  strand->post([&] { begin.wait(); });
  strand->post([&] { seen += 'c'; });
  strand->post_urgent([&] { seen += 'a'; });
  strand->post_urgent([&] { seen += 'b'; });
  strand->post([&] { end.open(); });
  begin.open();
  end.wait();
  EXPECT_EQ(seen, "abc");
}

TEST(Scheduler, GrowsForBlockedTasksUpToTheCapAndShrinksAgain) {
  Scheduler scheduler({.min_workers = 2, .max_workers = 8, .reserve = 2, .grow_after = 1ms, .shrink_after = 20ms});
  std::vector<std::shared_ptr<Strand>> strands;
  Gate gate;
  std::atomic<int> running = 0, ended = 0;
  for (int i = 0; i < 20; ++i) {
    strands.push_back(scheduler.strand());
    strands.back()->post([&] {
      ++running;
      gate.wait();
      ++ended;
    });
  }
  EXPECT_TRUE(eventually([&] { return running == 8; }));
  EXPECT_EQ(scheduler.stats().workers, 8u);
  EXPECT_EQ(scheduler.stats().waiting, 12u);
  // The reserve serves what is urgent, and only that.
  EXPECT_EQ(scheduler.strand()->call([] {}, soon()), Strand::Call::done);
  EXPECT_EQ(running, 8);
  gate.open();
  EXPECT_TRUE(eventually([&] { return ended == 20; }));
  EXPECT_TRUE(eventually([&] { return scheduler.stats().workers == 2; }));
}

TEST(Scheduler, PeriodicTasksMissTicksInsteadOfPilingUp) {
  Scheduler scheduler;
  const auto strand = scheduler.strand();
  std::atomic<int> calls = 0;
  Gate gate;
  auto timer = strand->every(0ms, 1ms, [&] {
    if (++calls == 1) gate.wait();
  });
  EXPECT_TRUE(eventually([&] { return timer.missed() >= 5; }));
  EXPECT_EQ(calls, 1);
  gate.open();
  EXPECT_TRUE(eventually([&] { return calls >= 3; }));
}

TEST(Scheduler, PeriodicTasksDoNotDrift) {
  Scheduler scheduler;
  const auto strand = scheduler.strand();
  std::atomic<int> calls = 0;
  const auto begin = Clock::now();
  auto timer = strand->every(2ms, 2ms, [&] { ++calls; });
  EXPECT_TRUE(eventually([&] { return calls >= 50; }));
  // Every tick of the time that passed was either called or counted as missed; one may be due just now.
  timer = Timer();
  const auto ticks = (Clock::now() - begin) / 2ms;
  EXPECT_LE(calls, ticks);
}

TEST(Scheduler, CancelWaitsForTheRunningCallAndNoOtherStarts) {
  Scheduler scheduler;
  const auto strand = scheduler.strand();
  std::atomic<int> calls = 0;
  std::atomic<bool> inside = false;
  for (int round = 0; round < 50; ++round) {
    auto timer = strand->every(0ms, 100us, [&] {
      inside = true;
      ++calls;
      inside = false;
    });
    EXPECT_TRUE(eventually([&, before = calls.load()] { return calls > before; }));
    timer.cancel();
    EXPECT_FALSE(inside);
    const int after = calls;
    strand->call([] {}, soon());
    EXPECT_EQ(calls, after);
  }
}

TEST(Scheduler, CancelWithoutWaitingLetsTheRunningCallEnd) {
  Scheduler scheduler;
  const auto strand = scheduler.strand();
  Gate running, go_on;
  std::atomic<int> calls = 0;
  auto timer = strand->every(0ms, 1ms, [&] {
    if (++calls == 1) running.open();
    go_on.wait();
  });
  running.wait();
  timer.cancel_without_waiting();
  go_on.open();
  ASSERT_EQ(strand->call([] {}, soon()), Strand::Call::done);
  std::this_thread::sleep_for(20ms);
  EXPECT_EQ(calls, 1);
}

TEST(Scheduler, ATaskMayCancelItsOwnTimer) {
  Scheduler scheduler;
  const auto strand = scheduler.strand();
  Timer timer;
  Gate made, ended;
  timer = strand->every(0ms, 1ms, [&] {
    made.wait();
    timer.cancel();
    ended.open();  // a second call would throw
  });
  made.open();
  ended.wait();
  strand->call([] {}, soon());
}

TEST(Scheduler, AfterRunsOnce) {
  Scheduler scheduler;
  const auto strand = scheduler.strand();
  Gate gate;
  const auto timer = strand->after(1ms, [&] { gate.open(); });
  gate.wait();
}

TEST(Scheduler, CallGivesUpOnWhatHasNotBegun) {
  Scheduler scheduler;
  const auto strand = scheduler.strand();
  Gate begin, begun;
  bool ran = false;
  strand->post([&] {
    begun.open();
    begin.wait();
  });
  begun.wait();
  EXPECT_EQ(strand->call([&] { ran = true; }, Clock::now() + 5ms), Strand::Call::never_ran);
  begin.open();
  EXPECT_EQ(strand->call([] {}, soon()), Strand::Call::done);
  EXPECT_FALSE(ran);
}

TEST(Scheduler, CallOnItsOwnStrandRunsAtOnce) {
  Scheduler scheduler;
  const auto strand = scheduler.strand();
  auto inner = Strand::Call::never_ran;
  strand->call([&] { inner = strand->call([] {}, soon()); }, soon());
  EXPECT_EQ(inner, Strand::Call::done);
}

TEST(Scheduler, AnAbandonedTaskHoldsNobodyUp) {
  const auto gate = std::make_shared<Gate>();
  const auto ended = std::make_shared<Gate>();
  {
    Scheduler scheduler({.min_workers = 1, .max_workers = 1, .reserve = 0});
    const auto strand = scheduler.strand();
    Gate begun;
    EXPECT_EQ(strand->call(
                  [gate, ended, &begun] {
                    begun.open();
                    gate->wait();
                    ended->open();
                  },
                  Clock::now() + 50ms),
              Strand::Call::still_running);
    begun.wait();
    const auto timer = strand->every(0ms, 1ms, [] { FAIL() << "an abandoned strand runs nothing"; });
    strand->abandon();
    EXPECT_EQ(scheduler.stats().abandoned, 1u);
    // The one worker is written off, so there is room for another.
    EXPECT_EQ(scheduler.strand()->call([] {}, soon()), Strand::Call::done);
  }
  gate->open();
  ended->wait();
}

TEST(Scheduler, EndsWithTasksWaitingAndTimersSet) {
  std::atomic<int> calls = 0;
  {
    Scheduler scheduler;
    const auto strand = scheduler.strand();
    for (int i = 0; i < 100; ++i) strand->post([&] { ++calls; });
    const auto timer = strand->every(1h, 1h, [] {});
  }
  const int after = calls;
  EXPECT_LE(after, 100);
}

TEST(Scheduler, ServesManyTimersOnFewThreads) {
  Scheduler scheduler;
  std::vector<std::shared_ptr<Strand>> strands;
  std::vector<Timer> timers;
  std::atomic<int> calls = 0;
  for (int i = 0; i < 400; ++i) {
    strands.push_back(scheduler.strand());
    timers.push_back(strands.back()->every(std::chrono::microseconds(i * 125), 50ms, [&] { ++calls; }));
  }
  EXPECT_TRUE(eventually([&] { return calls >= 4000; }));
  EXPECT_LE(scheduler.stats().workers, 64u);
}

}  // namespace
}  // namespace myriad
