#include "model.h"

#include <gtest/gtest.h>

#include <map>

#include "test_support.h"

namespace simulator {
namespace {

using nlohmann::json;

constexpr std::int64_t monday = 1'704'067'200 * second_ns;  // 2024-01-01T00:00:00Z
constexpr std::int64_t hour_ns = 3600 * second_ns;

json thing_config(std::string_view model, double faults_per_day) {
  return {{"things", {{{"name", "it"}, {"model", model}, {"faults_per_day", faults_per_day}}}}};
}

// Polls every 97 s over eight days: each hour of a week, with its Saturday and Sunday.
std::vector<myriad::TestHost::Seen> a_week(std::string_view model, double faults_per_day, std::uint32_t seed = 1) {
  myriad::TestHost host;
  json config = thing_config(model, faults_per_day);
  config["seed"] = seed;
  auto plugin = make(host, config);
  plugin.start();
  for (std::int64_t s = 0; s < 8 * 86400; s += 97) {
    host.set_now(monday + 700 * 24 * hour_ns + s * second_ns);
    plugin.poll();
  }
  return host.seen();
}

json description(std::string_view model) {
  myriad::TestHost host;
  auto plugin = make(host, thing_config(model, 0));
  plugin.start();
  return host.things().at("it");
}

std::string describe_type(int type) {
  switch (type) {
    case MYRIAD_BOOL:
      return "boolean";
    case MYRIAD_I64:
      return "integer";
    case MYRIAD_F64:
      return "number";
    case MYRIAD_TEXT:
      return "string";
    default:
      return "unexpected";
  }
}

class EveryModel : public testing::TestWithParam<const Model*> {};

TEST_P(EveryModel, KeepsItsWord) {
  const json td = description(GetParam()->id);
  ASSERT_FALSE(td.at("title").get<std::string>().empty());
  std::map<std::string, double> lowest, highest;
  for (const auto& seen : a_week(GetParam()->id, 12)) {
    const json& property = td.at("properties").at(seen.point.substr(3));
    ASSERT_EQ(describe_type(seen.reading.type), property.at("type")) << seen.point;
    if (seen.reading.type == MYRIAD_TEXT) {
      const json states = property.at("enum");
      ASSERT_NE(std::find(states.begin(), states.end(), seen.text), states.end()) << seen.text;
      continue;
    }
    const double value =
        seen.reading.type == MYRIAD_F64 ? seen.reading.value.f64 : static_cast<double>(seen.reading.value.i64);
    if (property.contains("minimum")) {
      ASSERT_GE(value, property.at("minimum")) << seen.point;
      ASSERT_LE(value, property.at("maximum")) << seen.point;
    }
    lowest.try_emplace(seen.point, value);
    lowest[seen.point] = std::min(lowest[seen.point], value);
    highest[seen.point] = std::max(highest[seen.point], value);
  }
  int lively = 0;
  for (const auto& [point, value] : lowest) lively += highest[point] > value;
  EXPECT_GE(lively, 2) << "a Thing that never changes shows nothing";
}

TEST_P(EveryModel, NamesItsPropertiesInBothLanguages) {
  for (const auto& property : GetParam()->properties) {
    EXPECT_FALSE(property.title.empty()) << property.name;
    EXPECT_FALSE(property.title_zh.empty()) << property.name;
  }
}

TEST_P(EveryModel, IsDecidedByItsSeed) {
  const auto values = [](const std::vector<myriad::TestHost::Seen>& all) {
    std::vector<std::int64_t> out;
    for (const auto& seen : all)
      if (seen.reading.type != MYRIAD_TEXT) out.push_back(seen.reading.value.i64);
    return out;
  };
  const auto first = values(a_week(GetParam()->id, 4, 1));
  EXPECT_EQ(first, values(a_week(GetParam()->id, 4, 1)));
  EXPECT_NE(first, values(a_week(GetParam()->id, 4, 2)));
}

TEST_P(EveryModel, SaysWhenItIsOffline) {
  std::map<std::string, int> bad;
  std::size_t total = 0;
  for (const auto& seen : a_week(GetParam()->id, 24)) {
    ++total;
    bad[seen.point] += seen.reading.quality == MYRIAD_BAD;
  }
  ASSERT_EQ(bad.size(), GetParam()->properties.size());
  for (const auto& [point, count] : bad) EXPECT_EQ(count, bad.begin()->second) << point << ": all go together";
  EXPECT_GT(bad.begin()->second, 0);
  EXPECT_LT(static_cast<std::size_t>(bad.begin()->second), total / bad.size() / 4);
  for (const auto& seen : a_week(GetParam()->id, 0)) ASSERT_EQ(seen.reading.quality, MYRIAD_GOOD);
}

INSTANTIATE_TEST_SUITE_P(Models, EveryModel, testing::ValuesIn([] {
                           std::vector<const Model*> all;
                           for (const auto& model : models()) all.push_back(&model);
                           return all;
                         }()),
                         [](const auto& each) { return std::string(each.param->id); });

TEST(Counters, OnlyGrowEvenThroughFaults) {
  const std::pair<const char*, const char*> counters[] = {
      {"water_meter", "it/volume"}, {"parking_lot", "it/entries"}, {"traffic_counter", "it/vehicles"}};
  for (const auto& [model, point] : counters) {
    std::int64_t before = 0;
    for (const auto& seen : a_week(model, 24)) {
      if (seen.point != point) continue;
      ASSERT_GE(seen.reading.value.i64, before) << point;
      before = seen.reading.value.i64;
    }
    EXPECT_GT(before, 1000) << point;
  }
}

TEST(StreetLamp, FollowsTheNightOfItsPlace) {
  struct Case {
    const char* name;
    int hour, offset;
    std::int64_t brightness;
    const char* state;
  };
  const Case cases[] = {{"noon", 12, 0, 0, "off"},
                        {"evening", 20, 0, 100, "on"},
                        {"small hours", 3, 0, 40, "dimmed"},
                        {"noon UTC is evening in the east", 12, 480, 100, "on"}};
  for (const auto& c : cases) {
    myriad::TestHost host;
    host.set_now(monday + c.hour * hour_ns);
    json config = thing_config("street_lamp", 0);
    config["utc_offset_min"] = c.offset;
    auto plugin = make(host, config);
    plugin.start();
    plugin.poll();
    EXPECT_EQ(host.last("it/brightness").reading.value.i64, c.brightness) << c.name;
    EXPECT_EQ(host.last("it/state").text, c.state) << c.name;
  }
}

TEST(ParkingLot, FreeAndOccupiedMakeTheWhole) {
  std::map<std::int64_t, std::map<std::string, std::int64_t>> at;
  for (const auto& seen : a_week("parking_lot", 0)) at[seen.reading.time_ns][seen.point] = seen.reading.value.i64;
  for (auto& [time, values] : at) {
    ASSERT_EQ(values["it/free"] + values["it/occupied"], values["it/capacity"]);
    ASSERT_EQ(values["it/full"], values["it/free"] == 0 ? 1 : 0);
  }
}

}  // namespace
}  // namespace simulator
