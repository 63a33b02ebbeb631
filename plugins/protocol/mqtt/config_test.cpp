#include "config.h"

#include <gtest/gtest.h>

#include "test_support.h"

namespace mqtt {
namespace {

using test::json;

std::string error_of(const json& config) {
  try {
    parse_options(test::complete(config));
    return "";
  } catch (const myriad::Failure& failure) {
    EXPECT_EQ(failure.status(), MYRIAD_E_INVALID);
    return failure.what();
  }
}

TEST(Config, SampleIsUnderstood) {
  const auto sample = json::parse(test::read_file(test::fs::path(PLUGIN_DIR) / "sample.json"));
  const auto options = parse_options(test::complete(sample));
  EXPECT_EQ(options.host, "127.0.0.1");
  ASSERT_EQ(options.subscribe.size(), 1u);
  EXPECT_EQ(options.subscribe[0].qos, 1);
  EXPECT_TRUE(options.subscribe[0].timed);
  ASSERT_EQ(options.publish.size(), 1u);
  EXPECT_EQ(options.publish[0].points, std::vector<std::string>{"meter/*"});
}

TEST(Config, HostAloneIsEnough) {
  EXPECT_EQ(error_of({{"host", "broker"}}), "");
}

TEST(Config, ErrorsNameThePlace) {
  const auto subscribe = [](json item) {
    item.emplace("thing", "x");
    return json{{"host", "b"}, {"subscribe", json::array({item})}};
  };
  const auto publish = [](const char* topic) {
    return json{{"host", "b"}, {"publish", {{{"points", {"*"}}, {"topic", topic}}}}};
  };
  const struct {
    const char* name;
    json config;
    const char* part;
  } cases[] = {
      {"no host", json::object(), "/host is missing"},
      {"port", {{"host", "b"}, {"port", 70000}}, "/port: 70000"},
      {"version", {{"host", "b"}, {"version", "4"}}, "/version: '4' is not one of '3.1.1', '5'"},
      {"filter", subscribe({{"topic", "a/#/b"}}), "/subscribe/0/topic: 'a/#/b' is no topic filter"},
      {"capture", subscribe({{"topic", "a/+"}, {"thing", "{2}"}}), "/subscribe/0/thing: {2} has no wildcard"},
      {"capture in property", subscribe({{"topic", "a"}, {"values", {{{"property", "{1}"}}}}}),
       "/subscribe/0/values/0/property: {1} has no wildcard"},
      {"pointer", subscribe({{"topic", "a"}, {"values", {{{"property", "p"}, {"pointer", "t"}}}}}),
       "/subscribe/0/values/0/pointer: 't' is no JSON pointer"},
      {"time", subscribe({{"topic", "a"}, {"time", "ts"}}), "/subscribe/0/time: 'ts' is no JSON pointer"},
      {"QoS 2 in", subscribe({{"topic", "a"}, {"qos", 2}}), "/subscribe/0/qos: 2 is not from 0 to 1"},
      {"wildcard out", publish("site/#"), "/publish/0/topic: 'site/#' is no topic to send to"},
      {"unknown placeholder", publish("site/{unit}"), "/publish/0/topic: 'site/{unit}'"},
      {"half a certificate", {{"host", "b"}, {"tls", {{"cert_file", "c.pem"}}}}, "/tls: cert_file and key_file"},
      {"password alone", {{"host", "b"}, {"password", "p"}}, "/username: is empty"},
      {"secret alone", {{"host", "b"}, {"password_secret", "p"}}, "/username: is empty"},
      {"two passwords",
       {{"host", "b"}, {"username", "u"}, {"password", "p"}, {"password_secret", "p"}},
       "/password_secret: names a secret, and a password is given too"},
      {"discovery prefix", {{"host", "b"}, {"home_assistant", {{"prefix", "a/+"}}}}, "/home_assistant/prefix: 'a/+'"},
  };
  for (const auto& c : cases)
    EXPECT_NE(error_of(c.config).find(c.part), std::string::npos) << c.name << ": " << error_of(c.config);
}

void check_documented(const json& node, const std::string& path, const std::string& readme) {
  if (node.contains("items")) check_documented(node["items"], path, readme);
  if (!node.contains("properties")) return;
  for (const auto& [name, property] : node["properties"].items()) {
    EXPECT_NE(readme.find("`" + name + "`"), std::string::npos) << path << "/" << name << " is not in README.md";
    EXPECT_TRUE(property.contains("title") && property["titles"].contains("zh")) << path << "/" << name;
    EXPECT_EQ(property.contains("description"), property.contains("descriptions")) << path << "/" << name;
    check_documented(property, path + "/" + name, readme);
  }
}

TEST(Config, EveryOptionIsDocumentedAndTranslated) {
  const auto readme = test::read_file(test::fs::path(PLUGIN_DIR) / "README.md");
  check_documented(test::schema(), "", readme);
  EXPECT_NE(readme.find(test::read_file(test::fs::path(PLUGIN_DIR) / "sample.json")), std::string::npos)
      << "README.md must show sample.json as it is";
}

}  // namespace
}  // namespace mqtt
