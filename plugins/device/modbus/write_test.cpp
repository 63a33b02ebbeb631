// Writing to real servers: every function code, read-back, refusals.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testing/peer.h"

namespace modbus::testing {
namespace {

using myriad::Batch;
using myriad::TestHost;
using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const json kModel = {
    {"units",
     {{"1", {{"coil", {{"0", {0, 0, 0, 0}}}}, {"holding", {{"0", std::vector<int>(20)}}}, {"input", {{"0", 1}}}}}}}};

json point(const char* property, const char* table, int address, const char* type, json more = json::object()) {
  json out = {{"property", property}, {"table", table}, {"address", address}, {"type", type}, {"writable", true}};
  out.merge_patch(more);
  return out;
}

const json kPoints = {
    point("lamp", "coil", 0, "bool", {{"count", 4}}),
    point("int16", "holding", 0, "int16"),
    point("uint16", "holding", 1, "uint16"),
    point("int32", "holding", 2, "int32", {{"word_order", "little"}}),
    point("float32", "holding", 4, "float32"),
    point("float64", "holding", 6, "float64", {{"byte_order", "little"}}),
    point("name", "holding", 10, "string", {{"length", 3}}),
    point("setpoint", "holding", 13, "int16", {{"scale", 0.1}}),
    point("bit2", "holding", 14, "bool", {{"bit", 2}}),
    point("bit9", "holding", 14, "bool", {{"bit", 9}}),
    point("swapped", "holding", 15, "bool", {{"bit", 0}, {"byte_order", "little"}}),
    point("swapped_word", "holding", 15, "uint16"),
    point("fixed", "input", 0, "uint16", {{"writable", false}}),
};

struct Bench {
  explicit Bench(json model = kModel, json change = json::object())
      : server(model), plugin(create(host, config(server.port(), change))) {
    plugin.start();
  }
  static json config(int port, const json& change) {
    auto out = meter(port);
    out["points"] = kPoints;
    out.merge_patch(change);
    return out;
  }
  template <class T>
  void add(const std::string& property, T value) {
    batch.add(host.point("meter/" + property), 0, value);
  }
  // The statuses; `failure` keeps the message.
  std::vector<myriad_status> write() {
    std::vector<myriad_status> each(batch.size(), MYRIAD_E_INTERNAL);
    failure = failure_of([&] { each = plugin.write(batch); });
    batch.clear();
    return each;
  }
  json value(const std::string& property) const { return value_of(host.last("meter/" + property)); }

