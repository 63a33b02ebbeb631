#include <gtest/gtest.h>

#include "config.h"
#include "myriad/test_manifest.hpp"
#include "test_support.h"

namespace simulator {
namespace {

TEST(Manifest, FolderIsComplete) {
  for (const auto& problem : myriad::folder_problems(PLUGIN_DIR)) ADD_FAILURE() << problem;
}

TEST(Manifest, OffersEveryModelAndNoOther) {
  const auto offered = manifest()
                           .at("/config_schema/properties/things/items/properties/model/enum"_json_pointer)
                           .get<std::set<std::string>>();
  std::set<std::string> built = {"none"};
  for (const auto& model : models()) built.emplace(model.id);
  EXPECT_EQ(offered, built);
}

TEST(Sample, Runs) {
  myriad::TestHost host;
  auto plugin = make(host, read_json(std::string(PLUGIN_DIR) + "/sample.json"));
  plugin.start();
  plugin.poll();
  EXPECT_EQ(host.things().size(), 12u);
  EXPECT_EQ(host.last("tank/setpoint").reading.value.f64, 2.5);
}

TEST(Demo, IsASmallCity) {
  const auto instances = read_json(std::string(PLUGIN_DIR) + "/../../../examples/demo/instances.json");
  const auto& city = instances.at(0);
  ASSERT_EQ(city.at("plugin"), "simulator");
  for (const auto& problem : myriad::unknown_options(manifest().at("config_schema"), city.at("config")))
    ADD_FAILURE() << problem;
  myriad::TestHost host;
  auto plugin = make(host, city.at("config"));
  plugin.start();
  plugin.poll();
  EXPECT_EQ(host.things().size(), 25u);
}

}  // namespace
}  // namespace simulator
