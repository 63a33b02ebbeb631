#include "historian/aggregate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <random>

namespace myriad::historian {
namespace {

using ::testing::HasSubstr;

constexpr Nanos second = 1'000'000'000, minute = 60 * second;
constexpr std::size_t no_limit = 100'000;

constexpr Aggregate all_aggregates[] = {Aggregate::min,   Aggregate::max,    Aggregate::mean,
                                        Aggregate::sum,   Aggregate::count,  Aggregate::first,
                                        Aggregate::last,  Aggregate::stddev, Aggregate::median,
                                        Aggregate::delta, Aggregate::rate,   Aggregate::time_weighted_mean};
constexpr Fill all_fills[] = {Fill::none, Fill::previous, Fill::linear};

AggregateQuery query_of(Aggregate aggregate, Range range, Fill fill = Fill::none, std::string_view step = "1m") {
  return {range, *Steps::parse(step, ""), aggregate, fill};
}

struct Reading {
  Nanos time;
  double number;
};

void add(Aggregator& to, const Reading& r, std::uint16_t quality = MYRIAD_GOOD) {
  to.add(r.time, MYRIAD_F64, quality, std::bit_cast<std::uint64_t>(r.number));
}

std::string text_of(const model::Value& value) {
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return std::to_string(*whole);
  if (const auto* text = std::get_if<std::string>(&value)) return "'" + *text + "'";
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.6g", std::get<double>(value));
  return text.data();
}

// "minute=value" of each row, "~" before what was filled.
std::string text_of(const std::vector<Row>& rows) {
  std::string out;
  for (const auto& row : rows)
    out += std::to_string(row.time / minute) + (row.filled ? "~" : "=") + text_of(row.value) + " ";
  return out;
}

// What a historian does: the number before the range first, when it is asked for.
std::vector<Row> run(const AggregateQuery& query, const std::vector<Reading>& readings, std::size_t limit = no_limit) {
  Aggregator aggregator(query, limit);
  const Reading* before = nullptr;
  for (const auto& r : readings)
    if (r.time < query.range.from) before = &r;
  if (before != nullptr && aggregator.wants_reading_before()) aggregator.before(before->time, before->number);
  for (const auto& r : readings)
    if (r.time >= query.range.from && r.time < query.range.to) add(aggregator, r);
  return aggregator.take();
}

// ---- Names

TEST(Aggregate, HasNames) {
  for (const auto aggregate : all_aggregates) EXPECT_EQ(*parse_aggregate(aggregate_name(aggregate)), aggregate);
  const auto wrong = parse_aggregate("average");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().field, "aggregate");
  EXPECT_THAT(wrong.error().message, HasSubstr("'average': use min, max, mean"));
  EXPECT_EQ(*parse_fill("linear"), Fill::linear);
  EXPECT_THAT(parse_fill("zero").error().message, HasSubstr("fill 'zero': use none, previous or linear"));
}

// ---- What each says

TEST(Aggregate, AnswersByStep) {
  // Minute 1: 10 5 9; minute 2: 7; minute 4: 1 2.
  const std::vector<Reading> readings = {{50 * second, 4},  {60 * second, 10}, {80 * second, 5},  {90 * second, 9},
                                         {150 * second, 7}, {240 * second, 1}, {270 * second, 2}, {350 * second, 99}};
  struct Case {
    Aggregate aggregate;
    const char* rows;
  };
  const Case cases[] = {
      {Aggregate::min, "1=5 2=7 4=1 "},
      {Aggregate::max, "1=10 2=7 4=2 "},
      {Aggregate::mean, "1=8 2=7 4=1.5 "},
      {Aggregate::sum, "1=24 2=7 4=3 "},
      {Aggregate::count, "1=3 2=1 4=2 "},
      {Aggregate::first, "1=10 2=7 4=1 "},
      {Aggregate::last, "1=9 2=7 4=2 "},
      {Aggregate::stddev, "1=2.16025 2=0 4=0.5 "},  // of all readings, not of a sample
      {Aggregate::median, "1=9 2=7 4=1.5 "},
      {Aggregate::delta, "1=5 2=-2 4=-5 "},
      {Aggregate::rate, "1=0.125 2=-0.0333333 4=-0.0416667 "},
      // (20·10 + 10·5 + 30·9) / 60, (30·9 + 30·7) / 60, (30·1 + 30·2) / 60
      {Aggregate::time_weighted_mean, "1=8.66667 2=8 4=1.5 "},
  };
  for (const auto& c : cases)
    EXPECT_EQ(text_of(run(query_of(c.aggregate, {minute, 5 * minute}), readings)), c.rows)
        << aggregate_name(c.aggregate);
}

TEST(Aggregate, OfAPointThatBegins) {
  const std::vector<Reading> one = {{70 * second, 3}}, two = {{70 * second, 3}, {80 * second, 8}};
  const Range range{0, 3 * minute};
  EXPECT_EQ(text_of(run(query_of(Aggregate::delta, range), one)), "");
  EXPECT_EQ(text_of(run(query_of(Aggregate::rate, range), one)), "");
  EXPECT_EQ(text_of(run(query_of(Aggregate::time_weighted_mean, range), one)), "1=3 ");
  EXPECT_EQ(text_of(run(query_of(Aggregate::delta, range), two)), "1=5 ");
  EXPECT_EQ(text_of(run(query_of(Aggregate::rate, range), two)), "1=0.5 ");
  EXPECT_EQ(text_of(run(query_of(Aggregate::time_weighted_mean, range), two)), "1=7 ");  // 10 s of 3, 40 s of 8
}

TEST(Aggregate, TheLastNumberIsHeldNoLongerThanIsKnown) {
  const std::vector<Reading> readings = {{0, 0}, {30 * second, 10}};
  auto query = query_of(Aggregate::time_weighted_mean, {0, 10 * minute}, Fill::previous);
  query.present = 40 * second;
  EXPECT_EQ(text_of(run(query, readings)), "0=2.5 ");  // 30 s of 0, 10 s of 10
  query.present = 10 * second;                         // a reading from the future
  EXPECT_EQ(text_of(run(query, readings)), "0=0 ");
  query = query_of(Aggregate::time_weighted_mean, {0, 50 * second});
  EXPECT_EQ(text_of(run(query, readings)), "0=4 ");
  query = query_of(Aggregate::time_weighted_mean, {20 * second, 50 * second});
  EXPECT_NEAR(std::get<double>(run(query, readings).front().value), 20.0 / 3, 1e-9) << "cut at its begin too";
}

TEST(Aggregate, OneRowOverTheWholeRange) {
  const std::vector<Reading> readings = {{10, 1}, {20, 2}, {5 * minute, 6}};
  const AggregateQuery query{{15, INT64_MAX}, Steps::one(15), Aggregate::mean};
  const auto rows = run(query, readings);
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].time, 15);
  EXPECT_EQ(rows[0].value, model::Value(std::int64_t{4}));
  EXPECT_TRUE(run({{15, 16}, Steps::one(15), Aggregate::count}, readings).empty());
}

