#include <gtest/gtest.h>

#include <algorithm>
#include <ctime>

#include "test_support.h"

namespace threshold {
namespace {

using nlohmann::json;

constexpr std::int64_t s = 1'000'000'000, start = 1'800'000'000 * s;

json hot(json more = json::object()) {
  json rule = {{"name", "hot"}, {"input", "pump-*/temperature"}, {"high", 80}, {"hysteresis", 2}};
  rule.merge_patch(more);
  return {{"rules", {rule}}};
}

class Watching : public testing::Test {
 protected:
  void run(const json& config) {
    plugin.reset();
    plugin.emplace(make(host, config));
    plugin->start();
  }
  template <class T>
  void feed(const char* point, std::int64_t seconds, T value, std::uint16_t quality = MYRIAD_GOOD) {
    myriad::Batch batch;
    batch.add(host.point(point), start + seconds * s, value, quality);
    plugin->process(batch);
  }
  // Since the last call: "<point>=<value>@<seconds>", with a '?' when uncertain.
  std::vector<std::string> published() {
    std::vector<std::string> out;
    for (const auto& seen : host.seen())
      out.push_back(seen.point + "=" + std::to_string(seen.reading.value.i64) + "@" +
                    std::to_string((seen.reading.time_ns - start) / s) +
                    (seen.reading.quality == MYRIAD_UNCERTAIN ? "?" : ""));
    host.clear();
    return out;
  }
  using Lines = std::vector<std::string>;

  myriad::TestHost host;
  std::optional<myriad::TestHost::Instance> plugin;
};

TEST_F(Watching, SelectsItsInputs) {
  run({{"rules", {{{"name", "a"}, {"input", "x/*"}, {"high", 1}}, {{"name", "b"}, {"input", "*/y"}, {"low", 1}}}}});
  EXPECT_EQ(host.patterns(), (Lines{"x/*", "*/y"}));
}

TEST_F(Watching, PublishesAtFirstAndOnChange) {
  run(hot());
  feed("pump-1/temperature", 0, 70.0);
  feed("pump-1/temperature", 1, 75.0);
  EXPECT_EQ(published(), (Lines{"pump-1/temperature_high=0@0"}));
  feed("pump-1/temperature", 2, 81.0);
  feed("pump-1/temperature", 3, 79.0);
  EXPECT_EQ(published(), (Lines{"pump-1/temperature_high=1@2"}));
  feed("pump-1/temperature", 4, 78.0);
  EXPECT_EQ(published(), (Lines{"pump-1/temperature_high=0@4"}));
}

TEST_F(Watching, ReportsTransitionsAsEvents) {
  run(hot());
  feed("pump-1/temperature", 0, 70.0);
  EXPECT_TRUE(host.events().empty());
  feed("pump-1/temperature", 1, 81.5);
  feed("pump-1/temperature", 2, 60.0);
  const auto events = host.events();
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].thing, "pump-1");
  EXPECT_EQ(events[0].event, "temperature_high");
  EXPECT_EQ(events[0].time_ns, start + s);
  EXPECT_EQ(
      json::parse(events[0].data_json),
      (json{{"rule", "hot"}, {"point", "pump-1/temperature"}, {"state", "high"}, {"value", 81.5}, {"limit", 80.0}}));
  EXPECT_EQ(
      json::parse(events[1].data_json),
      (json{{"rule", "hot"}, {"point", "pump-1/temperature"}, {"state", "normal"}, {"value", 60.0}, {"limit", 80.0}}));
}

TEST_F(Watching, DescribesItsOutputWhenFirstNeeded) {
  run(hot());
  EXPECT_TRUE(host.things().empty());
  host.point("pump-1/temperature");
  feed("pump-1/temperature", 0, 70.0);
  const auto td = host.things().at("pump-1");
  EXPECT_EQ(td.at("properties").at("temperature_high").at("type"), "boolean");
  EXPECT_EQ(td.at("properties").at("temperature_high").at("readOnly"), true);
  EXPECT_EQ(td.at("events").at("temperature_high").at("data").at("type"), "object");
  EXPECT_FALSE(td.contains("title")) << "the pump keeps its own";
}

