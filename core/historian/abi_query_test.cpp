#include "historian/abi_query.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/temp_dir.h"
#include "model/value.h"

namespace myriad::historian {
namespace {

using ::testing::HasSubstr;

constexpr Nanos second = 1'000'000'000;

class AbiQuery : public ::testing::Test {
 protected:
  // A reading each second from 1970 on.
  template <class Make>
  void record(int count, Make make) {
    model::Batch batch;
    for (int i = 0; i < count; ++i) model::append(batch, *points_.intern("t/p"), {i * second, make(i), MYRIAD_GOOD});
    ASSERT_TRUE(spine_->append_and_wait(batch.view()));
    ASSERT_TRUE(history_->wait(spine_->end(), std::chrono::steady_clock::now() + std::chrono::seconds(20)));
  }
  myriad_history_query query(std::uint32_t limit = 100'000) {
    return {
        sizeof(myriad_history_query), static_cast<std::uint32_t>(*points_.intern("t/p")), 0, INT64_MAX, 0, 0, limit};
  }
  model::Batch ask(const myriad_history_query& q) {
    auto answer = historian::answer(*history_, "t/p", q);
    EXPECT_TRUE(answer) << answer.error().message;
    return answer ? *std::move(answer) : model::Batch();
  }
  std::string refusal(const myriad_history_query& q) {
    const auto answer = historian::answer(*history_, "t/p", q);
    return answer ? "" : answer.error().message;
  }

  TempDir home_;
  SystemClock clock_;
  model::Points points_;
  std::unique_ptr<spine::Spine> spine_ =
      *spine::Spine::open({.file = home_ / "spine.db"}, points_, clock_, Log::none());
  std::unique_ptr<Historian> history_ =
      *Historian::open({.file = home_ / "history.db"}, *spine_, points_, clock_, Log::none());
};

TEST_F(AbiQuery, GivesReadingsByTimeAndGoesOnBehindTheLast) {
  record(1'000, [](int i) { return std::int64_t{i}; });
  auto q = query(300);
  q.from_ns = 10 * second;
  q.to_ns = 990 * second;
  std::vector<std::int64_t> all;
  for (auto answer = ask(q); !answer.readings.empty(); answer = ask(q)) {
    EXPECT_LE(answer.readings.size(), 300u);
    for (const auto& r : answer.readings) {
      EXPECT_EQ(r.time_ns, r.value.i64 * second);
      EXPECT_EQ(r.point, q.point);
      all.push_back(r.value.i64);
    }
    q.from_ns = answer.readings.back().time_ns + 1;
  }
  ASSERT_EQ(all.size(), 980u);
  for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(all[i], static_cast<std::int64_t>(i) + 10);
}

TEST_F(AbiQuery, GivesOneValueForEachStep) {
  record(1'000, [](int i) { return std::int64_t{i}; });
  auto q = query();
  q.step_ns = second * 10;
  const std::pair<std::uint32_t, double> wanted[] = {{MYRIAD_AGGREGATE_MEAN, 14.5}, {MYRIAD_AGGREGATE_MIN, 10},
                                                     {MYRIAD_AGGREGATE_MAX, 19},    {MYRIAD_AGGREGATE_SUM, 145},
                                                     {MYRIAD_AGGREGATE_COUNT, 10},  {MYRIAD_AGGREGATE_FIRST, 10},
                                                     {MYRIAD_AGGREGATE_LAST, 19}};
  for (const auto& [aggregate, value] : wanted) {
    q.aggregate = aggregate;
    const auto answer = ask(q);
    ASSERT_EQ(answer.readings.size(), 100u) << aggregate << ": more than one portion, and no step twice";
    const auto& r = answer.readings[1];
    EXPECT_EQ(r.time_ns, 10 * second);
    EXPECT_EQ(r.type == MYRIAD_I64 ? static_cast<double>(r.value.i64) : r.value.f64, value) << aggregate;
  }
  q.from_ns = 15 * second;
  q.limit = 1;
  const auto cut = ask(q);
  EXPECT_EQ(cut.readings[0].time_ns, 10 * second) << "where the step begins";
  q.from_ns = cut.readings[0].time_ns + q.step_ns;
  EXPECT_EQ(ask(q).readings[0].time_ns, 20 * second);
}

TEST_F(AbiQuery, AnAnswerIsBounded) {
  record(100, [](int i) { return std::string(100'000, static_cast<char>('a' + i % 26)); });
  auto q = query();
  std::size_t seen = 0;
  for (auto answer = ask(q); !answer.readings.empty(); answer = ask(q)) {
    EXPECT_LE(answer.view().bytes(), std::size_t{5} << 20);
    for (const auto& r : answer.readings) EXPECT_EQ(answer.view().text(r).at(0), static_cast<char>('a' + seen++ % 26));
    q.from_ns = answer.readings.back().time_ns + 1;
  }
  EXPECT_EQ(seen, 100u);
}

TEST_F(AbiQuery, SaysWhatIsWrongWithTheQuestion) {
  auto q = query(0);
  EXPECT_THAT(refusal(q), HasSubstr("limit 0"));
  q.limit = 100'001;
  EXPECT_THAT(refusal(q), HasSubstr("limit 100001"));
  q = query();
  q.step_ns = 1'500'000;
  q.aggregate = MYRIAD_AGGREGATE_MEAN;
  EXPECT_THAT(refusal(q), HasSubstr("whole milliseconds"));
  q.step_ns = -1'000'000;
  EXPECT_THAT(refusal(q), HasSubstr("whole milliseconds"));
  q.step_ns = INT64_MAX / 1'000'000 * 1'000'000;
  EXPECT_NE(refusal(q), "");
  q.step_ns = second;
  q.aggregate = 0;
  EXPECT_THAT(refusal(q), HasSubstr("aggregate 0"));
}

TEST_F(AbiQuery, ReachesTheEndOfTime) {
  constexpr Nanos day = 86'400 * second;
  model::Batch batch;
  for (Nanos i = 64; i > 0; --i)
    model::append(batch, *points_.intern("t/p"), {INT64_MAX - 1 - i * day + day, i, MYRIAD_GOOD});
  ASSERT_TRUE(spine_->append_and_wait(batch.view()));
  ASSERT_TRUE(history_->wait(spine_->end(), std::chrono::steady_clock::now() + std::chrono::seconds(20)));
  EXPECT_EQ(ask(query()).readings.size(), 64u);
  auto q = query();
  q.step_ns = day;
  q.aggregate = MYRIAD_AGGREGATE_LAST;
  EXPECT_EQ(ask(q).readings.size(), 64u);
}

TEST_F(AbiQuery, RangesWithoutReadingsAreEmpty) {
  record(10, [](int i) { return std::int64_t{i}; });
  auto q = query();
  q.from_ns = 5 * second;
  q.to_ns = INT64_MIN;
  EXPECT_TRUE(ask(q).readings.empty());
  q.step_ns = second;
  q.aggregate = MYRIAD_AGGREGATE_MEAN;
  EXPECT_TRUE(ask(q).readings.empty());
  q.from_ns = INT64_MIN;
  q.to_ns = INT64_MAX;
  EXPECT_EQ(ask(q).readings.size(), 10u);
}

}  // namespace
}  // namespace myriad::historian