  Server server;
  TestHost host;
  TestHost::Instance plugin;
  Batch batch;
  myriad::Failure failure{MYRIAD_OK, ""};
};

void write_every_kind(Bench& bench) {
  bench.add("lamp1", true);
  bench.add("int16", std::int64_t{-5});
  bench.add("uint16", std::int64_t{65535});
  bench.add("int32", std::int64_t{-70000});
  bench.add("float32", 1.5);
  bench.add("float64", 2.25);
  bench.add("name", "Köln");
  bench.add("setpoint", 21.5);
  bench.add("bit9", true);
  bench.add("swapped", true);
  EXPECT_THAT(bench.write(), ::testing::Each(MYRIAD_OK)) << bench.failure.what();
}

void expect_every_kind(const Bench& bench) {
  EXPECT_EQ(bench.value("lamp1"), true);
  EXPECT_EQ(bench.value("int16"), -5);
  EXPECT_EQ(bench.value("uint16"), 65535);
  EXPECT_EQ(bench.value("int32"), -70000);
  EXPECT_EQ(bench.value("float32"), 1.5);
  EXPECT_EQ(bench.value("float64"), 2.25);
  EXPECT_EQ(bench.value("name"), "Köln");
  EXPECT_EQ(bench.value("setpoint"), 21.5);
  EXPECT_EQ(bench.value("bit9"), true);
  EXPECT_EQ(bench.value("swapped"), true);
}

TEST(Write, EveryKindArrives) {
  const struct {
    const char* name;
    json change;
    bool mask_write;
  } cases[] = {
      {"read back", {{"read_back", true}}, true},
      {"not read back", {{"read_back", false}}, true},
      {"always several", {{"write_function", "multiple"}}, true},
      {"without mask write", json::object(), false},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    json model = kModel;
    model["mask_write"] = c.mask_write;
    Bench bench(model, c.change);
    write_every_kind(bench);
    expect_every_kind(bench);
    bench.host.clear();
    bench.plugin.poll();
    expect_every_kind(bench);
    EXPECT_EQ(bench.value("lamp0"), false);
    EXPECT_EQ(bench.value("bit2"), false);
    EXPECT_EQ(bench.value("swapped_word"), 0x0100);
  }
}

TEST(Write, OneBitLeavesTheOthers) {
  for (const bool mask_write : {true, false}) {
    json model = kModel;
    model["mask_write"] = mask_write;
    Bench bench(model);
    bench.add("bit2", true);
    bench.add("bit9", true);
    bench.write();
    bench.add("bit2", false);
    EXPECT_THAT(bench.write(), ElementsAre(MYRIAD_OK));
    bench.plugin.poll();
    EXPECT_EQ(bench.value("bit2"), false);
    EXPECT_EQ(bench.value("bit9"), true);
  }
}

TEST(Write, NeighboursShareARequest) {
  Bench bench(kModel, {{"read_back", false}});
  bench.add("lamp0", true);
  bench.add("lamp1", true);
  bench.add("lamp2", true);
  bench.add("int16", std::int64_t{1});
  bench.add("uint16", std::int64_t{2});
  EXPECT_THAT(bench.write(), ::testing::Each(MYRIAD_OK));
  EXPECT_EQ(bench.host.metrics().at("requests"), 2);
  bench.plugin.poll();
  EXPECT_EQ(bench.value("lamp2"), true);
  EXPECT_EQ(bench.value("lamp3"), false);
  EXPECT_EQ(bench.value("uint16"), 2);
}

TEST(Write, WhatIsWrongStopsNothingElse) {
  Bench bench;
  bench.add("int16", std::int64_t{40000});
  bench.add("uint16", std::int64_t{4});
  bench.write();
  EXPECT_EQ(bench.failure.status(), MYRIAD_E_INVALID);
  EXPECT_STREQ(bench.failure.what(), "meter/int16: 40000 does not fit: write -32768 to 32767");
  EXPECT_EQ(bench.value("uint16"), 4) << "the good one was written";
  bench.add("fixed", std::int64_t{1});
  bench.write();
  EXPECT_EQ(bench.failure.status(), MYRIAD_E_UNSUPPORTED);
  EXPECT_THAT(bench.failure.what(), HasSubstr("'meter/fixed' is read-only"));
  bench.batch.add(4711u, 0, true);
  bench.write();
  EXPECT_EQ(bench.failure.status(), MYRIAD_E_INVALID);
  EXPECT_THAT(bench.failure.what(), HasSubstr("none of this instance's"));
}

TEST(Write, TheEquipmentsRefusalIsTold) {
  Bench bench(kModel, {{"points", {point("beyond", "holding", 50, "int16")}}});
  bench.add("beyond", std::int64_t{1});
  bench.write();
  EXPECT_EQ(bench.failure.status(), MYRIAD_E_UNSUPPORTED);
  EXPECT_THAT(bench.failure.what(), HasSubstr("unit 1: Illegal data address"));
}

TEST(Write, AwayIsUnavailableAndSaysSo) {
  Bench bench;
  bench.plugin.poll();
  bench.server.stop();
  bench.add("int16", std::int64_t{1});
  bench.write();
  EXPECT_EQ(bench.failure.status(), MYRIAD_E_UNAVAILABLE);
  EXPECT_THAT(bench.host.disconnect_reason(), HasSubstr("Connection refused"));
  EXPECT_EQ(bench.host.last("meter/int16").reading.quality, MYRIAD_BAD);
}

}  // namespace
}  // namespace modbus::testing
