#include <gtest/gtest.h>

#include "myriad/test_manifest.hpp"
#include "test_support.h"

namespace threshold {
namespace {

TEST(Manifest, FolderIsComplete) {
  for (const auto& problem : myriad::folder_problems(PLUGIN_DIR)) ADD_FAILURE() << problem;
}

TEST(Sample, Runs) {
  myriad::TestHost host;
  auto plugin = make(host, read_json(std::string(PLUGIN_DIR) + "/sample.json"));
  plugin.start();
  myriad::Batch batch;
  batch.add(host.point("pump-1/pressure"), 1'000'000'000, 4.0);
  plugin.process(batch);
  EXPECT_EQ(host.last("watch/pump-1_pressure_lost").reading.value.i64, 0);
}

TEST(Demo, WatchesTheCity) {
  const auto instances = read_json(std::string(PLUGIN_DIR) + "/../../../examples/demo/instances.json");
  const auto& limits = instances.at(1);
  ASSERT_EQ(limits.at("plugin"), "threshold");
  for (const auto& problem : myriad::unknown_options(manifest().at("config_schema"), limits.at("config")))
    ADD_FAILURE() << problem;
  myriad::TestHost host;
  make(host, limits.at("config"));
  EXPECT_EQ(host.patterns(), (std::vector<std::string>{"pump-*/temperature", "tank/level"}));
}

}  // namespace
}  // namespace threshold
