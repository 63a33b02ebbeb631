#include "discovery.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace mqtt {
namespace {

TEST(Discovery, SensorOfAJsonTopic) {
  const auto d = discovery({"meter-1", "voltage", "V", "site/meter-1/voltage", false}, PayloadForm::json,
                           "homeassistant", "myriad-1");
  EXPECT_EQ(d.topic, "homeassistant/sensor/myriad-2d1-2fmeter-2d1-2fvoltage/config");
  const auto payload = nlohmann::json::parse(d.payload);
  EXPECT_EQ(payload["unique_id"], "myriad-2d1-2fmeter-2d1-2fvoltage");
  EXPECT_EQ(payload["state_topic"], "site/meter-1/voltage");
  EXPECT_EQ(payload["value_template"], "{{ value_json.value }}");
  EXPECT_EQ(payload["unit_of_measurement"], "V");
  EXPECT_EQ(payload["device"]["name"], "meter-1");
}

TEST(Discovery, BinarySensor) {
  const auto form = [](PayloadForm f) { return discovery({"m", "relay", "", "t", true}, f, "ha", "n"); };
  const auto d = form(PayloadForm::json);
  EXPECT_EQ(d.topic, "ha/binary_sensor/n-2fm-2frelay/config");
  const auto payload = nlohmann::json::parse(d.payload);
  EXPECT_EQ(payload["value_template"], "{{ 'ON' if value_json.value else 'OFF' }}");
  EXPECT_FALSE(payload.contains("unit_of_measurement"));
  EXPECT_EQ(nlohmann::json::parse(form(PayloadForm::value).payload)["value_template"],
            "{{ 'ON' if value == 'true' else 'OFF' }}");
}

TEST(Discovery, DifferentPointsNeverShareAnId) {
  const auto id = [](const char* thing, const char* property) {
    return discovery({thing, property, "", "t", false}, PayloadForm::json, "ha", "n").topic;
  };
  EXPECT_NE(id("a.b", "c"), id("a_b", "c"));
  EXPECT_NE(id("a_b", "c"), id("a", "b_c"));
  EXPECT_NE(id("a-2fb", "c"), id("a", "b-2fc"));
}

}  // namespace
}  // namespace mqtt
