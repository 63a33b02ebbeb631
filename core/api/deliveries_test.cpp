// Over HTTP: what a sink refuses, and beginning again.
#include <gtest/gtest.h>

#include "api/test_site.h"

namespace myriad::api {
namespace {

using nlohmann::json;

class Deliveries : public ApiTest {};

TEST_F(Deliveries, ShowsRetriesAndForgetsDeadLetters) {
  ASSERT_EQ(make_switch("out", {{"inputs", {"letters/*"}}, {"refuses_text", true}}).status, 201);
  ASSERT_EQ(ingest("letters/number", 1).status, 202);
  ASSERT_EQ(ingest("letters/text", "bad", "2026-11-22T08:00:00Z").status, 202);
  ASSERT_EQ(ingest("letters/text", "worse").status, 202);
  const std::string out = "/api/v1/instances/out";
  const auto buried = [](std::uint64_t count) {
    return [count](const json& i) { return i["delivery"]["dead_letters"] == count; };
  };
  const auto shown = await(out, buried(2));
  EXPECT_EQ(shown.body["delivery"]["dead_letters"], 2) << shown.text;
  EXPECT_GE(shown.body["delivery"]["delivered"], 1);
  EXPECT_GE(shown.body["delivery"]["retries"], 1);

  const auto page = site().get(out + "/dead-letters?limit=1");
  ASSERT_EQ(page.body["items"].size(), 1u) << page.text;
  const auto& letter = page.body["items"][0];
  EXPECT_EQ(letter["point"], "letters/text");
  EXPECT_EQ(letter["value"], "bad");
  EXPECT_EQ(letter["time"], "2026-11-22T08:00:00Z");
  EXPECT_EQ(letter["reason"], "no text, please");
  EXPECT_EQ(letter["count"], 1);
  const auto rest = site().get(out + "/dead-letters?cursor=" + page.body["next"].get<std::string>());
  ASSERT_EQ(rest.body["items"].size(), 1u) << rest.text;
  EXPECT_EQ(rest.body["items"][0]["value"], "worse");
  EXPECT_TRUE(rest.body["next"].is_null());
  EXPECT_TRUE(
      has(site().bare("GET", "/metrics").text, "myriad_instance_dead_letters{instance=\"out\",plugin=\"switch\"} 2\n"));

  EXPECT_EQ(site().post(out + "/dead-letters/retry", "").body["dead_letters"], 2);
  const auto again = await(out + "/dead-letters", [](const json& p) { return p["items"][1]["count"] == 2; });
  EXPECT_EQ(again.body["items"].size(), 2u) << again.text;
  EXPECT_EQ(site().remove(out + "/dead-letters").status, 204);
  EXPECT_EQ(site().get(out + "/dead-letters").body["items"], json::array());
  EXPECT_EQ(site().get("/api/v1/instances/nobody/dead-letters").status, 404);
  ASSERT_EQ(site().post(out + "/stop", "").status, 200);
  EXPECT_EQ(site().post(out + "/dead-letters/retry", "").status, 409);
}

TEST_F(Deliveries, BeginsAgain) {
  ASSERT_EQ(make_switch("again", {{"inputs", {"replayed/*"}}}).status, 201);
  const auto first = ingest("replayed/number", 1).body["sequence"].get<std::uint64_t>();
  const auto replay = [](const json& body) { return site().post("/api/v1/instances/again/replay", body.dump()); };
  const auto delivered = [&] { return site().get("/api/v1/instances/again").body["delivery"]["delivered"]; };
  await("/api/v1/instances/again", [](const json& i) { return i["delivery"]["delivered"] == 1; });
  EXPECT_EQ(delivered(), 1);
  const auto moved = replay({{"sequence", first}});
  EXPECT_EQ(moved.status, 202) << moved.text;
  EXPECT_EQ(moved.body["sequence"], first);
  EXPECT_EQ(moved.body["complete"], true);
  EXPECT_TRUE(moved.body["committed"].is_string());
  await("/api/v1/instances/again", [](const json& i) { return i["delivery"]["delivered"] == 2; });
  EXPECT_EQ(delivered(), 2);
  EXPECT_LE(replay({{"from", moved.body["committed"]}}).body["sequence"], first) << "what was committed with it";
  const auto late = replay({{"from", "2200-01-01T00:00:00Z"}});
  EXPECT_GT(late.body["sequence"], first);
  EXPECT_TRUE(late.body["committed"].is_null());

  struct Case {
    json body;
    int status;
    const char* field;
  };
  for (const Case& c : std::vector<Case>{{json::object(), 422, "/from"},
                                         {{{"from", "noon"}}, 422, "/from"},
                                         {{{"sequence", -1}}, 422, "/sequence"},
                                         {{{"sequence", 1'000'000'000}}, 422, "/sequence"},
                                         {{{"sequence", 1}, {"from", "2026-01-01T00:00:00Z"}}, 422, "/from"}}) {
    const auto refused = replay(c.body);
    EXPECT_EQ(refused.status, c.status) << c.body << refused.text;
    EXPECT_EQ(refused.body["field"], c.field) << c.body << refused.text;
  }
  ASSERT_EQ(make_switch("no-sink").status, 201);
  EXPECT_EQ(site().post("/api/v1/instances/no-sink/replay", R"({"sequence":1})").status, 409);
}

}  // namespace
}  // namespace myriad::api
