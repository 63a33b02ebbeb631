#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <myriad/test_host.hpp>

namespace {

class MyDeviceTest : public ::testing::Test {
 protected:
  MyDeviceTest() : file_(::testing::TempDir() + "temp_" + std::to_string(::getpid())) {}
  ~MyDeviceTest() override { std::filesystem::remove(file_); }

  auto create() {
    const auto manifest = nlohmann::json::parse(std::ifstream(MANIFEST));
    const nlohmann::json config{{"thing", "room"}, {"file", file_}};
    auto plugin = host_.create(myriad_plugin_entry_v1(MYRIAD_ABI), config.dump(), manifest["config_schema"]);
    plugin.start();
    return plugin;
  }
  void sensor_shows(const std::string& text) { std::ofstream(file_) << text; }

  myriad::TestHost host_;
  const std::string file_;
};

TEST_F(MyDeviceTest, PublishesDegrees) {
  sensor_shows("21500\n");
  auto plugin = create();
  plugin.poll();
  EXPECT_EQ(host_.last("room/temperature").reading.value.f64, 21.5);
  EXPECT_EQ(host_.things()["room"]["properties"]["temperature"]["unit"], "Cel");
  EXPECT_TRUE(host_.is_connected());
}

TEST_F(MyDeviceTest, KeepsTheLastValueAsBadWhileTheSensorIsAway) {
  sensor_shows("-5000");
  auto plugin = create();
  plugin.poll();
  std::filesystem::remove(file_);
  EXPECT_THROW(plugin.poll(), myriad::Failure);
  EXPECT_EQ(host_.last("room/temperature").reading.value.f64, -5.0);
  EXPECT_EQ(host_.last("room/temperature").reading.quality, MYRIAD_BAD);
  EXPECT_FALSE(host_.is_connected());
  sensor_shows("1000");
  plugin.poll();
  EXPECT_EQ(host_.last("room/temperature").reading.quality, MYRIAD_GOOD);
}

TEST_F(MyDeviceTest, SaysWhatIsWrongWithTheFile) {
  sensor_shows("hot");
  auto plugin = create();
  try {
    plugin.poll();
    FAIL() << "poll() accepted a file without a number";
  } catch (const myriad::Failure& failure) {
    EXPECT_EQ(failure.status(), MYRIAD_E_UNAVAILABLE);
    EXPECT_EQ(failure.what(), file_ + " holds no number");
  }
}

}  // namespace
