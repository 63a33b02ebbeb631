#include <gtest/gtest.h>

#include <fstream>
#include <myriad/test_host.hpp>

namespace {

class MyAnalyticsTest : public ::testing::Test {
 protected:
  auto create() {
    const auto manifest = nlohmann::json::parse(std::ifstream(MANIFEST));
    const nlohmann::json config{{"points", {"pump/*"}}, {"weight", 0.5}};
    return host_.create(myriad_plugin_entry_v1(MYRIAD_ABI), config.dump(), manifest["config_schema"]);
  }
  template <class T>
  void feed(myriad::TestHost::Instance& plugin, const char* point, T value, std::uint16_t quality = MYRIAD_GOOD) {
    myriad::Batch batch;
    batch.add(host_.point(point), ++time_, value, quality);
    plugin.process(batch);
  }
  double smooth() { return host_.last("pump/speed_smooth").reading.value.f64; }

  myriad::TestHost host_;
  std::int64_t time_ = 0;
};

TEST_F(MyAnalyticsTest, FollowsSlowly) {
  auto plugin = create();
  plugin.start();
  EXPECT_EQ(host_.patterns(), std::vector<std::string>{"pump/*"});
  feed(plugin, "pump/speed", 10.0);
  EXPECT_EQ(smooth(), 10.0);
  feed(plugin, "pump/speed", 20.0);
  EXPECT_EQ(smooth(), 15.0);
  EXPECT_EQ(host_.last("pump/speed_smooth").reading.time_ns, 2);
  EXPECT_EQ(host_.things()["pump"]["properties"]["speed_smooth"]["type"], "number");
}

TEST_F(MyAnalyticsTest, LeavesOutWhatIsNoGoodNumberAndItsOwnOutput) {
  auto plugin = create();
  plugin.start();
  feed(plugin, "pump/speed", 10.0, MYRIAD_BAD);
  feed(plugin, "pump/name", "P-101");
  feed(plugin, "pump/speed_smooth", 10.0);
  EXPECT_TRUE(host_.seen().empty());
}

TEST_F(MyAnalyticsTest, ARestartGoesOnWhereItStopped) {
  std::string state;
  {
    auto plugin = create();
    plugin.start();
    feed(plugin, "pump/speed", 10.0);
    state = plugin.save();
  }
  auto plugin = create();
  plugin.load(state);
  plugin.start();
  feed(plugin, "pump/speed", 20.0);
  EXPECT_EQ(smooth(), 15.0);
}

TEST_F(MyAnalyticsTest, AForeignStateIsNoObstacle) {
  for (const char* state : {"", "{", "[1]", "{\"pump/speed\":\"fast\"}"}) {
    auto plugin = create();
    plugin.load(state);
    plugin.start();
    feed(plugin, "pump/speed", 10.0);
    EXPECT_EQ(smooth(), 10.0) << state;
  }
}

TEST_F(MyAnalyticsTest, AFullQueueChangesNothing) {
  auto plugin = create();
  plugin.start();
  feed(plugin, "pump/speed", 10.0);
  host_.answer_publish(MYRIAD_E_AGAIN);
  EXPECT_THROW(feed(plugin, "pump/speed", 20.0), myriad::Failure);
  host_.answer_publish(MYRIAD_OK);
  feed(plugin, "pump/speed", 20.0);
  EXPECT_EQ(smooth(), 15.0);
}

}  // namespace
