#include <gtest/gtest.h>

#include "signal.h"
#include "test_support.h"

namespace simulator {
namespace {

using nlohmann::json;

constexpr std::int64_t noon = (1'704'067'200 + 12 * 3600) * second_ns;  // Monday 2024-01-01

json one(json thing) {
  thing.emplace("name", "it");
  thing.emplace("faults_per_day", 0);
  return {{"things", {std::move(thing)}}};
}

class Simulated : public testing::Test {
 protected:
  void run(const json& config) {
    host.set_now(noon);
    plugin.emplace(make(host, config));
    plugin->start();
    plugin->poll();
  }
  template <class T>
  myriad_status write(const char* point, T value) {
    myriad::Batch batch;
    batch.add(host.point(point), noon, value);
    return plugin->write(batch).at(0);
  }
  double number(const char* point) const { return host.last(point).reading.value.f64; }
  std::int64_t integer(const char* point) const { return host.last(point).reading.value.i64; }

  myriad::TestHost host;
  std::optional<myriad::TestHost::Instance> plugin;
};

TEST_F(Simulated, AGroupBecomesNumberedThings) {
  run({{"things",
        {{{"name", "lamp-{n}"}, {"count", 3}, {"title", "Lamp {n}, Harbour Road"}, {"model", "street_lamp"}},
         {{"name", "meter"}, {"model", "water_meter"}}}}});
  const auto things = host.things();
  ASSERT_EQ(things.size(), 4u);
  EXPECT_EQ(things.at("lamp-3").at("title"), "Lamp 3, Harbour Road");
  EXPECT_EQ(things.at("meter").at("title"), "Water meter") << "the model's title, when none is given";
  EXPECT_EQ(things.at("lamp-1").at("properties").at("brightness").at("readOnly"), false);
  EXPECT_EQ(things.at("lamp-1").at("properties").at("power").at("readOnly"), true);
  EXPECT_EQ(things.at("lamp-1").at("properties").at("power").at("unit"), "W");
  EXPECT_EQ(things.at("lamp-1").at("properties").at("power").at("titles").at("zh"), "功率");
  EXPECT_EQ(host.seen().size(), 3 * 5 + 4u);
  EXPECT_TRUE(host.is_connected());
}

TEST_F(Simulated, ALampObeysUntilItIsAutomaticAgain) {
  run(one({{"model", "street_lamp"}}));
  EXPECT_EQ(integer("it/brightness"), 0);
  EXPECT_EQ(write("it/brightness", std::int64_t{70}), MYRIAD_OK);
  EXPECT_EQ(integer("it/brightness"), 70) << "published by the write itself";
  EXPECT_EQ(integer("it/automatic"), 0);
  EXPECT_GT(number("it/power"), 50);
  EXPECT_EQ(host.last("it/state").text, "dimmed");
  host.set_now(noon + 3600 * second_ns);
  plugin->poll();
  EXPECT_EQ(integer("it/brightness"), 70) << "and in the next poll";
  EXPECT_EQ(write("it/automatic", true), MYRIAD_OK);
  EXPECT_EQ(integer("it/brightness"), 0);
  EXPECT_EQ(write("it/automatic", false), MYRIAD_OK);
  EXPECT_EQ(integer("it/automatic"), 0);
}

TEST_F(Simulated, APumpStopsCoolsAndStarts) {
  run(one({{"model", "pump"}}));
  EXPECT_EQ(host.last("it/state").text, "running");
  const double warm = number("it/temperature");
  EXPECT_GT(warm, 45);
  EXPECT_EQ(write("it/running", false), MYRIAD_OK);
  EXPECT_EQ(integer("it/running"), 0);
  EXPECT_EQ(host.last("it/state").text, "stopped");
  EXPECT_EQ(number("it/flow"), 0);
  EXPECT_NEAR(number("it/temperature"), warm, 3) << "it takes its time to cool down";
  host.set_now(noon + 1800 * second_ns);
  plugin->poll();
  EXPECT_LT(number("it/temperature"), 25);
  EXPECT_EQ(write("it/running", true), MYRIAD_OK);
  EXPECT_EQ(host.last("it/state").text, "starting");
}

TEST_F(Simulated, RefusesWhatEquipmentWouldRefuse) {
  run(one({{"model", "street_lamp"}}));
  EXPECT_EQ(write("it/power", 3.0), MYRIAD_E_UNSUPPORTED) << "read only";
  EXPECT_EQ(write("it/brightness", std::int64_t{101}), MYRIAD_E_INVALID) << "past the range";
  EXPECT_EQ(write("it/brightness", 50.5), MYRIAD_E_INVALID) << "no integer";
  EXPECT_EQ(write("it/brightness", "bright"), MYRIAD_E_INVALID) << "no number";
  EXPECT_EQ(write("it/brightness", 50.0), MYRIAD_OK) << "an integer, whatever its type";
  EXPECT_EQ(write("other/brightness", std::int64_t{1}), MYRIAD_E_INVALID) << "not ours";
}

TEST_F(Simulated, AnOfflineThingTakesNoWrites) {
  run({{"things", {{{"name", "it"}, {"model", "pump"}, {"faults_per_day", 24}}}}});
  for (std::int64_t s = 0; host.last("it/flow").reading.quality == MYRIAD_GOOD; s += 30) {
    ASSERT_LT(s, 7 * 86400);
    host.set_now(noon + s * second_ns);
    plugin->poll();
  }
  EXPECT_EQ(write("it/running", false), MYRIAD_E_UNAVAILABLE);
}

TEST_F(Simulated, ReadPublishesTheThingAfresh) {
  run(one({{"model", "weather_station"}}));
  host.clear();
  host.set_now(noon + second_ns);
  plugin->read({host.point("it/wind_speed")});
  EXPECT_EQ(host.last("it/wind_speed").reading.time_ns, noon + second_ns);
  EXPECT_EQ(outcome([&] { plugin->read({host.point("other/x")}); }).first, MYRIAD_E_INVALID);
}

TEST_F(Simulated, SignalsHaveTheirTypesAndRanges) {
  run(one({{"signals",
            {{{"property", "n"}, {"shape", "sine"}, {"min", 2}, {"max", 4}, {"decimals", 1}, {"unit", "bar"}},
             {{"property", "i"}, {"shape", "counter"}, {"type", "integer"}, {"max", 1}, {"period_s", 1}},
             {{"property", "b"}, {"shape", "square"}, {"type", "boolean"}},
             {{"property", "w"}, {"shape", "constant"}, {"min", 5}, {"max", 9}, {"writable", true}}}}}));
  EXPECT_EQ(number("it/n"), 3);
  EXPECT_EQ(integer("it/i"), 12 * 3600);
  EXPECT_EQ(host.last("it/b").reading.type, MYRIAD_BOOL);
  EXPECT_EQ(integer("it/b"), 1);
  EXPECT_EQ(number("it/w"), 5);
  EXPECT_EQ(write("it/w", 8.5), MYRIAD_OK);
  EXPECT_EQ(number("it/w"), 8.5);
  EXPECT_EQ(write("it/w", 9.5), MYRIAD_E_INVALID);
  const auto properties = host.things().at("it").at("properties");
  EXPECT_EQ(properties.at("n").at("unit"), "bar");
  EXPECT_EQ(properties.at("n").at("maximum"), 4);
  EXPECT_FALSE(properties.at("i").contains("maximum")) << "a counter has no end";
}

TEST_F(Simulated, AFullQueueKeepsThePoll) {
  run(one({{"model", "water_meter"}}));
  host.clear();
  host.answer_publish(MYRIAD_E_AGAIN);
  host.set_now(noon + 1 * second_ns);
  EXPECT_EQ(outcome([&] { plugin->poll(); }).first, MYRIAD_E_AGAIN);
  host.set_now(noon + 2 * second_ns);
  EXPECT_EQ(outcome([&] { plugin->poll(); }).first, MYRIAD_E_AGAIN);
  EXPECT_EQ(write("it/volume", std::int64_t{1}), MYRIAD_E_UNSUPPORTED);
  host.answer_publish(MYRIAD_OK);
  host.set_now(noon + 3 * second_ns);
  plugin->poll();
  std::vector<std::int64_t> times;
  for (const auto& seen : host.seen())
    if (seen.point == "it/volume") times.push_back((seen.reading.time_ns - noon) / second_ns);
  EXPECT_EQ(times, (std::vector<std::int64_t>{1, 3})) << "the kept one, then the new one";
}

TEST(Configuration, SaysWhatIsWrongAndWhere) {
  struct Case {
    const char* name;
    json config;
    const char* message;
  };
  const Case cases[] = {
      {"no number",
       {{"things", {{{"name", "a"}, {"count", 2}, {"model", "pump"}}}}},
       "/things/0/name: 'a' would name 2"},
      {"twice",
       {{"things", {{{"name", "a"}, {"model", "pump"}}, {{"name", "a"}, {"model", "pump"}}}}},
       "/things: Thing 'a' is there twice"},
      {"empty", {{"things", {{{"name", "a"}}}}}, "/things/0: choose a model or add signals"},
      {"unknown model", {{"things", {{{"name", "a"}, {"model", "ufo"}}}}}, "/things/0/model: 'ufo'"},
      {"property twice",
       {{"things", {{{"name", "a"}, {"model", "pump"}, {"signals", {{{"property", "flow"}, {"shape", "sine"}}}}}}}},
       "property 'flow' is there twice"},
      {"swapped range",
       {{"things", {{{"name", "a"}, {"signals", {{{"property", "x"}, {"shape", "sine"}, {"min", 9}, {"max", 1}}}}}}}},
       "/things/0/signals/0/max: the maximum is below the minimum"},
      {"too many",
       {{"things", {{{"name", "a{n}"}, {"count", 100'000}, {"model", "pump"}}, {{"name", "b"}, {"model", "pump"}}}}},
       "more than 100000 Things"},
      {"wrong type", {{"seed", "x"}}, "/seed"},
  };
  for (const auto& c : cases) {
    myriad::TestHost host;
    const auto [status, message] = outcome([&] { make(host, c.config); });
    EXPECT_EQ(status, MYRIAD_E_INVALID) << c.name;
    EXPECT_NE(message.find(c.message), std::string::npos) << c.name << ": " << message;
  }
}

}  // namespace
}  // namespace simulator
