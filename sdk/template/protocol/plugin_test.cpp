#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <myriad/test_host.hpp>

namespace {

// In a folder of its own, as an instance is.
class MyProtocolTest : public ::testing::Test {
 protected:
  MyProtocolTest() : home_(::testing::TempDir() + "my_protocol_" + std::to_string(::getpid())) {
    std::filesystem::create_directories(home_);
    std::filesystem::current_path(home_);
  }
  ~MyProtocolTest() override {
    std::filesystem::current_path(before_);
    std::filesystem::remove_all(home_);
  }

  auto create(const nlohmann::json& config = nlohmann::json::object()) {
    const auto manifest = nlohmann::json::parse(std::ifstream(MANIFEST));
    auto plugin = host_.create(myriad_plugin_entry_v1(MYRIAD_ABI), config.dump(), manifest["config_schema"]);
    plugin.start();
    return plugin;
  }
  static std::vector<nlohmann::json> lines() {
    std::vector<nlohmann::json> out;
    std::ifstream in("readings.ndjson");
    for (std::string line; std::getline(in, line);) out.push_back(nlohmann::json::parse(line));
    return out;
  }

  myriad::TestHost host_;
  const std::filesystem::path before_ = std::filesystem::current_path(), home_;
};

TEST_F(MyProtocolTest, WritesALineForEachReading) {
  auto plugin = create();
  myriad::Batch batch;
  batch.add(host_.point("pump/speed"), 5, 3.5);
  batch.add(host_.point("pump/running"), 6, true, MYRIAD_BAD);
  batch.add(host_.point("pump/name"), 7, "P-101");
  plugin.deliver(batch);
  plugin.deliver(batch);
  const auto seen = lines();
  ASSERT_EQ(seen.size(), 6u);
  EXPECT_EQ(seen[0], (nlohmann::json{{"point", "pump/speed"}, {"time_ns", 5}, {"value", 3.5}, {"good", true}}));
  EXPECT_EQ(seen[1]["value"], true);
  EXPECT_EQ(seen[1]["good"], false);
  EXPECT_EQ(seen[5]["value"], "P-101");
  EXPECT_EQ(host_.metrics().at("lines"), 6);
}

TEST_F(MyProtocolTest, AsksForThePointsOfItsConfiguration) {
  auto plugin = create({{"points", {"pump/*", "fan/speed"}}});
  EXPECT_EQ(host_.patterns(), (std::vector<std::string>{"pump/*", "fan/speed"}));
}

TEST_F(MyProtocolTest, WhatCannotBeWrittenIsDeliveredAgain) {
  std::filesystem::create_directory("readings.ndjson");
  auto plugin = create();
  myriad::Batch batch;
  batch.add(host_.point("pump/speed"), 5, 3.5);
  try {
    plugin.deliver(batch);
    FAIL() << "deliver() claims to have written";
  } catch (const myriad::Failure& failure) {
    EXPECT_EQ(failure.status(), MYRIAD_E_UNAVAILABLE);
  }
  std::filesystem::remove("readings.ndjson");
  plugin.deliver(batch);
  EXPECT_EQ(lines().size(), 1u);
}

}  // namespace
