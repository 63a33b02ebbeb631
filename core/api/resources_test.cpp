// The API's resources through real sockets: every route, and what it refuses.
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>

#include "api/test_site.h"

namespace myriad::api {
namespace {

using nlohmann::json;

class ResourcesTest : public ApiTest {};

// ---- Things

TEST_F(ResourcesTest, KeepsThings) {
  const auto made =
      site().post("/api/v1/things", R"({"title":"Main Meter [north]","properties":{"power":{"type":"number"}}})");
  ASSERT_EQ(made.status, 201) << made.text;
  EXPECT_EQ(made.body["name"], "main-meter-north");
  EXPECT_EQ(made.field("Location"), "/api/v1/things/main-meter-north");
  EXPECT_EQ(made.body["base"], "http://127.0.0.1:" + std::to_string(site().port()));
  EXPECT_EQ(made.body["myriad:origin"], json::array());
  EXPECT_EQ(site().post("/api/v1/things", R"({"name":"main-meter-north","title":"x"})").status, 409);

  const std::string path = "/api/v1/things/main-meter-north";
  const auto by_id = site().get("/api/v1/things/" + made.body["id"].get<std::string>());
  EXPECT_EQ(by_id.body, made.body);
  // cpp-httplib's client takes a 304 to last until the connection ends.
  const httplib::Headers known{{"If-None-Match", made.field("ETag")}, {"Connection", "close"}};
  EXPECT_EQ(site().get(path, known).status, 304);

  EXPECT_EQ(site().put(path, made.text).status, 428);
  EXPECT_EQ(site().put(path, made.text, {{"If-Match", "\"0\""}}).status, 412);
  auto td = made.body;
  td["description"] = "replaced";
  const auto replaced = site().put(path, td.dump(), {{"If-Match", made.field("ETag")}});
  ASSERT_EQ(replaced.status, 200) << replaced.text;
  EXPECT_EQ(replaced.body, td);
  const auto patched = site().patch(path, R"({"description":null})", {{"If-Match", replaced.field("ETag")}});
  EXPECT_FALSE(patched.body.contains("description"));
  EXPECT_EQ(site().remove(path, {{"If-Match", replaced.field("ETag")}}).status, 412);
  EXPECT_EQ(site().remove(path, {{"If-Match", patched.field("ETag")}}).status, 204);
  EXPECT_EQ(site().get(path).status, 404);
}

TEST_F(ResourcesTest, ListsThingsInPages) {
  for (const char* name : {"page-a", "page-b", "page-c"})
    site().post("/api/v1/things", json{{"name", name}, {"title", name}}.dump());
  const auto first = site().get("/api/v1/things?q=page-&limit=2");
  ASSERT_EQ(first.body["items"].size(), 2u) << first.text;
  const auto link = first.field("Link");
  const auto second = site().get(link.substr(1, link.find('>') - 1));
  EXPECT_EQ(second.body["items"][0]["name"], "page-c");
  EXPECT_EQ(second.body["next"], nullptr);
  for (const char* query : {"limit=0", "limit=1001", "limit=x", "limit=", "cursor=!"})
    EXPECT_EQ(site().get(std::string("/api/v1/things?") + query).status, 400) << query;
}

TEST_F(ResourcesTest, RefusesBadThings) {
  struct Case {
    const char *name, *body, *field;
  };
  const Case cases[] = {
      {"no title", "{}", "/title"},
      {"no name to be made", R"({"title":"计"})", "/name"},
      {"name is no slug", R"({"title":"x","name":"a/b"})", "/name"},
      {"type", R"({"title":"bad type","properties":{"p":{"type":"float"}}})", "/properties/p/type"},
      {"property name", R"({"title":"bad property","properties":{"a b":{}}})", "/properties/a b"},
  };
  for (const auto& c : cases) {
    const auto answer = site().post("/api/v1/things", c.body);
    EXPECT_EQ(answer.status, 400) << c.name << answer.text;
    EXPECT_EQ(answer.body["field"], c.field) << c.name << answer.text;
    EXPECT_EQ(answer.field("Content-Type"), "application/problem+json");
  }
  for (const char* body : {"", "[]", "null", "{", "{\"a\":1,\"a\":2}", "\xff"})
    EXPECT_EQ(site().post("/api/v1/things", body, {{"Content-Type", "application/json"}}).status, 400) << body;
}

// ---- Readings, latest values, history

TEST_F(ResourcesTest, TakesReadingsAndServesThem) {
  const auto taken = ingest("yard/temperature", 21.5, "2026-01-02T03:04:05.25Z");
  ASSERT_EQ(taken.status, 202) << taken.text;
  EXPECT_EQ(taken.body["accepted"], 1);
  EXPECT_GE(taken.body["sequence"].get<int>(), 1);

  const std::string path = "/api/v1/things/yard/properties/temperature";
  const auto latest = await(path, [](const json& v) { return v["quality"] == "good"; });
  EXPECT_EQ(latest.body, json::parse(R"({"value":21.5,"time":"2026-01-02T03:04:05.25Z","quality":"good"})"));
  EXPECT_EQ(site().get("/api/v1/things/yard/properties").body["temperature"], latest.body);
  EXPECT_EQ(site().get("/api/v1/things/yard").body["properties"]["temperature"]["type"], "number");
  EXPECT_EQ(site().get("/api/v1/things/yard/properties/nothing").status, 404);
  EXPECT_EQ(site().get("/api/v1/things/nowhere/properties/x").status, 404);

  const auto text = ingest("yard/temperature", "warm");
  EXPECT_EQ(text.status, 400);
  EXPECT_EQ(text.body["field"], "/readings/0/value");
}

TEST_F(ResourcesTest, TakesAllOrNothing) {
  const auto answer =
      site().post("/api/v1/readings",
                  R"({"readings":[{"point":"nothing/a","value":1},{"point":"nothing/b","value":1,"time":"x"}]})");
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.body["field"], "/readings/1/time");
  EXPECT_EQ(site().get("/api/v1/things/nothing").status, 404);
}

TEST_F(ResourcesTest, RefusesUnknownPointsWhenStrict) {
  const auto answer = site().post("/api/v1/readings?strict=true", R"({"readings":[{"point":"stranger/a","value":1}]})");
  EXPECT_EQ(answer.status, 404);
  EXPECT_EQ(answer.body["field"], "/readings/0/point");
  EXPECT_EQ(site().get("/api/v1/things/stranger").status, 404);
}

TEST_F(ResourcesTest, TakesLines) {
  const auto answer =
      site().post("/api/v1/readings",
                  "{\"point\":\"lines/a\",\"value\":1}\nbroken\n{\"point\":\"lines/a\",\"value\":\"text\"}\n"
                  "{\"point\":\"lines/a\",\"value\":2}\n",
                  {{"Content-Type", "application/x-ndjson"}});
  ASSERT_EQ(answer.status, 202) << answer.text;
  EXPECT_EQ(answer.body["accepted"], 2);
  EXPECT_EQ(answer.body["refused"], 2);
  ASSERT_EQ(answer.body["refusals"].size(), 2u);
  EXPECT_EQ(answer.body["refusals"][0]["line"], 2);
  EXPECT_EQ(answer.body["refusals"][1]["line"], 3);
}

TEST_F(ResourcesTest, RepeatsAnAnswerByItsKey) {
  const std::string body = R"({"readings":[{"point":"once/a","value":1}]})";
  const auto first = site().post("/api/v1/readings", body, {{"Idempotency-Key", "k1"}});
  const auto again = site().post("/api/v1/readings", body, {{"Idempotency-Key", "k1"}});
  EXPECT_EQ(again.body, first.body);
  EXPECT_EQ(again.field("Idempotency-Replayed"), "true");
  EXPECT_EQ(site().post("/api/v1/readings", "{}", {{"Idempotency-Key", "k1"}}).status, 422);
}

TEST_F(ResourcesTest, ServesHistoryInPages) {
  json readings = json::array();
  for (int i = 0; i < 10; ++i)
    for (const char* point : {"past/a", "past/b"})
      readings.push_back({{"point", point}, {"value", i}, {"time", "2026-03-01T00:00:0" + std::to_string(i) + "Z"}});
  readings[3]["quality"] = "bad";
  ASSERT_EQ(site().post("/api/v1/readings", json{{"readings", readings}}.dump()).status, 202);
  const std::string range = "&from=2026-03-01T00:00:00Z&to=2026-03-01T00:00:09Z";
  await("/api/v1/history?point=past/b" + range, [](const json& b) { return b["series"][0]["values"].size() == 9; });

  std::string path = "/api/v1/history?point=past/*&limit=7" + range;
  std::map<std::string, json> all;
  int pages = 0;
  for (; !path.empty() && pages < 10; ++pages) {
    const auto page = site().get(path);
    ASSERT_EQ(page.status, 200) << page.text;
    std::size_t rows = 0;
    for (const auto& series : page.body["series"])
      for (const auto& row : series["values"]) all[series["point"].get<std::string>()].push_back(row), ++rows;
    EXPECT_LE(rows, 7u);
    const auto link = page.field("Link");
    EXPECT_EQ(link.empty(), page.body["next"].is_null());
    path = link.empty() ? "" : link.substr(1, link.find('>') - 1);
  }
  EXPECT_EQ(pages, 3);
  ASSERT_EQ(all["past/a"].size(), 9u);
  ASSERT_EQ(all["past/b"].size(), 9u);
  EXPECT_EQ(all["past/a"][2], json::parse(R"(["2026-03-01T00:00:02Z",2])"));
  EXPECT_EQ(all["past/b"][1], json::parse(R"(["2026-03-01T00:00:01Z",1,"bad"])"));
}

TEST_F(ResourcesTest, RefusesBadHistoryQueries) {
  struct Case {
    const char *query, *field;
    int status;
  };
  const Case cases[] = {
      {"", "point", 400},
      {"point=no/where", "point", 404},
      {"point=a*&from=yesterday", "from", 400},
      {"point=a*&from=1969-01-01T00:00:00Z", "from", 400},
      {"point=a*&to=2300-01-01T00:00:00Z", "to", 400},
      {"point=a*&from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", "from", 400},
      {"point=a*&limit=1000001", "limit", 400},
      {"point=a*&cursor=abcd", "cursor", 400},
  };
  for (const auto& c : cases) {
    const auto answer = site().get(std::string("/api/v1/history?") + c.query);
    EXPECT_EQ(answer.status, c.status) << c.query << answer.text;
    EXPECT_EQ(answer.body["field"], c.field) << c.query;
  }
  EXPECT_EQ(site().get("/api/v1/history?point=zz*").body, json::parse(R"({"series":[],"next":null})"));
}

// ---- Instances and equipment

TEST_F(ResourcesTest, RunsInstances) {
  const auto made = make_switch("hall", {{"password", "secret word"}});
  ASSERT_EQ(made.status, 201) << made.text;
  EXPECT_EQ(made.field("Location"), "/api/v1/instances/hall");
  EXPECT_EQ(made.body["config"]["password"], nullptr);
  EXPECT_EQ(made.body["config"]["thing"], "hall");
  EXPECT_EQ(made.body["state"], "running");
  EXPECT_EQ(made.body["things"], json::array({"hall"}));
  EXPECT_EQ(make_switch("hall").status, 409);
  EXPECT_EQ(site().get("/api/v1/things/hall").body["myriad:origin"], json::array({"hall"}));

  const std::string path = "/api/v1/instances/hall";
  const auto read = site().get(path);
  EXPECT_EQ(read.field("ETag"), made.field("ETag"));
  EXPECT_EQ(read.body["connection"], json::parse(R"({"up":true,"reason":""})"));
  EXPECT_EQ(site().post(path + "/stop", "").body["state"], "stopped");
  EXPECT_EQ(site().put("/api/v1/things/hall/properties/relay", R"({"value":true})").status, 409);
  EXPECT_EQ(site().post(path + "/start", "").body["state"], "running");
  EXPECT_EQ(site().post(path + "/restart", "").body["state"], "running");

  EXPECT_EQ(site().patch(path, R"({"config":{"interval_ms":1000}})").status, 428);
  EXPECT_EQ(site().patch(path, R"({"config":{"interval_ms":1000}})", {{"If-Match", "\"0\""}}).status, 412);
  const auto patched = site().patch(path, R"({"config":{"interval_ms":1000,"password":null}})",
                                    {{"If-Match", site().get(path).field("ETag")}});
  ASSERT_EQ(patched.status, 200) << patched.text;
  EXPECT_EQ(patched.body["config"]["interval_ms"], 1000);
  EXPECT_TRUE(patched.body["config"].contains("password"));
  auto whole = patched.body;
  whole["config"].erase("interval_ms");
  const auto replaced = site().put(path, whole.dump(), {{"If-Match", patched.field("ETag")}});
  ASSERT_EQ(replaced.status, 200) << replaced.text;
  EXPECT_EQ(json::parse(site().parts().registry.instance("hall")->config)["password"], "secret word");

  EXPECT_EQ(site().get(path + "/logs").status, 200);
  EXPECT_EQ(site().get("/api/v1/instances?limit=1").body["items"].size(), 1u);
  EXPECT_EQ(site().remove(path).status, 428);
  EXPECT_EQ(site().remove(path, {{"If-Match", replaced.field("ETag")}}).status, 204);
  EXPECT_EQ(site().get(path).status, 404);
  EXPECT_EQ(site().get(path + "/logs").status, 404);
  EXPECT_EQ(site().post(path + "/start", "").status, 404);
}

TEST_F(ResourcesTest, RefusesBadInstances) {
  struct Case {
    const char *name, *body, *field;
    int status;
  };
  const Case cases[] = {
      {"no id", R"({"plugin":"switch","config":{"thing":"x"}})", "/id", 422},
      {"no slug", R"({"id":"a b","plugin":"switch","config":{"thing":"x"}})", "/id", 422},
      {"no plugin", R"({"id":"bad"})", "/plugin", 422},
      {"unknown plugin", R"({"id":"bad","plugin":"nope","config":{}})", "/plugin", 422},
      {"wrong type", R"({"id":"bad","plugin":"switch","config":{"thing":7}})", "/config/thing", 422},
      {"unknown member", R"({"id":"bad","plugin":"switch","config":{"thing":"x","colour":1}})", "/config/colour", 422},
      {"the plugin's own rule", R"({"id":"bad","plugin":"switch","config":{"thing":"forbidden"}})", "/config", 422},
      {"config is a list", R"({"id":"bad","plugin":"switch","config":[]})", "/config", 422},
      {"enabled", R"({"id":"bad","plugin":"switch","config":{"thing":"x"},"enabled":1})", "/enabled", 422},
  };
  for (const auto& c : cases) {
    const auto answer = site().post("/api/v1/instances", c.body);
    EXPECT_EQ(answer.status, c.status) << c.name << answer.text;
    EXPECT_EQ(answer.body.value("field", ""), c.field) << c.name << answer.text;
  }
  EXPECT_EQ(site().get("/api/v1/instances/bad").status, 404);
}

TEST_F(ResourcesTest, WritesToTheEquipmentAndReadsBack) {
  ASSERT_EQ(make_switch("door").status, 201);
  const std::string relay = "/api/v1/things/door/properties/relay";
  for (const bool value : {true, false, true}) {
    const auto written = site().put(relay, json{{"value", value}}.dump());
    ASSERT_EQ(written.status, 200) << written.text;
    EXPECT_EQ(written.body["value"], value);
  }
  EXPECT_EQ(site().get("/api/v1/things/door/properties/changes?live=true").body["value"], 3);
  EXPECT_EQ(site().put(relay, R"({"value":"on"})").body["field"], "/value");
  EXPECT_EQ(site().put(relay, R"({})").body["field"], "/value");
  EXPECT_EQ(site().put("/api/v1/things/door/properties/level", R"({"value":11})").status, 400);
  const auto read_only = site().put("/api/v1/things/door/properties/changes", R"({"value":1})");
  EXPECT_EQ(read_only.status, 405);
  EXPECT_EQ(read_only.field("Allow"), "GET");
  const auto level = site().get("/api/v1/things/door/properties/level");
  EXPECT_EQ(level.body, json::parse(R"({"value":null,"time":null,"quality":"stale","unit":"V"})"));
}

TEST_F(ResourcesTest, SaysWhyEquipmentIsAway) {
  ASSERT_EQ(make_switch("attic", {{"away", true}}).status, 201);
  EXPECT_EQ(await("/api/v1/instances/attic", [](const json& b) { return b["state"] == "degraded"; }).body["state"],
            "degraded");
  EXPECT_EQ(site().get("/api/v1/things/attic/properties/relay").body["reason"], "nobody answers");
  const auto written = site().put("/api/v1/things/attic/properties/relay", R"({"value":true})");
  EXPECT_EQ(written.status, 503) << written.text;
}

TEST_F(ResourcesTest, ListsPlugins) {
  const auto listed = site().get("/api/v1/plugins");
  ASSERT_EQ(listed.body["items"].size(), 1u) << listed.text;
  const auto& plugin = listed.body["items"][0];
  EXPECT_EQ(plugin["id"], "switch");
  EXPECT_EQ(plugin["state"], "loaded");
  EXPECT_EQ(plugin["titles"]["zh"], "开关");
  EXPECT_EQ(site().get("/api/v1/plugins/switch").body["config_schema"]["type"], "object");
  EXPECT_EQ(site().get("/api/v1/plugins/none").status, 404);
}

// ---- Events and the stream

TEST_F(ResourcesTest, ListsEventsNewestFirst) {
  site().post("/api/v1/things", R"({"name":"bell","title":"Bell"})");
  for (const int n : {1, 2, 3})
    ASSERT_TRUE(site().parts().registry.record_event({0, "bell", "rung", std::to_string(n), Nanos{1'000'000'000} * n}));
  const auto page = site().get("/api/v1/things/bell/events?limit=2");
  ASSERT_EQ(page.body["items"].size(), 2u) << page.text;
  EXPECT_EQ(page.body["items"][0],
            json::parse(R"({"thing":"bell","event":"rung","time":"1970-01-01T00:00:03Z","data":3})"));
  EXPECT_EQ(
      site().get("/api/v1/things/bell/events?cursor=" + page.body["next"].get<std::string>()).body["items"][0]["data"],
      1);
  EXPECT_EQ(site().get("/api/v1/things/nobody/events").status, 404);
}

TEST_F(ResourcesTest, StreamsReadingsFromTheLatestOn) {
  ASSERT_EQ(ingest("live/a", 1).status, 202);
  await("/api/v1/things/live/properties/a", [](const json& v) { return v["value"] == 1; });
  bool sent = false;
  const auto text = site().listen("/api/v1/stream?points=live/*", [&](const std::string& so_far) {
    if (!sent && has(so_far, "\"value\":1,")) sent = ingest("live/a", 2).status == 202;
    return has(so_far, "\"value\":2,");
  });
  EXPECT_TRUE(has(text, "event: readings\n")) << text;
  EXPECT_TRUE(has(text, "\"value\":2,")) << text;
  EXPECT_FALSE(has(text, "yard/")) << text;
}

TEST_F(ResourcesTest, StreamsEventsAndStates) {
  site().post("/api/v1/things", R"({"name":"gong","title":"Gong"})");
  ASSERT_EQ(make_switch("lamp").status, 201);
  bool done = false;
  const auto text = site().listen("/api/v1/stream?events=true&instances=true", [&](const std::string& so_far) {
    if (!done && has(so_far, "retry:")) {
      done = true;
      EXPECT_TRUE(site().parts().registry.record_event({0, "gong", "struck", "", 5}));
      site().post("/api/v1/instances/lamp/stop", "");
    }
    return has(so_far, "\"event\":\"struck\"") && has(so_far, "\"state\":\"stopped\"");
  });
  EXPECT_TRUE(has(text, "event: thing_event\n")) << text;
  EXPECT_TRUE(has(text, "event: instance\n")) << text;
  EXPECT_FALSE(has(text, "\"config\"")) << text;
}

TEST_F(ResourcesTest, ResumesTheStreamAfterAnId) {
  const auto before = ingest("again/a", 1).body["sequence"].get<std::uint64_t>();
  for (const int value : {2, 3, 4}) ingest("again/a", value);
  await("/api/v1/things/again/properties/a", [](const json& v) { return v["value"] == 4; });
  const auto text =
      site().listen("/api/v1/stream?points=again/a", [](const std::string& s) { return has(s, "\"value\":4,"); },
                    {{"Last-Event-ID", std::to_string(before)}});
  EXPECT_FALSE(has(text, "\"value\":1,")) << text;
  EXPECT_LT(text.find("\"value\":2,"), text.find("\"value\":3,")) << text;
  EXPECT_TRUE(has(text, "\nid: ")) << text;
  EXPECT_EQ(site().get("/api/v1/stream", {{"Last-Event-ID", "x"}}).status, 400);
}

}  // namespace
}  // namespace myriad::api
