#include "historian/historian.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <future>
#include <map>
#include <random>

#include "historian/test_historian.h"

namespace myriad::historian {
namespace {

using ::testing::HasSubstr;

TEST_F(HistorianTest, AnswersFromOpenAndClosedChunks) {
  options_.chunk_readings = 10;
  start();
  put("a/b", counting(0, 25));
  EXPECT_EQ(text("a/b", {8, 12}), "8=8 9=9 10=10 11=11 ");
  EXPECT_EQ(text("a/b", {18, 30}), "18=18 19=19 20=20 21=21 22=22 23=23 24=24 ");
  EXPECT_EQ(text("a/b", {}, 3), "0=0 1=1 2=2 ");
  EXPECT_EQ(text("a/b", {}, 0), "");
  EXPECT_EQ(text("a/b", {30, 40}), "");
  EXPECT_EQ(text("a/unknown"), "");
  EXPECT_EQ(historian_->stats().readings, 25u);
  EXPECT_EQ(historian_->stats().open_readings, 5u);
}

TEST_F(HistorianTest, SurvivesRestartsAtAnyPlaceOnce) {
  options_.chunk_readings = 10;
  start();
  std::string all;
  for (int i = 0; i < 7; ++i) {
    put("a/b", counting(i * 13, i * 13 + 13));
    for (int v = i * 13; v < i * 13 + 13; ++v) all += std::to_string(v) + "=" + std::to_string(v) + " ";
    start();
    EXPECT_EQ(text("a/b"), all) << i;
    EXPECT_EQ(historian_->stats().readings, static_cast<std::uint64_t>(i + 1) * 13);
  }
}

TEST_F(HistorianTest, LateAndRepeatedReadingsLandByTimeLastWriteWins) {
  options_.chunk_readings = 4;
  start();
  put("a/b", counting(100, 112));        // three chunks
  put("a/b", counting(50, 53));          // late
  put("a/b", counting(104, 107, 1000));  // again, other values
  put("a/b", {{104, std::int64_t{7}, MYRIAD_GOOD}, {104, std::int64_t{8}, MYRIAD_GOOD}});
  const std::string want =
      "50=50 51=51 52=52 100=100 101=101 102=102 103=103 104=8 105=1105 106=1106 107=107 108=108 109=109 110=110 "
      "111=111 ";
  EXPECT_EQ(text("a/b"), want);
  EXPECT_EQ(text("a/b", {104, 106}), "104=8 105=1105 ");
  EXPECT_EQ(text("a/b", {}, 5), "50=50 51=51 52=52 100=100 101=101 ");
  start();
  EXPECT_EQ(text("a/b"), want);
}

TEST_F(HistorianTest, RandomOrderEqualsAMap) {
  options_.chunk_readings = 16;
  start();
  std::mt19937 random(3);
  std::map<Nanos, std::int64_t> want;
  for (int round = 0; round < 30; ++round) {
    std::vector<model::Sample> samples;
    for (int i = 0; i < 40; ++i) {
      const Nanos time = static_cast<Nanos>(random() % 500);
      samples.push_back({time, std::int64_t{round * 100 + i}, MYRIAD_GOOD});
      want[time] = round * 100 + i;
    }
    put("a/b", samples);
    if (round % 10 == 9) start();
    const Nanos from = static_cast<Nanos>(random() % 500), to = from + static_cast<Nanos>(random() % 100);
    const std::size_t limit = 1 + random() % 60;
    std::string expected;
    std::size_t left = limit;
    for (auto it = want.lower_bound(from); it != want.end() && it->first < to && left > 0; ++it, --left)
      expected += std::to_string(it->first) + "=" + std::to_string(it->second) + " ";
    EXPECT_EQ(text("a/b", {from, to}, limit), expected) << round;
  }
}

TEST_F(HistorianTest, KeepsEveryTypeAndQuality) {
  options_.chunk_readings = 5;
  const model::Value all[] = {true,
                              std::int64_t{INT64_MIN},
                              std::uint64_t{UINT64_MAX},
                              0.1 + 0.2,
                              std::string("温度"),
                              model::Bytes{std::string("\0\xff", 2)},
                              model::JsonText{R"({"a":1})"}};
  std::vector<model::Sample> samples;
  for (std::uint16_t quality = MYRIAD_GOOD; quality <= MYRIAD_STALE; ++quality)
    for (const auto& value : all) samples.push_back({static_cast<Nanos>(samples.size()), value, quality});
  start();
  put("a/b", samples);
  for (int restart = 0; restart < 2; ++restart, start()) {
    const auto got = query("a/b");
    ASSERT_EQ(got.size(), samples.size());
    for (std::size_t i = 0; i < got.size(); ++i) {
      EXPECT_EQ(got[i].value, samples[i].value) << i;
      EXPECT_EQ(got[i].quality, samples[i].quality) << i;
    }
  }
}

TEST_F(HistorianTest, LatestOfEveryPointSurvivesRestart) {
  options_.chunk_readings = 4;
  start();
  put("a/number", counting(0, 6));
  put("a/number", counting(2, 4, 100));  // late: not the latest
  put("a/text", {{9, std::string("on"), MYRIAD_STALE}});
  put("a/big", {{9, std::uint64_t{UINT64_MAX}, MYRIAD_GOOD}});
  for (int restart = 0; restart < 2; ++restart, start()) {
    std::map<std::string, model::Sample> latest;
    ASSERT_TRUE(historian_->for_each_latest(
        [&](std::string_view point, const model::Sample& s) { latest[std::string(point)] = s; }));
    ASSERT_EQ(latest.size(), 3u);
    EXPECT_EQ(latest["a/number"].value, model::Value(std::int64_t{5}));
    EXPECT_EQ(latest["a/text"].value, model::Value(std::string("on")));
    EXPECT_EQ(latest["a/text"].quality, MYRIAD_STALE);
    EXPECT_EQ(latest["a/big"].value, model::Value(std::uint64_t{UINT64_MAX}));
  }
}

TEST_F(HistorianTest, SlowPointsAreStoredInPartsOfOneChunk) {
  options_.store_after = 0s;
  start();
  for (int i = 0; i < 3; ++i) {
    put("a/slow", counting(i, i + 1));
    const auto deadline = steady_clock::now() + patience;
    SQLite::Database db(dir_ / "history.db");
    while (steady_clock::now() < deadline && db.execAndGet("SELECT coalesce(max(count), 0) FROM chunk").getInt() <= i)
      std::this_thread::yield();
    EXPECT_EQ(db.execAndGet("SELECT count(*) FROM chunk").getInt(), 1);
  }
  EXPECT_EQ(text("a/slow"), "0=0 1=1 2=2 ");
  start();
  EXPECT_EQ(text("a/slow"), "0=0 1=1 2=2 ");
}

TEST_F(HistorianTest, BoundsTheMemoryOfOpenChunks) {
  options_.open_bytes = 10'000;
  start();
  for (int point = 0; point < 50; ++point) put("a/p" + std::to_string(point), counting(0, 100));
  EXPECT_LE(historian_->stats().open_readings, 10'000u / 16 + 100);
  for (int point = 0; point < 50; ++point) EXPECT_EQ(query("a/p" + std::to_string(point)).size(), 100u);
}

TEST_F(HistorianTest, SaysExactlyWhatTheSpineNoLongerHad) {
  spine::Options small;
  small.retain_bytes = 1'000;
  small.recent_bytes = 0;
  start(small);
  put("a/b", counting(0, 100));
  historian_.reset();
  model::Batch batch;
  for (Nanos i = 100; i < 400'000; ++i)
    model::append(batch, *points_->intern("a/b"), {i, std::int64_t{i}, MYRIAD_GOOD});
  for (int i = 0; i < 40; ++i) {
    const model::BatchView view = batch.view();
    ASSERT_TRUE(spine_->append_and_wait({view.readings.subspan(static_cast<std::size_t>(i) * 9'000, 9'000), {}}));
  }
  const auto begin = spine_->begin();
  ASSERT_GT(begin, 101u);
  start_historian();
  ASSERT_TRUE(historian_->wait(spine_->end(), steady_clock::now() + patience));
  EXPECT_THAT(log_text(), HasSubstr("lost " + std::to_string(begin - 101) + " readings, 101 to"));
  EXPECT_EQ(query("a/b").size(), 100 + spine_->end() - begin);
}

TEST_F(HistorianTest, GoesOnWithASpineThatWasBegunAnew) {
  start();
  put("a/b", counting(0, 10));
  stop();
  for (const auto* name : {"spine.db", "spine.db-wal", "spine.db-shm"}) std::filesystem::remove(dir_ / name);
  start();
  put("a/b", counting(10, 12));
  EXPECT_EQ(query("a/b").size(), 12u);
  EXPECT_THAT(log_text(), HasSubstr("before 11 where history went on"));
}

// A page of the file, by what it is for.
std::int64_t leaf_of(const std::filesystem::path& file, const std::string& table, int which) {
  SQLite::Database db(file);
  return db
      .execAndGet("SELECT pageno FROM dbstat WHERE name = '" + table + "' AND pagetype = 'leaf' LIMIT 1 OFFSET " +
                  std::to_string(which))
      .getInt64();
}

TEST_F(HistorianTest, ReadsAroundDamagedPages) {
  options_.chunk_readings = 500;
  options_.upkeep = false;
  start();
  std::mt19937_64 random(4);
  std::vector<model::Sample> samples;
  for (Nanos t = 0; t < 50'000; ++t) samples.push_back({t, static_cast<std::int64_t>(random()), MYRIAD_GOOD});
  put("a/b", samples);
  put("a/other", counting(0, 1'000));
  settle_file();
  const auto file = dir_ / "history.db";
  const std::int64_t page = leaf_of(file, "chunk", 5);
  ASSERT_GT(page, 1);
  {
    std::fstream bytes(file, std::ios::in | std::ios::out | std::ios::binary);
    bytes.seekp((page - 1) * 16'384);
    bytes << "this is no page of a table";
  }
  const auto got = query("a/b");
  EXPECT_LT(got.size(), 50'000u);
  EXPECT_GT(got.size(), 40'000u);
  EXPECT_GT(historian_->stats().damaged_chunks, 0u);
  EXPECT_THAT(log_text(), HasSubstr("missing from answers"));
  EXPECT_EQ(query("a/other").size(), 1'000u);
}

TEST_F(HistorianTest, MendsADamagedFileAtTheNextStart) {
  options_.chunk_readings = 500;
  options_.upkeep = false;
  for (const char* table : {"series", "progress", "sqlite_schema", "chunk_by_time"}) {
    SCOPED_TRACE(table);
    for (const auto& each : std::filesystem::directory_iterator(dir_.path())) std::filesystem::remove(each.path());
    start();
    put("a/b", counting(0, 20'000));
    put("a/c", counting(0, 20'000));
    stop();
    const auto file = dir_ / "history.db";
    const std::int64_t page = table == std::string("sqlite_schema") ? 1 : leaf_of(file, table, 0);
    {
      std::fstream bytes(file, std::ios::in | std::ios::out | std::ios::binary);
      bytes.seekp((page - 1) * 16'384 + (page == 1 ? 100 : 0));
      bytes << "this is no page of a table";
    }
    for (int restart = 0; restart < 2; ++restart) {  // an index is found damaged by use, and mended by the next start
      start();
      (void)historian_->query("a/b", {}, SIZE_MAX);
    }
    // From the file, or from the spine again.
    ASSERT_TRUE(historian_->wait(spine_->end(), steady_clock::now() + patience));
    EXPECT_EQ(query("a/b").size(), 20'000u);
    put("a/b", counting(20'000, 20'010));
    put("a/new", counting(0, 10));
    EXPECT_EQ(query("a/b").size(), 20'010u);
    EXPECT_EQ(query("a/c").size(), 20'000u);
    EXPECT_EQ(query("a/new").size(), 10u);
    EXPECT_THAT(log_text(), HasSubstr("damaged-"));
  }
}

TEST_F(HistorianTest, QueriesWhileIngesting) {
  options_.chunk_readings = 64;
  start();
  const auto point = *points_->intern("a/b");
  auto publisher = std::async(std::launch::async, [&] {
    for (Nanos i = 0; i < 50'000; i += 50) {
      model::Batch batch;
      for (Nanos k = i; k < i + 50; ++k) model::append(batch, point, {k, std::int64_t{k}, MYRIAD_GOOD});
      ASSERT_TRUE(spine_->append(batch.view()));
    }
  });
  std::size_t before = 0;
  const auto deadline = steady_clock::now() + patience;
  while (before < 50'000 && steady_clock::now() < deadline) {
    const auto samples = query("a/b");
    ASSERT_GE(samples.size(), before);
    for (std::size_t i = 0; i < samples.size(); ++i) ASSERT_EQ(samples[i].time, static_cast<Nanos>(i));
    before = samples.size();
  }
  publisher.get();
  EXPECT_EQ(before, 50'000u);
}

}  // namespace
}  // namespace myriad::historian
