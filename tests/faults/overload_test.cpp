// Law 3 with ten times the load that can be stored: memory stays bounded, every publisher is told of each batch that
// was not taken, and the counts are exact: offered = accepted + refused, and accepted = stored, in the spine and in
// history.
//
// And where it lasts until the log is full of what history has not stored yet, publishers wait rather than that
// retention takes it.
//
// A small queue makes the disk slow enough for one machine to be ten times as fast. Four seconds;
// MYRIAD_OVERLOAD_SECONDS asks for longer.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <thread>

#include "base/temp_dir.h"
#include "historian/historian.h"
#include "spine/spine.h"

namespace myriad {
namespace {

using std::chrono::steady_clock;

constexpr int publishers = 4;
constexpr std::int64_t batch_readings = 64;
constexpr std::size_t growth_bytes = std::size_t{32} << 20;
const auto patience = std::chrono::seconds(60);

std::chrono::milliseconds duration() {
  const char* given = std::getenv("MYRIAD_OVERLOAD_SECONDS");
  return std::chrono::milliseconds(1'000 * (given ? std::atoi(given) : 4));
}

std::size_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::size_t total = 0, resident = 0;
  statm >> total >> resident;
  return resident * 4096;
}

// Sanitizers keep freed memory, and their shadow grows.
constexpr bool memory_tells() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return false;
#else
  return true;
#endif
}

// Publishes batches of counted readings of one point, and keeps the book.
class Publisher {
 public:
  Publisher(spine::Spine& spine, model::Points& points, int number)
      : spine_(spine), name_("overload/p" + std::to_string(number)), point_(*points.intern(name_)) {}

  void offer() {
    model::Batch batch;
    const std::int64_t first = offered_;
    for (std::int64_t n = first; n < first + batch_readings; ++n) model::append(batch, point_, {n, n, MYRIAD_GOOD});
    offered_ += batch_readings;
    const auto done = [this](const Status& status, spine::Sequence) {
      (status ? durable_ : failed_) += batch_readings;
    };
    const auto taken = spine_.append(batch.view(), done);
    taken_.push_back(bool(taken));
    if (taken) return;
    ++refusals_;
    if (taken.error().message.find("readings behind") != std::string::npos) ++waits_;
    if (taken.error().code != Code::again || taken.error().message.find("send again") == std::string::npos)
      ADD_FAILURE() << taken.error().message;
  }
  // As fast as `rate` readings a second.
  void run(double rate, std::chrono::milliseconds time) {
    const auto begin = steady_clock::now();
    const std::int64_t before = offered_;
    for (auto now = begin; now - begin < time; now = steady_clock::now()) {
      const std::chrono::duration<double> passed = now - begin;
      if (static_cast<double>(offered_ - before) > rate * passed.count())
        std::this_thread::sleep_for(std::chrono::microseconds(100));
      else
        offer();
    }
  }

  std::uint64_t offered() const { return static_cast<std::uint64_t>(offered_); }
  std::uint64_t refused() const { return refusals_ * batch_readings; }
  std::uint64_t waits() const { return waits_; }  // refusals since history was behind
  std::uint64_t durable() const { return durable_; }
  std::uint64_t failed() const { return failed_; }

  void expect_in(historian::Historian& history) const {
    const auto samples = history.query(name_, {}, SIZE_MAX);
    ASSERT_TRUE(samples) << samples.error().message;
    auto found = samples->begin();
    for (std::size_t batch = 0; batch < taken_.size(); ++batch) {
      if (!taken_[batch]) continue;
      for (std::int64_t i = 0; i < batch_readings; ++i, ++found) {
        ASSERT_NE(found, samples->end());
        ASSERT_EQ(found->time, static_cast<std::int64_t>(batch) * batch_readings + i);
      }
    }
    EXPECT_EQ(found, samples->end()) << "nothing that was refused";
  }

 private:
  spine::Spine& spine_;
  const std::string name_;
  const model::PointId point_;
  std::int64_t offered_ = 0;
  std::uint64_t refusals_ = 0, waits_ = 0;
  std::vector<bool> taken_;  // by batch
  std::atomic<std::uint64_t> durable_ = 0, failed_ = 0;
};

class Overload : public ::testing::Test {
 protected:
  void start(spine::Options options, std::uint64_t store_after_readings) {
    options.file = dir_ / "spine.db";
    options.recent_bytes = std::size_t{1} << 20;
    auto spine = spine::Spine::open(options, points_, clock_, Log::none());
    ASSERT_TRUE(spine) << spine.error().message;
    spine_ = std::move(*spine);
    auto history = historian::Historian::open(
        {.file = dir_ / "history.db", .store_after_readings = store_after_readings, .open_bytes = std::size_t{1} << 20},
        *spine_, points_, clock_, Log::none());
    ASSERT_TRUE(history) << history.error().message;
    history_ = std::move(*history);
    hold_ = spine_->hold([this] { return history_->stored(); });
    for (int i = 0; i < publishers; ++i) publishers_.push_back(std::make_unique<Publisher>(*spine_, points_, i));
  }

