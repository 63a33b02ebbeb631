#include "spine/spine.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <atomic>
#include <csignal>
#include <cstring>
#include <fstream>
#include <future>
#include <random>
#include <thread>

#include "base/temp_dir.h"
#include "model/value.h"

namespace myriad::spine {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;
using ::testing::HasSubstr;
using ::testing::Not;

const auto patience = 30s;

// `count` readings of one point that count up from `from`.
model::Batch counting(model::PointId point, std::int64_t from, std::int64_t count) {
  model::Batch batch;
  for (std::int64_t i = from; i < from + count; ++i) model::append(batch, point, {i * 1'000'000, i, MYRIAD_GOOD});
  return batch;
}

class SpineTest : public ::testing::Test {
 protected:
  void start(Options options = {}) {
    options.file = dir_ / "spine.db";
    stop();
    points_ = std::make_unique<model::Points>();
    auto opened = Spine::open(options, *points_, clock_,
                              Log(
                                  [this](Level, std::string_view, std::string_view text) {
                                    const std::scoped_lock lock(log_mutex_);
                                    log_ += std::string(text) + "\n";
                                  },
                                  "spine"));
    ASSERT_TRUE(opened) << opened.error().message;
    spine_ = std::move(*opened);
    point_ = *points_->intern("machine/count");
  }
  void stop() { spine_.reset(); }

  Sequence put(std::int64_t from, std::int64_t count) {
    const auto last = spine_->append_and_wait(counting(point_, from, count).view());
    EXPECT_TRUE(last) << last.error().message;
    return last ? *last : 0;
  }

  // Every value from `from` to the end, block by block.
  std::vector<std::int64_t> values(Sequence from = 1) {
    std::vector<std::int64_t> out;
    while (from < spine_->end()) {
      const auto block = spine_->read(from);
      if (!block || !*block) {
        ADD_FAILURE() << "no block at " << from;
        break;
      }
      from = std::max(from, (*block)->first);
      for (; from < (*block)->end(); ++from) out.push_back((*block)->batch.readings[from - (*block)->first].value.i64);
    }
    return out;
  }

  std::string log() {
    const std::scoped_lock lock(log_mutex_);
    return log_;
  }
  void sql(const std::string& text) { SQLite::Database(dir_ / "spine.db", SQLite::OPEN_READWRITE).exec(text); }