TEST_F(Watching, KeepsOneStateForEachPoint) {
  run(hot());
  myriad::Batch batch;
  for (int i = 1; i <= 3; ++i)
    batch.add(host.point("pump-" + std::to_string(i) + "/temperature"), start, i == 2 ? 90.0 : 20.0);
  batch.add(host.point("fan/temperature"), start, 90.0);
  plugin->process(batch);
  EXPECT_EQ(published(),
            (Lines{"pump-1/temperature_high=0@0", "pump-2/temperature_high=1@0", "pump-3/temperature_high=0@0"}));
}

TEST_F(Watching, SeveralRulesMayWatchAPoint) {
  run({{"rules",
        {{{"name", "warn"}, {"input", "a/b"}, {"high", 10}, {"output_property", "{property}_{rule}"}},
         {{"name", "trip"},
          {"input", "*/b"},
          {"high", 20},
          {"output_thing", "board"},
          {"output_property", "{thing}_{rule}"}}}}});
  feed("a/b", 0, 15.0);
  EXPECT_EQ(published(), (Lines{"a/b_warn=1@0", "board/a_trip=0@0"}));
  EXPECT_EQ(host.things().at("board").at("title"), "board") << "a Thing of our own needs a title";
}

TEST_F(Watching, TakesEveryNumberAndNothingElse) {
  run({{"rules", {{{"name", "all"}, {"input", "*"}, {"high", 10}}}}});
  feed("a/i", 0, std::int64_t{11});
  feed("a/u", 0, std::uint64_t{11});
  feed("a/f", 0, 11.0);
  EXPECT_EQ(published(), (Lines{"a/i_high=1@0", "a/u_high=1@0", "a/f_high=1@0"}));
  feed("a/b", 0, true);
  feed("a/t", 0, "11");
  feed("a/i_high", 0, true);
  EXPECT_TRUE(published().empty()) << "and its own output never feeds it";
  EXPECT_EQ(host.things().at("a").at("properties").size(), 3u) << "nor gets an output of its own";
}

TEST_F(Watching, BadQualityMakesTheOutputUncertain) {
  run(hot());
  feed("pump-1/temperature", 0, 90.0);
  feed("pump-1/temperature", 1, 0.0, MYRIAD_BAD);
  feed("pump-1/temperature", 2, 0.0, MYRIAD_STALE);
  feed("pump-1/temperature", 3, 90.0);
  EXPECT_EQ(published(),
            (Lines{"pump-1/temperature_high=1@0", "pump-1/temperature_high=1@1?", "pump-1/temperature_high=1@3"}));
  EXPECT_EQ(host.events().size(), 1u);
}

TEST_F(Watching, LeavesOutAndCountsLateReadings) {
  run(hot());
  feed("pump-1/temperature", 5, 70.0);
  feed("pump-1/temperature", 4, 90.0);
  feed("pump-1/temperature", 5, 90.0);
  EXPECT_EQ(published(), (Lines{"pump-1/temperature_high=0@5"}));
  EXPECT_EQ(host.metrics().at("late_readings"), 2);
}

TEST_F(Watching, AStateOutlivesARestart) {
  run(hot({{"delay_s", 5}}));
  feed("pump-1/temperature", 0, 90.0);
  feed("pump-1/temperature", 5, 90.0);
  feed("pump-2/temperature", 5, 90.0);
  feed("pump-3/temperature", 5, 20.0);
  const std::string state = plugin->save();
  host.clear();
  plugin.emplace(make(host, hot({{"delay_s", 5}})));
  plugin->load(state);
  plugin->start();
  EXPECT_EQ(json::parse(plugin->save()), json::parse(state)) << "also of points not seen since";
  feed("pump-1/temperature", 5, 20.0);
  EXPECT_TRUE(published().empty()) << "a reading delivered twice is late";
  feed("pump-1/temperature", 6, 79.0);
  EXPECT_EQ(published(), (Lines{"pump-1/temperature_high=1@6"})) << "still on: within the hysteresis";
  feed("pump-2/temperature", 10, 90.0);
  EXPECT_EQ(published(), (Lines{"pump-2/temperature_high=1@10"})) << "the delay went on";
  EXPECT_EQ(host.events().size(), 2u) << "no event is told twice";
}

