#include "config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testing/peer.h"

namespace modbus {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

json sample() {
  return modbus::testing::load(PLUGIN_DIR "/sample.json");
}

Settings parsed(json config) {
  myriad::apply_defaults(modbus::testing::schema(), config);
  return parse(myriad::Config::parse(config.dump()));
}

TEST(Config, TakesTheSample) {
  const auto settings = parsed(sample());
  EXPECT_EQ(settings.address(), "127.0.0.1:5020");
  EXPECT_EQ(settings.timeout.count(), 1000);
  EXPECT_EQ(settings.reconnect_min.count(), 500);
  EXPECT_EQ(settings.reconnect_max.count(), 30000);
  ASSERT_EQ(settings.points.size(), 2u);
  EXPECT_EQ(settings.points[0].unit, "V");
  EXPECT_EQ(settings.points[0].place.count, 2);
  EXPECT_EQ(settings.points[1].place.table, Table::coil);
  EXPECT_TRUE(settings.points[1].writable);
  EXPECT_TRUE(settings.points[1].read_back);
}

TEST(Config, ShowsAddressesOfEveryKind) {
  auto config = sample();
  config["host"] = "::1";
  EXPECT_EQ(parsed(config).address(), "[::1]:5020");
  config.merge_patch({{"transport", "rtu"}, {"device", "/dev/ttyUSB0"}});
  EXPECT_EQ(parsed(config).address(), "/dev/ttyUSB0");
}

TEST(Config, ExpandsACount) {
  auto config = sample();
  config["points"] = {{{"property", "cell"},
                       {"table", "holding"},
                       {"address", 100},
                       {"type", "int32"},
                       {"count", 10000},
                       {"title", "Cell"},
                       {"unit_id", 7},
                       {"thing", "rack"},
                       {"read_back", false}}};
  const auto points = parsed(config).points;
  ASSERT_EQ(points.size(), 10000u);
  EXPECT_EQ(points[0].property, "cell0");
  EXPECT_EQ(points[9999].property, "cell9999");
  EXPECT_EQ(points[9999].title, "Cell 9999");
  EXPECT_EQ(points[9999].place.address, 100 + 2 * 9999);
  EXPECT_EQ(points[9999].place.unit, 7);
  EXPECT_EQ(points[9999].thing, "rack");
  EXPECT_FALSE(points[0].read_back);
}

struct Wrong {
  const char* name;
  json change;        // merged into the sample
  json point_change;  // merged into its first point
  const char* says;
};

TEST(Config, RefusesWithThePath) {
  const Wrong cases[] = {
      {"transport", {{"transport", "udp"}}, {}, "/transport: 'udp' is unknown: use one of tcp, rtu"},
      {"no host", {{"host", nullptr}}, {}, "/host is missing"},
      {"no device", {{"transport", "rtu"}}, {}, "/device is missing"},
      {"port", {{"port", 0}}, {}, "/port: 0: use 1 to 65535"},
      {"unit", {{"unit", 248}}, {}, "/unit: 248: use 1 to 247, 0 or 255"},
      {"unit on a serial line", {{"transport", "rtu"}, {"device", "/dev/x"}, {"unit", 0}}, {}, "on a serial line"},
      {"unit of a point", {}, {{"unit_id", 250}}, "/points/0/unit_id: 250"},
      {"back-off", {{"reconnect_max_ms", 1}}, {}, "/reconnect_max_ms"},
      {"registers", {{"max_registers", 126}}, {}, "/max_registers: 126: use 1 to 125"},
      {"no points", {{"points", json::array()}}, {}, "/points: there is no point"},
      {"table", {}, {{"table", "coils"}}, "/points/0/table: 'coils' is unknown: use one of coil, discrete_input"},
      {"type", {}, {{"type", "real"}}, "/points/0/type: 'real' is unknown"},
      {"address", {}, {{"address", 65536}}, "/points/0/address: 65536"},
      {"past the end", {}, {{"address", 65535}}, "/points/0/address: the last of its addresses is 65536"},
      {"count past the end", {}, {{"count", 32769}}, "past 65535"},
      {"a coil is a bool", {}, {{"table", "coil"}}, "/points/0/type: table 'coil' holds single bits: use 'bool'"},
      {"a bit of a coil", {}, {{"table", "coil"}, {"type", "bool"}, {"bit", 1}}, "/points/0/bit"},
      {"a bit is a bool", {}, {{"bit", 1}}, "/points/0/bit: a bit has the type 'bool'"},
      {"bit 16", {}, {{"type", "bool"}, {"bit", 16}}, "/points/0/bit: 16: use 0 to 15"},
      {"scale 0", {}, {{"scale", 0}}, "/points/0/scale"},
      {"scaled bool", {}, {{"type", "bool"}, {"scale", 2}}, "/points/0: only numbers"},
      {"string without length", {}, {{"type", "string"}}, "/points/0/length is missing"},
      {"string of nothing", {}, {{"type", "string"}, {"length", 0}}, "/points/0/length: 0"},
      {"string above a request", {{"max_registers", 8}}, {{"type", "string"}, {"length", 9}}, "/points/0: 9 registers"},
      {"string too long to write", {}, {{"type", "string"}, {"length", 124}, {"writable", true}}, "writes 123"},
      {"an input cannot be written",
       {},
       {{"table", "input"}, {"writable", true}},
       "/points/0/writable: table 'input' cannot be written: use 'coil' or 'holding'"},
      {"a discrete input neither",
       {},
       {{"table", "discrete_input"}, {"type", "bool"}, {"writable", true}},
       "/points/0/writable"},
      {"a name twice", {}, {{"property", "relay"}}, "/points/1/property: 'meter/relay' is there twice"},
  };
  for (const auto& c : cases) {
    auto config = sample();
    if (!c.change.is_null()) config.merge_patch(c.change);
    if (!c.point_change.is_null()) config["points"][0].merge_patch(c.point_change);
    try {
      (void)parsed(config);
      ADD_FAILURE() << c.name << " was taken";
    } catch (const myriad::Failure& failure) {
      EXPECT_EQ(failure.status(), MYRIAD_E_INVALID) << c.name;
      EXPECT_THAT(failure.what(), HasSubstr(c.says)) << c.name;
    }
  }
}

// Every field of a schema, "points[].table" for those of items.
void fields(const json& schema, const std::string& prefix, std::map<std::string, json>& out) {
  if (!schema.contains("properties")) return;
  for (const auto& [name, field] : schema["properties"].items()) {
    out.emplace(prefix + name, field);
    if (field.contains("items")) fields(field["items"], prefix + name + "[].", out);
  }
}

std::string shown_default(const json& field) {
  if (!field.contains("default")) return "";
  return field["default"].is_string() ? field["default"].get<std::string>() : field["default"].dump();
}

TEST(Schema, EveryFieldIsNamedInEnglishAndChinese) {
  std::map<std::string, json> all;
  fields(modbus::testing::schema(), "", all);
  for (const auto& [name, field] : all)
    for (const auto* key : {"/title", "/titles/zh", "/description", "/descriptions/zh"})
      EXPECT_TRUE(field.contains(json::json_pointer(key))) << name << " has no " << key;
}

TEST(Readme, ListsEveryOptionWithItsDefault) {
  std::ifstream file(PLUGIN_DIR "/README.md");
  const std::string readme(std::istreambuf_iterator<char>(file), {});
  std::map<std::string, json> all;
  fields(modbus::testing::schema(), "", all);
  for (const auto& [name, field] : all) {
    const auto row = "| `" + name + "` | " + shown_default(field) + " | " + field["description"].get<std::string>();
    EXPECT_THAT(readme, HasSubstr(row)) << "put this row into the options table of README.md";
  }
}

}  // namespace
}  // namespace modbus
