// Plugins through REST: installed, upgraded, rolled back and removed while their instances run.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "api/test_site.h"
#include "plugin_host/package.h"

namespace myriad::api {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

class LifecycleTest : public ::testing::Test {
 protected:
  // A package of the switch, its manifest changed by `patch` (RFC 7396).
  std::string package(const std::string& version, json patch = json::object()) {
    const auto folder = dir_ / version / "switch";
    std::filesystem::create_directories(folder.parent_path());
    std::filesystem::copy(std::filesystem::path(TEST_PLUGINS) / "switch", folder);
    auto manifest = json::parse(std::ifstream(folder / "manifest.json"));
    manifest["version"] = version;
    manifest.merge_patch(patch);
    std::ofstream(folder / "manifest.json") << manifest;
    const auto file = dir_ / (version + ".mpk");
    const auto packed = plugin_host::pack(folder, file);
    EXPECT_TRUE(packed) << packed.error().message;
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  Answer install(const std::string& bytes, const std::string& query = "") {
    const std::string body = "--line\r\nContent-Disposition: form-data; name=\"package\"; filename=\"a.mpk\"\r\n\r\n" +
                             bytes + "\r\n--line--\r\n";
    return site_.post("/api/v1/plugins" + query, body, {{"Content-Type", "multipart/form-data; boundary=line"}});
  }
  Answer make(const std::string& id) {
    return site_.post("/api/v1/instances",
                      json{{"id", id}, {"plugin", "switch"}, {"config", {{"thing", id}, {"interval_ms", 20}}}}.dump());
  }
  json instance(const std::string& id) { return site_.get("/api/v1/instances/" + id).body; }

  TempDir dir_;
  TestSite site_;
};

TEST_F(LifecycleTest, UpgradesRollsBackAndRemoves) {
  ASSERT_EQ(make("one").status, 201);
  const auto up = install(package("2.0.0"));
  ASSERT_EQ(up.status, 201) << up.text;
  EXPECT_EQ(up.field("Location"), "/api/v1/plugins/switch");
  EXPECT_EQ(up.body["version"], "2.0.0");
  EXPECT_EQ(up.body["from"], "1.0.0");
  EXPECT_EQ(up.body["warning"], "nobody signed it");
  EXPECT_EQ(up.body["moved"], json::parse(R"([{"instance":"one","kept":null}])"));
  EXPECT_EQ(up.body["versions"].size(), 2u);
  EXPECT_EQ(instance("one")["plugin_version"], "2.0.0");
  EXPECT_EQ(instance("one")["state"], "running");
  EXPECT_EQ(install(package("2.0.0-again", {{"version", "2.0.0"}})).status, 409) << "a version comes once";

  const auto in_use = site_.remove("/api/v1/plugins/switch");
  EXPECT_EQ(in_use.status, 409);
  EXPECT_THAT(in_use.text, HasSubstr("in use by one"));

  const auto back = site_.post("/api/v1/plugins/switch/rollback", "");
  ASSERT_EQ(back.status, 200) << back.text;
  EXPECT_EQ(back.body["version"], "1.0.0");
  EXPECT_EQ(instance("one")["plugin_version"], "1.0.0");
  EXPECT_EQ(site_.post("/api/v1/plugins/switch/rollback", "").status, 404) << "nothing is older";
  EXPECT_EQ(site_.post("/api/v1/plugins/switch/rollback", R"({"version":"9.0.0"})").status, 404);

  EXPECT_EQ(site_.remove("/api/v1/plugins/switch?version=2.0.0").status, 204);
  EXPECT_EQ(site_.remove("/api/v1/plugins/switch").status, 409) << "what came with the program stays";
  EXPECT_EQ(site_.get("/api/v1/plugins/switch").body["versions"].size(), 1u);
}

TEST_F(LifecycleTest, TwoVersionsRunSideBySide) {
  ASSERT_EQ(make("old").status, 201);
  const auto beside = install(package("2.0.0"), "?move=false");
  ASSERT_EQ(beside.status, 201) << beside.text;
  ASSERT_EQ(make("new").status, 201);
  EXPECT_EQ(instance("old")["plugin_version"], "1.0.0");
  EXPECT_EQ(instance("new")["plugin_version"], "2.0.0");
  EXPECT_EQ(instance("old")["state"], "running");
  EXPECT_EQ(instance("new")["state"], "running");
}

TEST_F(LifecycleTest, MigratesConfigurationsAndGivesThemBack) {
  ASSERT_EQ(make("one").status, 201);
  const json renamed{
      {"config_schema", {{"properties", {{"interval_ms", nullptr}, {"every_ms", {{"type", "integer"}}}}}}}};
  const auto unfit = install(package("2.0.0", renamed));
  EXPECT_EQ(unfit.status, 409) << unfit.text;
  EXPECT_THAT(unfit.text, HasSubstr("one (/interval_ms"));
  EXPECT_EQ(instance("one")["plugin_version"], "1.0.0");
  auto migrating = renamed;
  migrating["migrations"] =
      json::parse(R"([{"before":"2.1.0","patch":[{"op":"move","from":"/interval_ms","path":"/every_ms"}]}])");
  const auto up = install(package("2.1.0", migrating));
  ASSERT_EQ(up.status, 201) << up.text;
  EXPECT_EQ(instance("one")["config"]["every_ms"], 20);
  EXPECT_FALSE(instance("one")["config"].contains("interval_ms"));
  ASSERT_EQ(site_.post("/api/v1/plugins/switch/rollback", R"({"version":"1.0.0"})").status, 200);
  EXPECT_EQ(instance("one")["config"]["interval_ms"], 20);
}

TEST_F(LifecycleTest, AnInstanceThatGetsWorseGoesBackAlone) {
  ASSERT_EQ(make("weak").status, 201);
  ASSERT_EQ(
      site_
          .post("/api/v1/instances",
                json{{"id", "strong"}, {"plugin", "switch"}, {"config", {{"thing", "strong"}, {"away", false}}}}.dump())
          .status,
      201);
  const auto up = install(package("2.0.0", {{"config_schema", {{"properties", {{"away", {{"default", true}}}}}}}}));
  ASSERT_EQ(up.status, 201) << up.text;
  EXPECT_EQ(instance("strong")["plugin_version"], "2.0.0");
  EXPECT_EQ(instance("weak")["plugin_version"], "1.0.0");
  EXPECT_EQ(instance("weak")["state"], "running");
  EXPECT_THAT(up.body["moved"].dump(), HasSubstr("went back"));
}

TEST_F(LifecycleTest, RefusesWhatIsNoPackage) {
  EXPECT_EQ(site_.post("/api/v1/plugins", "{}").status, 400);
  EXPECT_EQ(site_.post("/api/v1/plugins", "--x", {{"Content-Type", "multipart/form-data; boundary=line"}}).status, 400);
  EXPECT_EQ(install("this is no archive").status, 422);
  EXPECT_EQ(site_.remove("/api/v1/plugins/nobody").status, 404);
}

}  // namespace
}  // namespace myriad::api