TEST(Aggregate, BadAndStaleReadingsCountForNothing) {
  for (const auto aggregate : all_aggregates) {
    Aggregator aggregator(query_of(aggregate, {0, 10 * minute}), no_limit);
    for (int i = 0; i < 8; ++i)
      add(aggregator, {i * 10 * second, i < 4 ? 1e6 : -1e6}, i % 2 == 0 ? MYRIAD_BAD : MYRIAD_STALE);
    aggregator.add_text(80 * second, MYRIAD_TEXT, MYRIAD_BAD, "gone");
    EXPECT_EQ(text_of(aggregator.take()), "") << aggregate_name(aggregate);
  }
  Aggregator aggregator(query_of(Aggregate::count, {0, 10 * minute}), no_limit);
  add(aggregator, {0, 1}, MYRIAD_UNCERTAIN);
  EXPECT_EQ(text_of(aggregator.take()), "0=1 ");
}

TEST(Aggregate, TextsHaveAFirstALastAndACount) {
  const auto rows = [](Aggregate aggregate) {
    Aggregator aggregator(query_of(aggregate, {0, 10 * minute}), no_limit);
    aggregator.add_text(0, MYRIAD_TEXT, MYRIAD_GOOD, "on");
    add(aggregator, {1, 5});
    aggregator.add_text(2, MYRIAD_TEXT, MYRIAD_GOOD, "off");
    add(aggregator, {minute, 6});
    aggregator.add_text(minute + 1, MYRIAD_TEXT, MYRIAD_GOOD, "x");
    add(aggregator, {minute + 2, 7});
    aggregator.add_text(2 * minute, MYRIAD_TEXT, MYRIAD_GOOD, "idle");
    return text_of(aggregator.take());
  };
  EXPECT_EQ(rows(Aggregate::first), "0='on' 1=6 2='idle' ");
  EXPECT_EQ(rows(Aggregate::last), "0='off' 1=7 2='idle' ");
  EXPECT_EQ(rows(Aggregate::count), "0=3 1=3 2=1 ");
  EXPECT_EQ(rows(Aggregate::mean), "0=5 1=6.5 ");
  EXPECT_EQ(rows(Aggregate::median), "0=5 1=6.5 ");
}

