// Instances in processes of their own, and what plugins serve themselves.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "api/test_site.h"

namespace myriad::api {
namespace {

using nlohmann::json;

class IsolationTest : public ApiTest {
 protected:
  static Answer make(const std::string& id, json more) {
    json draft{{"id", id}, {"plugin", "switch"}, {"config", {{"thing", id}}}};
    draft.update(more);
    return site().post("/api/v1/instances", draft.dump());
  }
};

TEST_F(IsolationTest, ShowsWhereAnInstanceRunsAndWithinWhichLimits) {
  const auto made = make("apart", {{"isolation", "process"}, {"quota", {{"memory_mb", 128}}}});
  ASSERT_EQ(made.status, 201) << made.text;
  EXPECT_EQ(made.body["state"], "running");
  EXPECT_EQ(made.body["isolation"], "process");
  EXPECT_EQ(made.body["quota"]["memory_mb"], 128);
  EXPECT_EQ(made.body["quota"]["readings_per_s"], 1'000'000);
  EXPECT_EQ(made.body["restarts"], 0);
  EXPECT_EQ(made.body["last_error"], nullptr);
  EXPECT_EQ(made.body["plugin_version"], "1.0.0");
  const std::string path = "/api/v1/instances/apart";
  const auto used = await(path, [](const json& i) { return i["usage"].is_object(); });
  EXPECT_GT(used.body["usage"]["memory_mb"], 0);

  const auto patched = site().patch(path, R"({"enabled":true})", {{"If-Match", made.field("ETag")}});
  EXPECT_EQ(patched.body["isolation"], "process") << "a patch of something else leaves its home";
  EXPECT_EQ(patched.body["quota"]["memory_mb"], 128);
  const auto moved = site().patch(path, R"({"isolation":"in_process"})", {{"If-Match", patched.field("ETag")}});
  EXPECT_EQ(moved.body["isolation"], "in_process") << moved.text;
  EXPECT_EQ(moved.body["state"], "running");
  EXPECT_EQ(moved.body["usage"], nullptr);
}

TEST_F(IsolationTest, RefusesWrongHomesAndQuotas) {
  const struct {
    const char* name;
    json more;
    const char* field;
  } cases[] = {{"unknown home", {{"isolation", "chroot"}}, "/isolation"},
               {"a home that is no text", {{"isolation", 1}}, "/isolation"},
               {"a quota that is no object", {{"quota", 5}}, "/quota"},
               {"an unknown quota", {{"quota", {{"discs", 1}}}}, "/quota/discs"},
               {"a quota too small to live on", {{"quota", {{"memory_mb", 1}}}}, "/quota/memory_mb"}};
  for (const auto& c : cases) {
    const auto answer = make("wrong", c.more);
    EXPECT_EQ(answer.status, 422) << c.name << answer.text;
    EXPECT_EQ(answer.body["field"], c.field) << c.name << answer.text;
  }
}

TEST_F(IsolationTest, PassesRequestsToThePlugin) {
  for (const char* home : {"in_process", "process"}) {
    const std::string id = std::string("web-") + home;
    ASSERT_EQ(make(id, {{"isolation", home}}).status, 201);
    const auto got = site().get("/x/" + id + "/a/b%20c?d=e");
    EXPECT_EQ(got.status, 202) << home;
    EXPECT_EQ(got.text, "GET /a/b%20c d=e admin ") << home;
    EXPECT_EQ(got.field("Content-Type"), "text/html");
    EXPECT_EQ(got.field("Content-Security-Policy"), "sandbox allow-scripts allow-forms") << "it is not the console";
    EXPECT_EQ(site().post("/x/" + id + "/", "hello").text, "POST /  admin hello") << home;
    EXPECT_EQ(site().get("/x/" + id + "/away").status, 503) << home;
    EXPECT_EQ(site().get("/x/" + id + "/silly").status, 500) << home;
    EXPECT_EQ(site().bare("GET", "/x/" + id + "/").status, 401) << home;
    ASSERT_EQ(site().post("/api/v1/instances/" + id + "/stop", "").status, 200);
    EXPECT_EQ(site().get("/x/" + id + "/").status, 409) << home;
  }
  EXPECT_EQ(site().get("/x/nobody/").status, 404);
}

}  // namespace
}  // namespace myriad::api
