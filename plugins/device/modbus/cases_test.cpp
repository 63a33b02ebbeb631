// Runs every folder of cases/: config.json against a pymodbus server with server.json; one poll gives expected.json.
#include <gtest/gtest.h>

#include "testing/peer.h"

namespace modbus::testing {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> cases() {
  std::vector<std::string> out;
  for (const auto& entry : fs::directory_iterator(fs::path(PLUGIN_DIR) / "cases"))
    out.push_back(entry.path().filename().string());
  std::ranges::sort(out);
  return out;
}

class Cases : public ::testing::TestWithParam<std::string> {};

TEST_P(Cases, ReadsWhatIsExpected) {
  const auto folder = fs::path(PLUGIN_DIR) / "cases" / GetParam();
  const Server server(load(folder / "server.json"));
  auto config = load(folder / "config.json");
  config["port"] = server.port();
  const auto expected = load(folder / "expected.json");

  myriad::TestHost host;
  auto plugin = create(host, config);
  plugin.start();
  plugin.poll();

  EXPECT_EQ(host.seen().size(), expected["readings"].size()) << "each point is published once";
  for (const auto& [point, want] : expected["readings"].items()) {
    const auto got = host.last(point);
    EXPECT_EQ(value_of(got), want["value"]) << point;
    EXPECT_EQ(value_of(got).type() == nlohmann::json::value_t::number_float, want["value"].is_number_float()) << point;
    EXPECT_EQ(got.reading.quality, want.value("quality", "good") == "good" ? MYRIAD_GOOD : MYRIAD_BAD) << point;
  }
  if (expected.contains("requests")) {
    EXPECT_EQ(host.metrics().at("requests"), expected["requests"]);
  }
  EXPECT_TRUE(host.is_connected());
}

INSTANTIATE_TEST_SUITE_P(Modbus, Cases, ::testing::ValuesIn(cases()), [](const auto& test) { return test.param; });

}  // namespace
}  // namespace modbus::testing
