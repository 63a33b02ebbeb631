// Whatever is late, written again, joined, rolled up, removed or restarted: history answers like a plain map does.
#include "historian/upkeep.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <gmock/gmock.h>

#include <cmath>
#include <map>
#include <random>

#include "historian/aggregate.h"
#include "historian/test_historian.h"

namespace myriad::historian {
namespace {

constexpr Nanos second = 1'000'000'000, minute = 60 * second, hour = 60 * minute, day = 24 * hour;
constexpr Nanos start_time = 20'000 * day;

using Map = std::map<Nanos, double>;

class UpkeepTest : public HistorianTest {
 protected:
  void put(const std::string& point, const Map& readings, Map& all) {
    std::vector<model::Sample> samples;
    for (const auto& [time, value] : readings) {
      samples.push_back({time, value, MYRIAD_GOOD});
      all[time] = value;
    }
    HistorianTest::put(point, samples);
  }
  static Map walk(Nanos from, Nanos step, int count, double value = 20) {
    Map out;
    for (int i = 0; i < count; ++i) out[from + i * step] = value + static_cast<double>((i * 7919) % 100) / 100;
    return out;
  }
  void expect_readings(const std::string& point, const Map& all) {
    const auto got = query(point);
    ASSERT_EQ(got.size(), all.size());
    std::size_t i = 0;
    for (const auto& [time, value] : all) {
      ASSERT_EQ(got[i].time, time);
      ASSERT_EQ(std::get<double>(got[i].value), value) << time;
      ++i;
    }
  }
  void expect_aggregates(const std::string& point, const Map& all, const char* step, Range range = {0, 40'000 * day}) {
    for (const auto which : {Aggregate::min, Aggregate::max, Aggregate::mean, Aggregate::sum, Aggregate::count,
                             Aggregate::first, Aggregate::last, Aggregate::stddev, Aggregate::median, Aggregate::delta,
                             Aggregate::rate, Aggregate::time_weighted_mean}) {
      const AggregateQuery asked{range, *Steps::parse(step, ""), which, Fill::none};
      Aggregator plain(asked, SIZE_MAX);
      if (auto before = all.lower_bound(range.from); plain.wants_reading_before() && before != all.begin())
        --before, plain.before(before->first, before->second);
      for (auto it = all.lower_bound(range.from); it != all.end() && it->first < range.to; ++it)
        plain.add(it->first, MYRIAD_F64, MYRIAD_GOOD, std::bit_cast<std::uint64_t>(it->second));
      const auto want = plain.take();
      const auto got = historian_->aggregate(point, asked, SIZE_MAX);
      ASSERT_TRUE(got) << got.error().message;
      expect_rows(*got, want, std::string(aggregate_name(which)) + " by " + step);
    }
  }
  static double number(const model::Value& value) {
    const auto* whole = std::get_if<std::int64_t>(&value);
    return whole ? static_cast<double>(*whole) : std::get<double>(value);
  }
  static void expect_rows(const std::vector<Row>& got, const std::vector<Row>& want, const std::string& what) {
    ASSERT_EQ(got.size(), want.size()) << what;
    for (std::size_t i = 0; i < got.size(); ++i) {
      ASSERT_EQ(got[i].time, want[i].time) << what << " row " << i;
      const double a = number(got[i].value), b = number(want[i].value);
      ASSERT_NEAR(a, b, 1e-6 * std::max(1.0, std::abs(b))) << what << " row " << i;
    }
  }
  void expect_all(const std::string& point, const Map& all) {
    expect_readings(point, all);
    for (const char* step : {"1m", "15m", "1h", "1d"}) expect_aggregates(point, all, step);
  }
  std::int64_t count(const std::string& what) {
    SQLite::Database db(dir_ / "history.db", SQLite::OPEN_READONLY, 5'000);
    return db.execAndGet("SELECT count(*) FROM " + what).getInt64();
  }
  void settle() {
    const auto done = historian_->settle();
    ASSERT_TRUE(done) << done.error().message;
  }
};

TEST_F(UpkeepTest, SettlesIntoFewTidyChunksAndRollups) {
  options_.chunk_readings = 100;
  options_.upkeep = false;
  start();
  Map all;
  for (int restart = 0; restart < 20; ++restart, start())
    put("a/b", walk(start_time + restart * 40 * 10 * second, 10 * second, 40), all);
  expect_all("a/b", all);
  EXPECT_EQ(count("chunk"), 20);
  settle();
  EXPECT_EQ(count("chunk"), 8);
  EXPECT_EQ(count("chunk WHERE tidy = 0"), 0);
  EXPECT_GT(count("rollup WHERE level = 2 AND payload IS NOT NULL"), 0);
  EXPECT_EQ(historian_->stats().untidy_readings, 0u);
  expect_all("a/b", all);
  start();
  expect_all("a/b", all);
}

TEST_F(UpkeepTest, KeepsRollupsCurrentBesideIngest) {
  options_.chunk_readings = 128;
  start();
  Map all;
  for (int i = 0; i < 40; ++i) put("a/b", walk(start_time + i * 1'000 * second, second, 1'000, i), all);
  const auto deadline = steady_clock::now() + patience;
  while (count("rollup WHERE level = 1 AND payload IS NOT NULL") == 0 && steady_clock::now() < deadline)
    std::this_thread::sleep_for(5ms);
  EXPECT_GT(count("rollup WHERE level = 1 AND payload IS NOT NULL"), 0);
  expect_all("a/b", all);
}

TEST_F(UpkeepTest, CorrectsRollupsByLateData) {
  options_.chunk_readings = 200;
  options_.upkeep = false;
  start();
  Map all;
  put("a/b", walk(start_time, second, 3 * 3'600), all);
  settle();
  const auto rollups = count("rollup WHERE payload IS NOT NULL");
  EXPECT_GT(rollups, 0);
  put("a/b", walk(start_time + hour + 5, 7 * second, 30, 100), all);  // new times
  put("a/b", walk(start_time + 2 * hour, second, 90, 200), all);      // the same times
  put("a/b", walk(start_time - 5 * day, second, 4'000, 50), all);     // before everything
  expect_all("a/b", all);                                             // in memory, rollups overtaken
  start();
  EXPECT_GT(count("stale"), 0);
  expect_all("a/b", all);  // on disk, not yet corrected
  settle();
  EXPECT_EQ(count("stale"), 0);
  EXPECT_GT(count("rollup WHERE level = 1 AND payload IS NOT NULL AND from_ns < " + std::to_string(start_time)), 0);
  expect_all("a/b", all);
  // What was written over with other values is on record, and only that.
  const auto revisions = historian_->revisions("a/b", 100);
  ASSERT_TRUE(revisions);
  std::uint64_t revised = 0;
  for (const auto& each : *revisions) revised += each.readings;
  EXPECT_EQ(revised, 90u);
  EXPECT_EQ(revisions->front().from, start_time + 2 * hour);
  EXPECT_EQ(revisions->front().to, start_time + 2 * hour + 89 * second);
}

TEST_F(UpkeepTest, SparsePointsKeepNoRollupsThatCostMoreThanTheyTell) {
  options_.chunk_readings = 100;
  options_.upkeep = false;
  start();
  Map all;
  put("a/b", walk(start_time, 10 * minute, 2'000), all);
  settle();
  EXPECT_EQ(count("rollup WHERE level < 3 AND payload IS NOT NULL"), 0);
  EXPECT_GT(count("rollup WHERE level = 3 AND payload IS NOT NULL"), 0);
  expect_all("a/b", all);
}

TEST_F(UpkeepTest, RandomLifeEqualsAMap) {
  std::mt19937_64 random(17);
  const auto upto = [&](std::uint64_t most) { return static_cast<Nanos>(random() % most); };
  options_.chunk_readings = 64;
  options_.store_after = 0s;
  for (const bool upkeep : {true, false}) {
    options_.upkeep = upkeep;
    start();
    const std::string point = upkeep ? "a/kept" : "a/left";
    Map all;
    Nanos now = start_time;
    for (int round = 0; round < 60; ++round) {
      const Nanos step = std::array{second, 10 * second, minute, 10 * minute}[static_cast<std::size_t>(upto(4))];
      if (random() % 3 != 0) {
        const int readings = 1 + static_cast<int>(upto(300));
        put(point, walk(now, step, readings, static_cast<double>(round)), all);
        now += readings * step + upto(2) * upto(3 * hour);
      } else {
        const Nanos from = start_time - day + upto(static_cast<std::uint64_t>(now - start_time + day));
        put(point, walk(from, 1 + upto(30 * second), 1 + static_cast<int>(upto(100)), -round), all);
      }
      if (random() % 12 == 0) start();
      if (random() % 10 == 0) settle();
      if (random() % 10 == 0) {
        const Nanos from = start_time + upto(static_cast<std::uint64_t>(now - start_time + 1)),
                    to = from + upto(5 * hour);
        const auto removed = historian_->remove(point, {from, to});
        ASSERT_TRUE(removed) << removed.error().message;
        all.erase(all.lower_bound(from), all.lower_bound(to));
      }
      if (round % 6 != 5) continue;
      expect_readings(point, all);
      const Nanos from = start_time - day + upto(static_cast<std::uint64_t>(now - start_time + day));
      expect_aggregates(point, all, "1m", {from, from + upto(2 * day)});
      expect_aggregates(point, all, "1h", {from, from + upto(5 * day)});
      expect_aggregates(point, all, "1d");
      if (HasFatalFailure()) FAIL() << "round " << round;
    }
  }
}

TEST_F(UpkeepTest, RemovesAPointWhole) {
  options_.chunk_readings = 100;
  options_.upkeep = false;
  start();
  Map all;
  put("a/b", walk(start_time, second, 10'000), all);
  settle();
  put("a/b", walk(start_time + 10'000 * second, second, 50), all);
  const auto removed = historian_->remove("a/b", {});
  ASSERT_TRUE(removed) << removed.error().message;
  EXPECT_EQ(*removed, 10'050u);
  EXPECT_EQ(count("chunk"), 0);
  EXPECT_EQ(count("rollup"), 0);
  EXPECT_TRUE(query("a/b").empty());
  start();
  EXPECT_TRUE(query("a/b").empty());
  std::size_t latest = 0;
  ASSERT_TRUE(historian_->for_each_latest([&](auto, auto&) { ++latest; }));
  EXPECT_EQ(latest, 0u);
  Map again;
  put("a/b", walk(start_time, second, 10), again);
  expect_readings("a/b", again);
  EXPECT_EQ(*historian_->remove("a/never", {}), 0u);
}

TEST_F(UpkeepTest, RetentionKeepsRollupsLongerThanReadings) {
  options_.chunk_readings = 100;
  ManualClock clock(start_time + 20 * day);
  Map all;
  options_.upkeep = true;
  start();
  put("a/b", walk(start_time, second, 2 * 86'400), all);
  put("a/slow", walk(start_time, 10 * minute, 1'000), all);
  all.clear();
  settle();
  historian_.reset();
  auto opened = Historian::open(options_, *spine_, *points_, clock, log_);
  ASSERT_TRUE(opened);
  historian_ = std::move(*opened);
  const auto hours_before = historian_->aggregate("a/b", {{}, *Steps::parse("1h", ""), Aggregate::mean}, 1'000);
  ASSERT_TRUE(hours_before);
  ASSERT_EQ(hours_before->size(), 48u);
  const std::vector<RetentionRule> rules{{"a/*", 24h * 10, 24h * 30, 0h, 0h}};
  ASSERT_TRUE(historian_->set_retention(rules));
  const auto deadline = steady_clock::now() + patience;
  while (count("chunk WHERE series = 1") > 0 && steady_clock::now() < deadline) std::this_thread::sleep_for(5ms);
  EXPECT_EQ(count("chunk WHERE series = 1"), 0);
  EXPECT_TRUE(query("a/b").empty());
  for (int restart = 0; restart < 2; ++restart) {
    const auto hours = historian_->aggregate("a/b", {{}, *Steps::parse("1h", ""), Aggregate::mean}, 1'000);
    ASSERT_TRUE(hours);
    expect_rows(*hours, *hours_before, "hours");
    const auto days = historian_->aggregate("a/b", {{}, *Steps::parse("1d", ""), Aggregate::count}, 1'000);
    ASSERT_TRUE(days);
    EXPECT_EQ(days->size(), 2u);
    // Too slow for hours and minutes: its readings stand in for them.
    EXPECT_EQ(query("a/slow").size(), 1'000u);
    historian_.reset();
    opened = Historian::open(options_, *spine_, *points_, clock, log_);
    ASSERT_TRUE(opened);
    historian_ = std::move(*opened);
    EXPECT_EQ(historian_->retention().size(), 1u);
  }
  // Too late to be kept.
  Map late;
  HistorianTest::put("a/b", {{start_time + 3, 1.0, MYRIAD_GOOD}});
  settle();
  EXPECT_TRUE(query("a/b").empty());
  EXPECT_EQ(historian_->stats().expired, 1u);
}

TEST_F(UpkeepTest, LongTextsStayInChunksOfTheirOwnSize) {
  options_.upkeep = false;
  std::mt19937 random(2);
  std::vector<model::Sample> samples;
  for (Nanos i = 0; i < 40; ++i) {
    std::string text(100'000, ' ');
    for (char& c : text) c = static_cast<char>('a' + random() % 26);
    samples.push_back({start_time + i, text, MYRIAD_GOOD});
  }
  start();
  for (std::size_t i = 0; i < samples.size(); ++i) {
    HistorianTest::put("a/b", {samples[i]});
    if (i % 2 == 1) start();  // small chunks
  }
  settle();
  EXPECT_GE(count("chunk"), 8);
  EXPECT_EQ(count("chunk WHERE length(payload) > 600000"), 0);
  const auto got = query("a/b");
  ASSERT_EQ(got.size(), samples.size());
  for (std::size_t i = 0; i < got.size(); ++i) EXPECT_EQ(got[i].value, samples[i].value) << i;
}

TEST_F(UpkeepTest, LateReadingsCorrectHoursWhoseMinutesHaveExpired) {
  options_.chunk_readings = 100;
  ManualClock clock(start_time + 20 * day);
  const auto open = [&] {
    historian_.reset();
    auto opened = Historian::open(options_, *spine_, *points_, clock, log_);
    ASSERT_TRUE(opened);
    historian_ = std::move(*opened);
  };
  start();
  Map all;
  put("a/b", walk(start_time, second, 2 * 86'400), all);
  settle();
  open();
  ASSERT_TRUE(historian_->set_retention({{"a/*", 0h, 24h, 0h, 0h}}));
  const auto deadline = steady_clock::now() + patience;
  while (count("rollup WHERE level = 1") > 0 && steady_clock::now() < deadline) std::this_thread::sleep_for(5ms);
  EXPECT_EQ(count("rollup WHERE level = 1"), 0);
  EXPECT_GT(count("rollup WHERE level = 2"), 0);
  options_.upkeep = false;
  open();
  put("a/b", walk(start_time + 5 * hour, second, 600, 1'000), all);
  expect_aggregates("a/b", all, "1h");
  settle();
  expect_aggregates("a/b", all, "1h");
}

TEST_F(UpkeepTest, RefusesRulesThatMakeNoSense) {
  start();
  const auto refused = historian_->set_retention({{"", 0h, 0h, 0h, 0h}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().field, "/rules/0/points");
  EXPECT_EQ(historian_->set_retention({{"*", 0h, -1h, 0h, 0h}}).error().field, "/rules/0/minutes");
}

TEST_F(UpkeepTest, EstimateIsNearWhatIsStored) {
  options_.chunk_readings = 1'000;
  options_.upkeep = false;
  start();
  ManualClock clock(start_time + 7 * day);
  historian_.reset();
  auto opened = Historian::open(options_, *spine_, *points_, clock, log_);
  ASSERT_TRUE(opened);
  historian_ = std::move(*opened);
  std::mt19937 random(1);
  double level = 0;
  const auto put_days = [&](int from, int to) {
    for (int at = from; at < to; ++at) {
      std::vector<model::Sample> samples;
      for (Nanos s = 0; s < 86'400; ++s) {
        level = std::round(100 * level + static_cast<double>(random() % 21) - 10) / 100;
        samples.push_back({start_time + at * day + s * second, level, MYRIAD_GOOD});
      }
      HistorianTest::put("a/b", samples);
    }
    settle();
    return static_cast<double>(historian_->stats().disk_bytes);
  };
  const double before = put_days(0, 1), stored = (put_days(1, 7) - before) / 6;
  const auto estimate = historian_->estimate({"a/*", "b/*"});
  ASSERT_EQ(estimate.size(), 2u);
  EXPECT_EQ(estimate[0].count, 1u);
  EXPECT_NEAR(estimate[0].readings_per_day, 86'400, 100);
  EXPECT_NEAR(estimate[0].bytes_per_day, stored, 0.3 * stored);
  EXPECT_FALSE(estimate[0].kept_bytes);
  EXPECT_EQ(estimate[1].count, 0u);
  ASSERT_TRUE(historian_->set_retention({{"a/*", 24h * 30, 0h, 0h, 0h}}));
  const auto by_rule = historian_->estimate({});
  ASSERT_EQ(by_rule.size(), 2u);
  EXPECT_NEAR(*by_rule[0].kept_bytes, 30 * by_rule[0].bytes_per_day, 1);
}

}  // namespace
}  // namespace myriad::historian