TEST(Aggregate, TakesEveryKindOfNumber) {
  const auto sum = [](std::uint16_t type, std::initializer_list<std::uint64_t> bits) {
    Aggregator aggregator(query_of(Aggregate::sum, {0, minute}), no_limit);
    Nanos time = 0;
    for (const auto value : bits) aggregator.add(time++, type, MYRIAD_GOOD, value);
    return aggregator.take().front().value;
  };
  EXPECT_EQ(sum(MYRIAD_BOOL, {1, 0, 1}), model::Value(std::int64_t{2}));
  EXPECT_EQ(sum(MYRIAD_I64, {static_cast<std::uint64_t>(-5), 3}), model::Value(std::int64_t{-2}));
  EXPECT_EQ(sum(MYRIAD_U64, {UINT64_MAX}), model::Value(18446744073709551616.0));
  EXPECT_EQ(sum(MYRIAD_I64, {std::uint64_t{1} << 53}), model::Value(std::int64_t{1} << 53));
  EXPECT_EQ(sum(MYRIAD_F64, {std::bit_cast<std::uint64_t>(0.1)}), model::Value(0.1));
}

TEST(Aggregate, AnAnswerBeyondDoublesIsNone) {
  const std::vector<Reading> readings = {{0, 1.7e308}, {1, 1.7e308}, {minute, 1}};
  EXPECT_EQ(text_of(run(query_of(Aggregate::sum, {0, 2 * minute}), readings)), "1=1 ");
}

// ---- Gaps

TEST(Aggregate, FillsGaps) {
  const std::vector<Reading> readings = {{30 * second, 1}, {190 * second, 4}, {200 * second, 6}, {430 * second, 13}};
  struct Case {
    const char* name;
    Aggregate aggregate;
    Fill fill;
    const char* rows;
  };
  const Case cases[] = {
      {"nothing", Aggregate::mean, Fill::none, "3=5 7=13 "},
      {"the row before, at first the number before the range", Aggregate::mean, Fill::previous,
       "1~1 2~1 3=5 4~5 5~5 6~5 7=13 8~13 "},
      {"on a line, never outside", Aggregate::mean, Fill::linear, "3=5 4~7 5~9 6~11 7=13 "},
      {"a count is no number of the point", Aggregate::count, Fill::previous, "3=2 4~2 5~2 6~2 7=1 8~1 "},
      {"a line of counts", Aggregate::count, Fill::linear, "3=2 4~1.75 5~1.5 6~1.25 7=1 "},
  };
  for (const auto& c : cases)
    EXPECT_EQ(text_of(run(query_of(c.aggregate, {minute, 9 * minute}, c.fill), readings)), c.rows) << c.name;
}

TEST(Aggregate, FillsEndWithThePresent) {
  auto query = query_of(Aggregate::mean, {0, INT64_MAX}, Fill::previous);
  query.present = 3 * minute + 1;
  EXPECT_EQ(text_of(run(query, {{0, 5}})), "0=5 1~5 2~5 3~5 ");
}

TEST(Aggregate, TextIsHeldAndHasNoLine) {
  for (const auto fill : all_fills) {
    Aggregator aggregator(query_of(Aggregate::last, {0, 4 * minute}, fill), no_limit);
    aggregator.add_text(0, MYRIAD_TEXT, MYRIAD_GOOD, "on");
    add(aggregator, {2 * minute, 7});
    EXPECT_EQ(text_of(aggregator.take()), fill == Fill::previous ? "0='on' 1~'on' 2=7 3~7 " : "0='on' 2=7 ");
  }
}