  TempDir dir_;
  ManualClock clock_{1'700'000'000'000'000'000};
  std::unique_ptr<model::Points> points_;
  std::mutex log_mutex_;
  std::string log_;
  std::unique_ptr<Spine> spine_;
  model::PointId point_{};
};

std::vector<std::int64_t> numbers(std::int64_t from, std::int64_t to) {
  std::vector<std::int64_t> out;
  for (; from < to; ++from) out.push_back(from);
  return out;
}

TEST_F(SpineTest, NumbersReadingsAndSurvivesRestart) {
  start();
  EXPECT_EQ(spine_->end(), 1u);
  EXPECT_EQ(put(0, 3), 3u);
  EXPECT_EQ(put(3, 10'000), 10'003u);
  EXPECT_EQ(values(), numbers(0, 10'003));
  EXPECT_EQ(values(9'000), numbers(8'999, 10'003));

  start();
  EXPECT_EQ(spine_->end(), 10'004u);
  EXPECT_EQ(points_->name(point_), "machine/count");
  EXPECT_EQ(values(), numbers(0, 10'003));
  EXPECT_EQ(put(10'003, 1), 10'004u);
}

TEST_F(SpineTest, KeepsEveryTypeAndQualityInMemoryAndOnDisk) {
  start();
  const model::Value all[] = {true,
                              std::int64_t{INT64_MIN},
                              std::uint64_t{UINT64_MAX},
                              0.1 + 0.2,
                              std::string("温度"),
                              model::Bytes{std::string("\0\xff", 2)},
                              model::JsonText{R"({"a":1})"}};
  model::Batch batch;
  for (std::uint16_t quality = MYRIAD_GOOD; quality <= MYRIAD_STALE; ++quality)
    for (const auto& value : all) model::append(batch, point_, {quality, value, quality});
  const auto expect_all = [&] {
    const auto block = spine_->read(1);
    ASSERT_TRUE(block && *block);
    const auto view = (*block)->batch.view();
    ASSERT_EQ(view.readings.size(), 28u);
    for (std::size_t i = 0; i < 28; ++i) {
      EXPECT_EQ(model::to_sample(view, view.readings[i]).value, all[i % 7]);
      EXPECT_EQ(view.readings[i].quality, i / 7);
    }
  };
  ASSERT_TRUE(spine_->append_and_wait(batch.view()));
  expect_all();
  start();
  expect_all();
}

TEST_F(SpineTest, SaysThatNormalDurabilityIsLess) {
  start();
  EXPECT_EQ(spine_->stats().durability, Durability::full);
  EXPECT_THAT(log(), Not(HasSubstr("durability")));
  Options options;
  options.durability = Durability::normal;
  start(options);
  EXPECT_EQ(spine_->stats().durability, Durability::normal);
  EXPECT_THAT(log(), HasSubstr("durability is normal"));
  put(0, 10);
  start();
  EXPECT_EQ(values(), numbers(0, 10));
}

TEST_F(SpineTest, CommitsWhenItsBytesWait) {
  Options options;
  options.commit_interval = 30s;  // not by time
  options.commit_bytes = 100 * sizeof(model::Reading);
  start(options);
  const auto begin = steady_clock::now();
  EXPECT_EQ(put(0, 100), 100u);
  EXPECT_LT(steady_clock::now() - begin, options.commit_interval / 2);
}

TEST_F(SpineTest, TheWriteAheadLogStaysBoundedUnderLoad) {
  start();
  std::mt19937_64 random(1);
  std::uintmax_t most = 0;
  for (int i = 0; i < 200; ++i) {  // 200 MB that no compressor shrinks
    model::Batch batch;
    std::string noise(1 << 20, '\0');
    for (std::size_t at = 0; at < noise.size(); at += 8) {
      const auto word = random();
      std::memcpy(noise.data() + at, &word, 8);
    }
    model::append(batch, point_, {i, model::Bytes{noise}, MYRIAD_GOOD});
    ASSERT_TRUE(spine_->append_and_wait(batch.view()));
    most = std::max(most, std::filesystem::file_size(dir_ / "spine.db-wal"));
  }
  EXPECT_LT(most, std::uintmax_t{100} << 20);
}

TEST_F(SpineTest, CommitsManyBatchesAtOnceAndCallsEachDoneOnce) {
  Options options;
  options.commit_interval = 200ms;
  start(options);
  put(0, 1);
  constexpr int batches = 500;
  std::vector<std::atomic<int>> called(batches);
  std::atomic<int> left = batches;
  std::promise<void> all;
  for (int i = 0; i < batches; ++i) {
    const auto done = [&, i](const Status& status, Sequence last) {
      EXPECT_TRUE(status);
      EXPECT_EQ(last, 1u + 2u * static_cast<unsigned>(i + 1));
      ++called[static_cast<std::size_t>(i)];
      if (--left == 0) all.set_value();
    };
    ASSERT_TRUE(spine_->append(counting(point_, 1 + 2 * i, 2).view(), done));
  }
  ASSERT_EQ(all.get_future().wait_for(patience), std::future_status::ready);
  for (const auto& count : called) EXPECT_EQ(count, 1);
  EXPECT_LT(spine_->stats().commits, 20u);
}

TEST_F(SpineTest, RefusesBeyondTheQueueAndCountsExactly) {
  Options options;
  options.queue_bytes = 1'000 * sizeof(model::Reading);
  start(options);
  std::uint64_t taken = 0, refused = 0;
  const auto deadline = steady_clock::now() + patience;
  for (std::int64_t i = 0; refused < 5'000 && steady_clock::now() < deadline; ++i) {
    const auto status = spine_->append(counting(point_, static_cast<std::int64_t>(taken), 100).view());
    (status ? taken : refused) += 100;
    EXPECT_TRUE(status || status.error().code == Code::again);
  }
  EXPECT_GE(refused, 5'000u);
  EXPECT_EQ(spine_->append(counting(point_, 0, 1'001).view()).error().code, Code::too_large);
  refused += 1'001;
  ASSERT_TRUE(spine_->wait(taken, steady_clock::now() + patience));
  const auto stats = spine_->stats();
  EXPECT_EQ(stats.appended, taken);
  EXPECT_EQ(stats.refused, refused);
  EXPECT_EQ(stats.committed, taken);
  EXPECT_EQ(values(), numbers(0, static_cast<std::int64_t>(taken)));
}

TEST_F(SpineTest, TextCountsAsOftenAsItIsUsed) {
  Options options;
  options.queue_bytes = 10'000;
  start(options);
  model::Batch batch;
  model::append(batch, point_, {0, std::string(5'000, 'x'), MYRIAD_GOOD});
  batch.readings.push_back(batch.readings[0]);
  EXPECT_EQ(spine_->append(batch.view()).error().code, Code::too_large);
  EXPECT_EQ(spine_->stats().queued_bytes, 0u);
}

TEST_F(SpineTest, WakesWaitersAndHandles) {
  start();
  std::atomic<int> woken = 0;
  auto handle = spine_->on_commit([&] { ++woken; });
  auto waiting = std::async(std::launch::async, [&] { return spine_->wait(1, steady_clock::now() + patience); });
  put(0, 1);
  EXPECT_TRUE(waiting.get());
  EXPECT_GE(woken, 1);
  handle.reset();
  const int before = woken;
  put(1, 1);
  EXPECT_EQ(woken, before);
  EXPECT_FALSE(spine_->wait(3, steady_clock::now()));
  auto closed = std::async(std::launch::async, [&] { return spine_->wait(3, steady_clock::now() + patience); });
  spine_->close();
  EXPECT_FALSE(closed.get());
  EXPECT_EQ(spine_->append(counting(point_, 0, 1).view()).error().code, Code::unavailable);
}

TEST_F(SpineTest, ConsumersInMemoryAndOnDiskSeeTheSame) {
  Options options;
  options.recent_bytes = 300'000;
  start(options);
  for (int i = 0; i < 20; ++i) put(i * 5'000, 5'000);
  const auto all = numbers(0, 100'000);
  auto slow = std::async(std::launch::async, [&] { return values() == all; });
  EXPECT_EQ(values(95'001), numbers(95'000, 100'000));
  EXPECT_TRUE(slow.get());
}

TEST_F(SpineTest, KeepsCursorsWithTheirState) {
  start();
  put(0, 5);
  EXPECT_EQ(spine_->load_cursor("sink/new")->next, 6u);
  ASSERT_TRUE(spine_->save_cursor("sink/a", {3, std::string("\0state", 6)}));
  EXPECT_EQ(spine_->load_cursor("sink/a")->next, 3u);
  ASSERT_TRUE(spine_->save_cursor("sink/gone", {2, ""}));
  ASSERT_TRUE(spine_->drop_cursor("sink/gone"));
  put(5, 5);

  start();
  EXPECT_EQ(spine_->load_cursor("sink/a")->next, 3u);
  EXPECT_EQ(spine_->load_cursor("sink/a")->state, std::string("\0state", 6));
  EXPECT_EQ(spine_->load_cursor("sink/new")->next, 6u);
  EXPECT_EQ(spine_->load_cursor("sink/gone")->next, 11u);
}

model::Batch text(model::PointId point, const std::string& value) {
  model::Batch batch;
  model::append(batch, point, {7, value, MYRIAD_UNCERTAIN});
  return batch;
}

TEST_F(SpineTest, KeepsDeadLettersWithTheCursor) {
  start();
  put(0, 5);
  ASSERT_TRUE(spine_->bury("sink/a", {3, "s"}, {2, clock_.now(), 1, "too long", text(point_, "word")}));
  ASSERT_TRUE(spine_->bury("sink/a", {6, "t"}, {5, clock_.now(), 1, "too short", counting(point_, 4, 1)}));
  ASSERT_TRUE(spine_->bury("sink/b", {6, ""}, {5, clock_.now(), 1, "no", counting(point_, 4, 1)}));
  start();
  EXPECT_EQ(spine_->find_cursor("sink/a")->next, 6u);
  EXPECT_FALSE(spine_->find_cursor("sink/c"));
  EXPECT_EQ(spine_->count_dead_letters("sink/a").kept, 2u);
  auto letters = spine_->dead_letters("sink/a", 0, 10);
  ASSERT_TRUE(letters) << letters.error().message;
  ASSERT_EQ(letters->size(), 2u);
  const auto& first = letters->front();
  EXPECT_EQ(first.sequence, 2u);
  EXPECT_EQ(first.reason, "too long");
  EXPECT_EQ(first.refused, clock_.now());
  EXPECT_EQ(model::to_sample(first.reading.view(), first.reading.readings[0]).value, model::Value("word"));
  EXPECT_EQ(spine_->dead_letters("sink/a", 2, 10)->front().sequence, 5u);
  EXPECT_EQ(spine_->dead_letters("sink/a", 0, 1)->size(), 1u);

  ASSERT_TRUE(spine_->bury("sink/a", {6, "t"}, {5, clock_.now() + 1, 1, "still", counting(point_, 4, 1)}));
  ASSERT_TRUE(spine_->drop_dead_letters("sink/a", 2, 2));
  start();
  letters = spine_->dead_letters("sink/a", 0, 10);
  ASSERT_EQ(letters->size(), 1u);
  EXPECT_EQ(letters->front().count, 2u);
  EXPECT_EQ(letters->front().reason, "still");
  ASSERT_TRUE(spine_->drop_cursor("sink/a"));
  start();
  EXPECT_EQ(spine_->count_dead_letters("sink/a").kept, 0u);
  EXPECT_EQ(spine_->count_dead_letters("sink/b").kept, 1u);
}

TEST_F(SpineTest, TheOldestDeadLettersGoBeyondTheLimit) {
  Options options;
  options.dead_letters = 3;
  start(options);
  for (Sequence s = 1; s <= 5; ++s)
    ASSERT_TRUE(spine_->bury("sink/a", {s + 1, ""}, {s, clock_.now(), 1, "no", counting(point_, 0, 1)}));
  put(0, 1);
  EXPECT_EQ(spine_->count_dead_letters("sink/a").kept, 3u);
  EXPECT_EQ(spine_->count_dead_letters("sink/a").dropped, 2u);
  EXPECT_EQ(spine_->dead_letters("sink/a", 0, 10)->front().sequence, 3u);
}

TEST_F(SpineTest, RetentionByBytesMovesBeginAndTellsWhoLost) {
  Options options;
  options.retain_bytes = 3'000;
  options.commit_interval = 1ms;
  options.recent_bytes = 0;
  start(options);
  ASSERT_TRUE(spine_->save_cursor("sink/slow", {1, ""}));
  std::int64_t next = 0;
  for (int i = 0; i < 200; ++i, next += 4'096) put(next, 4'096);
  EXPECT_GT(spine_->begin(), 1u);
  EXPECT_LE(spine_->stats().disk_bytes, options.retain_bytes + 200);
  EXPECT_EQ(values(1), numbers(static_cast<std::int64_t>(spine_->begin()) - 1, next));
  const auto begin = spine_->begin();
  start(options);
  EXPECT_THAT(log(), HasSubstr("'sink/slow' lost"));
  EXPECT_EQ(spine_->begin(), begin);
}

TEST_F(SpineTest, ShowsEachConsumerAndItsLag) {
  start();
  put(0, 5);
  ASSERT_TRUE(spine_->save_cursor("sink/a", {3, ""}));
  std::atomic<Sequence> own = 2;
  auto handle = spine_->follow("historian", [&] { return own.load(); });
  clock_.advance(3'000'000'000);
  auto all = spine_->consumers();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].name, "historian");
  EXPECT_EQ(all[0].next, 2u);
  EXPECT_EQ(all[0].lag, 4u);
  EXPECT_EQ(all[1].name, "sink/a");
  EXPECT_EQ(all[1].lag, 3u);
  EXPECT_EQ(all[1].behind, 3'000'000'000);
  EXPECT_FALSE(all[1].at_risk_since);
  own = 6;
  EXPECT_EQ(spine_->consumers()[0].behind, 0);
  handle.reset();
  EXPECT_EQ(spine_->consumers().size(), 1u);
}

TEST_F(SpineTest, WarnsOfAConsumerBeforeItLosesAnything) {
  Options options;
  options.retain_bytes = 30'000;
  options.commit_interval = 1ms;
  options.recent_bytes = 0;
  options.watch_interval = 1ms;
  start(options);
  ASSERT_TRUE(spine_->save_cursor("sink/slow", {1, ""}));
  const auto slow = [&] { return spine_->consumers().at(0); };
  std::int64_t next = 0;
  while (!slow().at_risk_since && spine_->begin() == 1) {
    put(next, 100);
    next += 100;
  }
  EXPECT_EQ(slow().lost, 0u);
  EXPECT_EQ(*slow().at_risk_since, clock_.now());
  EXPECT_THAT(log(), HasSubstr("'sink/slow' is " + std::to_string(next) + " readings and 0 s behind, at 80 %"));
  while (spine_->begin() == 1) {
    put(next, 100);
    next += 100;
  }
  EXPECT_EQ(slow().lost, spine_->begin() - 1);
  EXPECT_TRUE(slow().at_risk_since);
  ASSERT_TRUE(spine_->save_cursor("sink/slow", {spine_->end(), ""}));
  EXPECT_FALSE(slow().at_risk_since);
  EXPECT_GT(slow().lost, 0u) << "what was lost stays known";
}

TEST_F(SpineTest, WarnsOfAConsumerByAge) {
  Options options;
  options.retain_time = std::chrono::hours(10);
  start(options);
  put(0, 5);
  ASSERT_TRUE(spine_->save_cursor("sink/slow", {1, ""}));
  clock_.advance(Nanos(7) * 3'600 * 1'000'000'000);
  EXPECT_FALSE(spine_->consumers().at(0).at_risk_since);
  clock_.advance(Nanos(2) * 3'600 * 1'000'000'000);
  EXPECT_TRUE(spine_->consumers().at(0).at_risk_since);
  EXPECT_EQ(spine_->consumers().at(0).lost, 0u);
}

TEST_F(SpineTest, FindsTheSequenceOfATime) {
  start();
  const Nanos start_time = clock_.now();
  EXPECT_EQ(*spine_->sequence_at(0), 1u) << "an empty log";
  for (int i = 0; i < 50; ++i) {
    put(i * 10, 10);
    clock_.advance(1'000);
  }
  stop();
  sql("DELETE FROM log WHERE first IN (201, 211)");
  start();
  EXPECT_EQ(*spine_->sequence_at(0), 1u);
  EXPECT_EQ(*spine_->sequence_at(start_time), 1u);
  EXPECT_EQ(*spine_->sequence_at(start_time + 1), 11u);
  EXPECT_EQ(*spine_->sequence_at(start_time + 1'000), 11u);
  EXPECT_EQ(*spine_->sequence_at(start_time + 25'500), 261u);
  EXPECT_EQ(*spine_->sequence_at(start_time + 49'000), 491u);
  EXPECT_EQ(*spine_->sequence_at(start_time + 49'001), 501u);
  const auto hole = *spine_->sequence_at(start_time + 20'000);
  EXPECT_GE(hole, 201u);
  EXPECT_LE(hole, 221u);
}

TEST_F(SpineTest, RetentionByTimeKeepsTheNumbering) {
  Options options;
  options.retain_time = std::chrono::hours(1);
  options.recent_bytes = 0;
  start(options);
  put(0, 10);
  clock_.advance(Nanos(2) * 3'600 * 1'000'000'000);
  put(10, 10);
  EXPECT_EQ(spine_->begin(), 11u);
  clock_.advance(Nanos(2) * 3'600 * 1'000'000'000);
  start(options);
  EXPECT_EQ(put(20, 1), 21u);
}

TEST_F(SpineTest, AgeAloneRemovesNothingThatIsHeld) {
  Options options;
  options.retain_time = std::chrono::hours(1);
  options.waits_for_hold = true;
  start(options);
  put(0, 10);
  clock_.advance(Nanos(365) * 24 * 3'600 * 1'000'000'000);  // the network told the time
  put(10, 10);
  EXPECT_EQ(spine_->begin(), 1u) << "nobody has said yet what they have";
  std::atomic<Sequence> first = 1;
  const auto hold = spine_->hold([&] { return first.load(); });
  put(20, 10);
  EXPECT_EQ(spine_->begin(), 1u);
  first = 11;
  put(30, 10);
  EXPECT_EQ(spine_->begin(), 11u);
}

TEST_F(SpineTest, PublishersWaitRatherThanThatSizeRemovesWhatIsHeld) {
  Options options;
  options.retain_bytes = 5'000;
  options.commit_interval = 1ms;
  options.recent_bytes = 0;
  start(options);
  ASSERT_TRUE(spine_->load_cursor("stalled")) << "it delays nobody";
  std::atomic<Sequence> first = 1;
  auto hold = spine_->hold([&] { return first.load(); });
  const auto offer = [&] {
    return spine_->append_and_wait(counting(point_, static_cast<std::int64_t>(spine_->end()), 100).view());
  };
  Result<Sequence> last = Sequence{0};
  for (int i = 0; i < 1'000 && (last = offer());) ++i;
  ASSERT_FALSE(last) << "so much cannot be held";
  EXPECT_EQ(last.error().code, Code::again);
  EXPECT_THAT(last.error().message, HasSubstr("readings behind"));
  EXPECT_THAT(last.error().message, HasSubstr("send again"));
  EXPECT_EQ(spine_->begin(), 1u);
  EXPECT_EQ(spine_->stats().refused, 100u);
  EXPECT_FALSE(offer()) << "time changes nothing";

  first = spine_->end();
  for (int i = 0; i < 200 && !(last = offer()); ++i) std::this_thread::sleep_for(10ms);
  EXPECT_TRUE(last) << "all is stored";
  EXPECT_EQ(spine_->begin(), 1u) << "still within retention";

  hold.reset();
  for (int i = 0; i < 1'000; ++i) ASSERT_TRUE(offer()) << "nobody holds";
  EXPECT_GT(spine_->begin(), 1u);
}

TEST_F(SpineTest, SizeRemovesNothingThatIsHeld) {
  Options options;
  options.retain_bytes = 1;
  start(options);
  const auto hold = spine_->hold([] { return Sequence{1}; });
  put(0, 10);
  put(10, 10);
  EXPECT_EQ(spine_->begin(), 1u);
}

TEST_F(SpineTest, CutsADamagedTailAndNeverReusesItsNumbers) {
  start();
  put(0, 100);
  put(100, 100);
  stop();
  sql("UPDATE log SET payload = zeroblob(length(payload)) WHERE first = 101");
  start();
  EXPECT_THAT(log(), HasSubstr("cut 1 damaged rows with 100 readings, the first at 101"));
  EXPECT_EQ(values(), numbers(0, 100));
  EXPECT_EQ(spine_->end(), 201u);
  start();
  EXPECT_EQ(put(200, 1), 201u);
  auto all = numbers(0, 100);
  all.push_back(200);
  EXPECT_EQ(values(), all);
}

TEST_F(SpineTest, ServesWhatLiesAroundADamagedRow) {
  Options options;
  options.recent_bytes = 0;
  start(options);
  for (int i = 0; i < 80; ++i) put(i * 10, 10);
  sql("UPDATE log SET payload = x'01ff' WHERE first = 21");
  auto around = numbers(0, 20);
  for (const auto v : numbers(30, 800)) around.push_back(v);
  EXPECT_EQ(values(), around);
  EXPECT_THAT(log(), HasSubstr("skipped a damaged row with 10 readings at 21"));
}

class DamagedSpine : public SpineTest {
 protected:
  // 100 rows of 100 readings that do not compress, all of them in the file itself.
  void fill(int count = rows) {
    Options options;
    options.recent_bytes = 0;
    options.commit_interval = 1ms;
    start(options);
    std::mt19937_64 random(1);
    for (int i = 0; i < count; ++i) {
      model::Batch batch;
      for (int k = 0; k < 100; ++k)
        model::append(batch, point_, {i * 100 + k, static_cast<std::int64_t>(random()), MYRIAD_GOOD});
      ASSERT_TRUE(spine_->append_and_wait(batch.view()));
    }
    ASSERT_TRUE(spine_->save_cursor("sink/a", {500, "s"}));
    stop();
    sql("PRAGMA wal_checkpoint(TRUNCATE)");
  }
  void spoil(std::uintmax_t page) {
    std::fstream file(dir_ / "spine.db", std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(page * 4'096));
    file << std::string(4'096, '\x5a');
  }
  std::uintmax_t pages() { return std::filesystem::file_size(dir_ / "spine.db") / 4'096; }
  std::size_t readable() {
    std::size_t count = 0;
    for (Sequence from = spine_->begin(); from < spine_->end();) {
      const auto block = spine_->read(from);
      if (!block || !*block) {
        ADD_FAILURE() << "no block at " << from;
        break;
      }
      from = std::max((*block)->first, from);
      count += (*block)->end() - from;
      from = (*block)->end();
    }
    return count;
  }
  // It serves, takes readings, and gives no number twice.
  void expect_in_service() {
    const auto end = spine_->end();
    EXPECT_GT(end, static_cast<Sequence>(rows * 100));
    EXPECT_EQ(put(0, 10), end + 9);
    EXPECT_EQ(points_->name(point_), "machine/count");
  }
  static constexpr int rows = 100;
};

TEST_F(DamagedSpine, ServesWhatLiesAroundAnyDamagedPage) {
  fill();
  const auto good = dir_ / "good.db";
  std::filesystem::copy_file(dir_ / "spine.db", good);
  const auto count = pages();
  std::size_t worst = rows * 100;
  for (std::uintmax_t page = 0; page < count; ++page) {
    for (const char* part : {"", "-wal", "-shm"}) std::filesystem::remove((dir_ / "spine.db").string() + part);
    std::filesystem::copy_file(good, dir_ / "spine.db");
    spoil(page);
    log_.clear();
    Options options;
    options.recent_bytes = 0;
    SCOPED_TRACE(page);
    start(options);
    const auto left = readable();
    if (left < rows * 100) {
      EXPECT_THAT(log(), HasSubstr("check the disk")) << page;
    }
    if (page > 6) worst = std::min(worst, left);  // behind the roots
    expect_in_service();
    stop();
  }
  EXPECT_GE(worst, rows * 90u);
}

TEST_F(DamagedSpine, GoesOnInANewFileWhereTheOldIsTruncated) {
  fill();
  std::filesystem::resize_file(dir_ / "spine.db", pages() / 2 * 4'096);
  start();
  EXPECT_THAT(log(), HasSubstr("set aside as spine.db.damaged-"));
  EXPECT_GT(readable(), rows * 30u);
  EXPECT_EQ(spine_->find_cursor("sink/a")->next, 500u);
  expect_in_service();
  start();
  expect_in_service();
}

TEST_F(DamagedSpine, GoesOnInANewFileWhereNothingIsLeft) {
  fill();
  std::ofstream(dir_ / "spine.db", std::ios::trunc) << std::string(20'000, 'x');
  std::vector<std::string> met;
  Options options;
  options.on_damage = [&](const std::string& what) { met.push_back(what); };
  start(options);
  ASSERT_EQ(met.size(), 1u);
  EXPECT_THAT(met[0], HasSubstr("goes on at "));
  EXPECT_EQ(readable(), 0u);
  expect_in_service();
}

TEST_F(DamagedSpine, TakesTheTimeAsItsNumberWithoutAMark) {
  fill();
  std::filesystem::remove(dir_ / "spine.db.mark");
  std::ofstream(dir_ / "spine.db", std::ios::trunc) << std::string(20'000, 'x');
  start();
  EXPECT_EQ(spine_->end(), static_cast<Sequence>(clock_.now() / 1'000));
}

// Retention meets the damage, or a new row has to be written beside it.
TEST_F(DamagedSpine, MendsItselfWhenACommitMeetsDamage) {
  fill(300);
  for (auto page = pages() / 4; page < pages() / 2; ++page) spoil(page);
  Options options;
  options.retain_bytes = 30'000;
  options.commit_interval = 1ms;
  start(options);
  const auto end = spine_->end();
  for (int i = 0; i < 20; ++i) put(i, 1);
  EXPECT_GT(spine_->end(), end + 20);
  EXPECT_THAT(log(), HasSubstr("set aside as spine.db.damaged-"));
  EXPECT_LT(spine_->stats().disk_bytes, 40'000u);
  expect_in_service();
}

TEST_F(DamagedSpine, MendsWhatACheckFoundAtTheNextStart) {
  fill();
  std::ofstream(dir_ / "spine.db.mend") << "x";
  start();
  EXPECT_EQ(readable(), rows * 100u);
  EXPECT_THAT(log(), HasSubstr("a check found damage"));
  EXPECT_FALSE(std::filesystem::exists(dir_ / "spine.db.mend"));
  expect_in_service();
}

TEST_F(DamagedSpine, KeepsReadingsWhosePointLostItsName) {
  fill();
  sql("DELETE FROM point; INSERT INTO point VALUES (3, 'machine/third')");
  start();
  EXPECT_EQ(points_->name(model::PointId{1}), "lost/point-1");
  EXPECT_EQ(points_->name(model::PointId{3}), "machine/third");
  EXPECT_EQ(readable(), rows * 100u);
  EXPECT_EQ(point_, model::PointId{4});
}

// Files may not grow beyond a size, as on a full disk.
class SmallDisk {
 public:
  explicit SmallDisk(std::uintmax_t bytes) {
    std::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit small{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &small);
  }
  ~SmallDisk() { ::setrlimit(RLIMIT_FSIZE, &before_); }

 private:
  rlimit before_{};
};

TEST_F(SpineTest, AFullDiskLosesNothingAcknowledgedAndServiceResumes) {
  start();
  put(0, 1'000);
  std::int64_t stored = 1'000;
  {
    const SmallDisk full(std::filesystem::file_size(dir_ / "spine.db-wal") + 20'000);
    Result<Sequence> last = Sequence{0};
    for (int i = 0; i < 1'000 && last; ++i) {
      last = spine_->append_and_wait(counting(point_, stored, 5'000).view());
      stored += last ? 5'000 : 0;
    }
    ASSERT_FALSE(last);
    EXPECT_EQ(last.error().code, Code::unavailable) << last.error().message;
    EXPECT_EQ(spine_->append(counting(point_, 0, 1).view()).error().code, Code::unavailable);
    EXPECT_EQ(spine_->end(), static_cast<Sequence>(stored) + 1);
    EXPECT_EQ(spine_->stats().lost, 5'000u);
  }
  const auto deadline = steady_clock::now() + patience;
  auto last = spine_->append_and_wait(counting(point_, stored, 1).view());
  while (!last && steady_clock::now() < deadline) {
    std::this_thread::yield();
    last = spine_->append_and_wait(counting(point_, stored, 1).view());
  }
  ASSERT_TRUE(last) << last.error().message;
  EXPECT_EQ(*last, static_cast<Sequence>(++stored));
  EXPECT_EQ(values(), numbers(0, stored));
  start();
  EXPECT_EQ(values(), numbers(0, stored));
}

// So much that SQLite writes before the commit, where another statement fails.
TEST_F(SpineTest, AFullDiskAmidATransactionIsForgottenAfterwards) {
  start();
  put(0, 1);
  model::Batch big;
  std::mt19937 random(1);
  for (int i = 0; i < 16; ++i) {
    std::string noise(500'000, '\0');
    for (char& c : noise) c = static_cast<char>(random());
    model::append(big, point_, {i, model::Bytes{noise}, MYRIAD_GOOD});
  }
  {
    const SmallDisk full(100'000);
    const auto last = spine_->append_and_wait(big.view());
    ASSERT_FALSE(last);
    EXPECT_EQ(last.error().code, Code::unavailable) << last.error().message;
  }
  const auto deadline = steady_clock::now() + patience;
  auto last = spine_->append_and_wait(big.view());
  while (!last && steady_clock::now() < deadline) last = spine_->append_and_wait(big.view());
  ASSERT_TRUE(last) << last.error().message;
  EXPECT_EQ(*last, 17u);
  EXPECT_EQ(spine_->stats().lost, 16u);
}

TEST_F(SpineTest, ManyPublishersLoseNothing) {
  start();
  std::vector<std::thread> publishers;
  for (int p = 0; p < 4; ++p)
    publishers.emplace_back([this, p] {
      const auto point = *points_->intern("machine/count" + std::to_string(p));
      for (std::int64_t i = 0; i < 20'000; i += 50) ASSERT_TRUE(spine_->append(counting(point, i, 50).view()));
    });
  for (auto& publisher : publishers) publisher.join();
  ASSERT_TRUE(spine_->wait(80'000, steady_clock::now() + patience));
  start();
  std::map<std::uint32_t, std::int64_t> next;
  for (Sequence from = 1; from < spine_->end();) {
    const auto block = *spine_->read(from);
    for (; from < block->end(); ++from) {
      const auto& r = block->batch.readings[from - block->first];
      EXPECT_EQ(r.value.i64, next[r.point]++);
    }
  }
  EXPECT_EQ(next.size(), 4u);
  for (const auto& [point, count] : next) EXPECT_EQ(count, 20'000);
}

}  // namespace
}  // namespace myriad::spine