  // What is stored in a second when one publisher offers all it can.
  double capacity() {
    const auto before = spine_->stats().committed;
    publishers_[0]->run(1e9, std::chrono::seconds(1));
    return static_cast<double>(spine_->stats().committed - before);
  }
  // All publishers together offer `rate`; the most memory meanwhile.
  std::size_t load(double rate, std::chrono::milliseconds time) {
    std::vector<std::thread> threads;
    for (auto& each : publishers_) threads.emplace_back([&each, rate, time] { each->run(rate / publishers, time); });
    std::size_t most = 0;
    for (const auto end = steady_clock::now() + time; steady_clock::now() < end;) {
      most = std::max(most, resident_bytes());
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    for (auto& thread : threads) thread.join();
    return most;
  }
  void expect_all_in_history(std::uint64_t accepted) {
    ASSERT_TRUE(history_->wait(spine_->end(), steady_clock::now() + patience));
    EXPECT_EQ(history_->stats().readings, accepted);
    for (const auto& each : publishers_) each->expect_in(*history_);
  }
  std::uint64_t sum(std::uint64_t (Publisher::*figure)() const) const {
    std::uint64_t all = 0;
    for (const auto& each : publishers_) all += (each.get()->*figure)();
    return all;
  }

  const TempDir dir_;
  SystemClock clock_;
  model::Points points_;
  std::unique_ptr<spine::Spine> spine_;
  std::vector<std::unique_ptr<Publisher>> publishers_;
  std::unique_ptr<historian::Historian> history_;
  std::shared_ptr<void> hold_;
};

TEST_F(Overload, IsToldCountedAndBounded) {
  spine::Options options;
  options.queue_bytes = 64'000;
  start(options, 16'000'000);
  const double rate = capacity();
  load(10 * rate, std::chrono::seconds(1));  // buffers find their size
  const auto before = resident_bytes();
  const auto offered = sum(&Publisher::offered), refused = sum(&Publisher::refused);
  const auto most = load(10 * rate, duration());
  const auto offered_since = sum(&Publisher::offered) - offered, refused_since = sum(&Publisher::refused) - refused;
  const double times = static_cast<double>(offered_since) / static_cast<double>(offered_since - refused_since);
  std::printf("stored %.0f readings/s; offered %.1f times what was taken; %+.1f MB memory\n", rate, times,
              (static_cast<double>(most) - static_cast<double>(before)) / 1e6);

  ASSERT_TRUE(spine_->append_and_wait({}));
  const auto stats = spine_->stats();
  const auto accepted = sum(&Publisher::offered) - sum(&Publisher::refused);
  EXPECT_GT(refused_since, offered_since / 2) << "this was no overload";
  EXPECT_EQ(stats.refused, sum(&Publisher::refused));
  EXPECT_EQ(stats.appended, accepted);
  EXPECT_EQ(stats.committed, accepted);
  EXPECT_EQ(stats.end - 1, accepted);
  EXPECT_EQ(stats.queued_bytes, 0u);
  EXPECT_EQ(sum(&Publisher::durable), accepted);
  EXPECT_EQ(sum(&Publisher::failed), 0u);
  if (memory_tells()) {
    EXPECT_LT(most, before + growth_bytes);
  }

  expect_all_in_history(accepted);
}

TEST_F(Overload, WhatLastsLosesNothingToRetention) {
  spine::Options options;
  options.retain_bytes = 20'000;
  start(options, 1'000);
  load(1e9, duration());

  ASSERT_GT(sum(&Publisher::waits), 0u) << "history kept up";
  const auto accepted = sum(&Publisher::offered) - sum(&Publisher::refused);
  ASSERT_TRUE(history_->wait(accepted + 1, steady_clock::now() + patience));
  EXPECT_GT(spine_->begin(), 1u) << "retention had nothing to do";
  EXPECT_EQ(spine_->stats().refused, sum(&Publisher::refused));
  EXPECT_EQ(history_->stats().lost, 0u);
  expect_all_in_history(accepted);
}

}  // namespace
}  // namespace myriad