TEST(Aggregate, AGapOfAYearStopsAtTheLimit) {
  const Nanos year = 365 * 24 * 60 * minute;
  for (const auto fill : {Fill::previous, Fill::linear}) {
    Aggregator aggregator(query_of(Aggregate::mean, {0, INT64_MAX}, fill, "1ms"), 1'000);
    add(aggregator, {0, 1});
    EXPECT_FALSE(aggregator.full());
    add(aggregator, {year, 2});
    add(aggregator, {year + second, 2});
    EXPECT_TRUE(aggregator.full());
    EXPECT_EQ(aggregator.take().size(), 1'000u);
  }
}

// ---- Pages, tallies, and many at once

std::vector<Reading> random_readings(std::mt19937& random) {
  std::vector<Reading> readings;
  Nanos time = static_cast<Nanos>(random() % 600) * second;
  const Nanos longest = 1 + static_cast<Nanos>(random() % 300);
  for (std::size_t i = 0, n = random() % 80; i < n; ++i)
    readings.push_back(
        {time += 1 + static_cast<Nanos>(random()) % longest * second, static_cast<double>(random() % 1'000) / 8 - 50});
  return readings;
}

Range random_range(std::mt19937& random) {
  const Nanos from = static_cast<Nanos>(random() % 1'500) * second;
  return {from, from + static_cast<Nanos>(random() % 6'000) * second};
}

void expect_same(const std::vector<Row>& got, const std::vector<Row>& want, std::string_view name) {
  ASSERT_EQ(text_of(got), text_of(want)) << name;  // to six digits, and what is filled
  for (std::size_t i = 0; i < got.size(); ++i) EXPECT_EQ(got[i].time, want[i].time) << name;
}

TEST(Aggregate, PagesJoinToTheWhole) {
  std::mt19937 random(5);
  for (int round = 0; round < 300; ++round) {
    const auto readings = random_readings(random);
    const auto range = random_range(random);
    for (const auto aggregate : all_aggregates)
      for (const auto fill : all_fills) {
        const auto query = query_of(aggregate, range, fill);
        const auto whole = run(query, readings);
        std::vector<Row> joined;
        auto page = query;
        for (;;) {
          const auto rows = run(page, readings, 1 + random() % 9);
          if (rows.empty()) break;
          for (const auto& row : rows)
            if (!row.filled) page.range.from = std::max(range.from, row.time);
          page.rows_from = page.steps.next(rows.back().time);
          joined.insert(joined.end(), rows.begin(), rows.end());
          ASSERT_LE(joined.size(), whole.size()) << aggregate_name(aggregate);
        }
        expect_same(joined, whole, aggregate_name(aggregate));
      }
  }
}

// The simple way, as the interface allows it: the range itself begins later.
TEST(Aggregate, StepsDoNotDependOnWhereTheRangeBegins) {
  std::mt19937 random(6);
  for (int round = 0; round < 300; ++round) {
    const auto readings = random_readings(random);
    const auto range = random_range(random);
    for (const auto aggregate : all_aggregates) {
      auto rows = run(query_of(aggregate, range), readings);
      if (rows.size() < 2) continue;
      const std::size_t at = 1 + random() % (rows.size() - 1);
      const auto rest = run(query_of(aggregate, {rows[at].time, range.to}), readings);
      rows.erase(rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(at));
      expect_same(rest, rows, aggregate_name(aggregate));
    }
  }
}

TEST(Aggregate, TalliesStandForTheirReadings) {
  std::mt19937 random(7);
  for (int round = 0; round < 300; ++round) {
    const auto readings = random_readings(random);
    const auto range = random_range(random);
    for (const auto aggregate : all_aggregates)
      for (const auto fill : all_fills) {
        const auto query = query_of(aggregate, range, fill, "5m");
        Aggregator aggregator(query, no_limit);
        if (!aggregator.takes_tallies()) continue;
        Tally tally;  // of one minute
        for (const auto& r : readings) {
          if (r.time >= range.to) break;
          if (r.time < range.from) {
            aggregator.before(r.time, r.number);
            continue;
          }
          if (tally.readings != 0 && r.time / minute != tally.last_time / minute) {
            if (tally.readings > 1)
              aggregator.add(tally.first_time, tally);  // else raw: the two mix
            else
              add(aggregator, {tally.last_time, tally.last});
            tally = {};
          }
          tally.add(r.time, r.number);
        }
        if (tally.readings != 0) aggregator.add(tally.first_time, tally);
        expect_same(aggregator.take(), run(query, readings), aggregate_name(aggregate));
      }
  }
}

TEST(Aggregate, TalliesOfTextsDoForSome) {
  Tally texts;
  texts.readings = 2;
  for (const auto aggregate : all_aggregates) {
    const bool needs_texts =
        aggregate == Aggregate::first || aggregate == Aggregate::last || aggregate == Aggregate::median;
    Aggregator aggregator(query_of(aggregate, {0, minute}), no_limit);
    EXPECT_EQ(aggregator.takes(texts), !needs_texts) << aggregate_name(aggregate);
    if (needs_texts) continue;
    aggregator.add(5, texts);
    EXPECT_EQ(text_of(aggregator.take()), aggregate == Aggregate::count ? "0=2 " : "") << aggregate_name(aggregate);
  }
}

TEST(Aggregate, ManyAtOnceAreTheSameAsEach) {
  std::mt19937 random(8);
  for (int round = 0; round < 200; ++round) {
    const auto readings = random_readings(random);
    std::vector<Chunk::Entry> entries;
    for (const auto& r : readings) entries.push_back({r.time, std::bit_cast<std::uint64_t>(r.number)});
    for (const auto aggregate : all_aggregates) {
      const auto query = query_of(aggregate, {0, INT64_MAX}, Fill::none, round % 2 == 0 ? "1m" : "1h");
      Aggregator many(query, no_limit);
      const std::size_t half = entries.size() / 2;
      many.add(MYRIAD_F64, MYRIAD_GOOD, std::span(entries).first(half));
      many.add(MYRIAD_F64, MYRIAD_GOOD, std::span(entries).subspan(half));
      expect_same(many.take(), run(query, readings), aggregate_name(aggregate));
    }
  }
}

}  // namespace
}  // namespace myriad::historian
