// A historian on a spine in a temporary folder, for tests.
#pragma once

#include <gtest/gtest.h>

#include <mutex>

#include "base/temp_dir.h"
#include "historian/historian.h"

namespace myriad::historian {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

inline constexpr auto patience = 30s;

class HistorianTest : public ::testing::Test {
 protected:
  void start(spine::Options spine_options = {}) {
    stop();
    points_ = std::make_unique<model::Points>();
    spine_options.file = dir_ / "spine.db";
    auto spine = spine::Spine::open(spine_options, *points_, clock_, log_);
    ASSERT_TRUE(spine) << spine.error().message;
    spine_ = std::move(*spine);
    start_historian();
  }
  void start_historian() {
    options_.file = dir_ / "history.db";
    auto historian = Historian::open(options_, *spine_, *points_, clock_, log_);
    ASSERT_TRUE(historian) << historian.error().message;
    historian_ = std::move(*historian);
  }
  // All in the file, nothing in the log beside it.
  void settle_file() {
    const auto done = historian_->settle();
    ASSERT_TRUE(done) << done.error().message;
  }
  void stop() {
    historian_.reset();
    spine_.reset();
  }

  void put(const std::string& point, std::vector<model::Sample> samples) {
    model::Batch batch;
    for (const auto& sample : samples) model::append(batch, *points_->intern(point), sample);
    put(batch);
  }
  void put(const model::Batch& batch) {
    const auto last = spine_->append_and_wait(batch.view());
    ASSERT_TRUE(last) << last.error().message;
    ASSERT_TRUE(historian_->wait(*last + 1, steady_clock::now() + patience));
  }
  std::vector<model::Sample> query(const std::string& point, Range range = {}, std::size_t limit = SIZE_MAX) {
    auto got = historian_->query(point, range, limit);
    EXPECT_TRUE(got) << got.error().message;
    return got ? *got : std::vector<model::Sample>{};
  }
  // "time=value" of integers.
  std::string text(const std::string& point, Range range = {}, std::size_t limit = SIZE_MAX) {
    std::string out;
    for (const auto& s : query(point, range, limit))
      out += std::to_string(s.time) + "=" + std::to_string(std::get<std::int64_t>(s.value)) + " ";
    return out;
  }
  static std::vector<model::Sample> counting(Nanos from, Nanos to, std::int64_t plus = 0) {
    std::vector<model::Sample> out;
    for (; from < to; ++from) out.push_back({from, from + plus, MYRIAD_GOOD});
    return out;
  }
  std::string log_text() {
    const std::scoped_lock lock(log_mutex_);
    return log_lines_;
  }

  TempDir dir_;
  SystemClock clock_;
  std::mutex log_mutex_;
  std::string log_lines_;
  Log log_{[this](Level, std::string_view, std::string_view line) {
             const std::scoped_lock lock(log_mutex_);
             log_lines_ += std::string(line) + "\n";
           },
           "historian"};
  Options options_;
  std::unique_ptr<model::Points> points_;
  std::unique_ptr<spine::Spine> spine_;
  std::unique_ptr<Historian> historian_;
};

}  // namespace myriad::historian