TEST_F(Watching, AForeignStateIsNoObstacle) {
  for (const char* state :
       {"", "{", "null", "{\"version\":99}", "{\"version\":1,\"limits\":[{\"rule\":1}]}",
        "{\"version\":1,\"limits\":[{\"rule\":\"hot\",\"point\":\"pump-1/temperature\",\"side\":\"up\","
        "\"pending\":\"high\",\"pending_since_ns\":0,\"latest_ns\":0}]}"}) {
    plugin.emplace(make(host, hot()));
    plugin->load(state);
    plugin->start();
    feed("pump-1/temperature", 0, 90.0);
    EXPECT_EQ(published(), (Lines{"pump-1/temperature_high=1@0"})) << state;
  }
}

TEST_F(Watching, AStateOfALimitThatIsGoneIsForgotten) {
  run({{"rules", {{{"name", "hot"}, {"input", "pump-*/temperature"}, {"low", 10}}}}});
  feed("pump-1/temperature", 0, 5.0);
  const std::string state = plugin->save();
  host.clear();
  plugin.emplace(make(host, hot()));
  plugin->load(state);
  plugin->start();
  feed("pump-1/temperature", 1, 20.0);
  EXPECT_EQ(published(), (Lines{"pump-1/temperature_high=0@1"}));
}

TEST_F(Watching, AFullQueueLosesAndRepeatsNothing) {
  run(hot());
  host.answer_publish(MYRIAD_E_AGAIN);
  const auto give = [&] { feed("pump-1/temperature", 0, 90.0); };
  EXPECT_EQ(outcome(give).first, MYRIAD_E_AGAIN);
  EXPECT_EQ(outcome(give).first, MYRIAD_E_AGAIN);
  EXPECT_TRUE(host.events().empty());
  host.answer_publish(MYRIAD_OK);
  give();
  feed("pump-1/temperature", 1, 20.0);
  EXPECT_EQ(published(), (Lines{"pump-1/temperature_high=1@0", "pump-1/temperature_high=0@1"}));
  EXPECT_EQ(host.events().size(), 2u);
}

TEST_F(Watching, ANameThatCannotBeLeavesThePointOut) {
  run({{"rules",
        {{{"name", "x"}, {"input", "*"}, {"high", 1}, {"output_property", "no slug"}},
         {{"name", "y"}, {"input", "*"}, {"high", 1}}}}});
  feed("a/b", 0, 2.0);
  feed("a/b", 1, 2.0);
  EXPECT_EQ(published(), (Lines{"a/b_high=1@0"}));
  ASSERT_EQ(host.logs().size(), 1u) << "said once";
  EXPECT_NE(host.logs()[0].find("rule 'x' leaves out 'a/b'"), std::string::npos);
}

std::int64_t utc(const std::string& text) {
  std::tm tm{};
  strptime(text.c_str(), "%Y-%m-%d %H:%M:%S", &tm);
  return timegm(&tm) * s;
}

// A real machine (tests/data/nab), its clock stepping back once. A low temperature held for half an hour finds three of
// the four failures that its engineers saw; the fourth did not make it cold.
TEST_F(Watching, FindsTheFailuresOfARealMachine) {
  run({{"rules",
        {{{"name", "cold"}, {"input", "machine/temperature"}, {"low", 50}, {"hysteresis", 5}, {"delay_s", 1800}}}}});
  const std::string folder = std::string(PLUGIN_DIR) + "/../../../tests/data/nab/";
  const std::string recording = "machine_temperature_system_failure.csv";
  std::ifstream file(folder + recording);
  std::string line;
  std::getline(file, line);
  myriad::Batch batch;
  for (const auto point = host.point("machine/temperature"); std::getline(file, line);)
    batch.add(point, utc(line), std::stod(line.substr(line.find(',') + 1)));
  ASSERT_EQ(batch.size(), 22'695u);
  plugin->process(batch);

  std::vector<std::int64_t> begins;
  for (const auto& event : host.events())
    if (json::parse(event.data_json).at("state") == "low") begins.push_back(event.time_ns);
  EXPECT_EQ(begins.size(), 5u);
  const json windows = read_json(folder + "anomaly_windows.json").at(recording);
  int found = 0;
  for (const auto& window : windows)
    found += std::any_of(begins.begin(), begins.end(),
                         [&](std::int64_t at) { return at >= utc(window.at(0)) && at <= utc(window.at(1)); });
  EXPECT_EQ(found, 3);
  EXPECT_EQ(host.metrics().at("late_readings"), 12);
}

}  // namespace
}  // namespace threshold
