// The API through real sockets: its document, sessions, and what belongs to no resource.
#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>

#include "api/embedded.h"
#include "api/test_site.h"

namespace myriad::api {
namespace {

using nlohmann::json;

// ---- The document

TEST_F(ApiTest, ServesExactlyWhatItsDocumentSays) {
  const auto document = site().bare("GET", "/api/v1/openapi.json").body;
  EXPECT_EQ(document["openapi"], "3.1.0");
  std::set<std::string> documented;
  for (const auto& [path, operations] : document["paths"].items())
    for (const auto& [method, operation] : operations.items()) {
      std::string upper = method;
      for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
      documented.insert(upper + ' ' + path);
    }
  const auto routes = site().api().routes();
  EXPECT_EQ(documented, std::set<std::string>(routes.begin(), routes.end()));
}

TEST_F(ApiTest, DocumentRefersOnlyToWhatItHas) {
  const auto document = json::parse(embedded_openapi().bytes);
  const std::function<void(const json&)> check = [&](const json& node) {
    if (node.is_object() && node.contains("$ref")) {
      const auto ref = node["$ref"].get<std::string>();
      EXPECT_TRUE(document.contains(json::json_pointer(ref.substr(1)))) << ref;
    }
    if (node.is_structured())
      for (const auto& child : node) check(child);
  };
  check(document);
}

TEST_F(ApiTest, EveryRouteButTheOpenOnesAsksWho) {
  const std::set<std::string> open{
      "POST /api/v1/auth/login", "GET /healthz", "GET /readyz", "GET /metrics", "GET /.well-known/wot",
      "GET /api/v1/openapi.json"};
  for (const auto& route : site().api().routes()) {
    if (open.contains(route)) continue;
    const auto space = route.find(' ');
    const auto path = std::regex_replace(route.substr(space + 1), std::regex("\\{[a-z]+\\}"), "x");
    const auto answer = site().bare(route.substr(0, space), path, "{}");
    EXPECT_EQ(answer.status, 401) << route;
    EXPECT_EQ(answer.body["code"], "unauthenticated") << route;
    EXPECT_NE(answer.field("WWW-Authenticate"), "") << route;
  }
}

// ---- Sessions

TEST_F(ApiTest, SignsInAndOut) {
  const std::string credentials = json{{"username", "admin"}, {"password", test_password}}.dump();
  const auto session = site().bare("POST", "/api/v1/auth/login", credentials, {{"X-Myriad-Console", "1"}});
  ASSERT_EQ(session.status, 200) << session.text;
  EXPECT_EQ(session.body["user"],
            json::parse(R"({"name":"admin","role":"administrator","must_change_password":false})"));
  const std::string cookie = session.field("Set-Cookie");
  EXPECT_NE(cookie.find("HttpOnly; SameSite=Strict"), std::string::npos) << cookie;
  EXPECT_EQ(cookie.find("Secure"), std::string::npos) << cookie;

  const httplib::Headers by_cookie{{"Cookie", "other=1; " + cookie.substr(0, cookie.find(';'))}};
  const auto me = site().bare("GET", "/api/v1/auth/me", "", by_cookie);
  EXPECT_EQ(me.body["name"], "admin");
  EXPECT_EQ(me.body["csrf_token"], session.body["csrf_token"]);

  const auto thing = R"({"title":"Cookie made"})";
  EXPECT_EQ(site().bare("POST", "/api/v1/things", thing, by_cookie).status, 403);
  auto with_csrf = by_cookie;
  with_csrf.emplace("X-CSRF-Token", session.body["csrf_token"].get<std::string>());
  EXPECT_EQ(site().bare("POST", "/api/v1/things", thing, with_csrf).status, 201);

  const auto bye = site().bare("POST", "/api/v1/auth/logout", "", with_csrf);
  EXPECT_EQ(bye.status, 204);
  EXPECT_EQ(bye.field("Content-Length"), "");
  EXPECT_EQ(site().bare("GET", "/api/v1/auth/me", "", by_cookie).status, 401);
}

TEST_F(ApiTest, RefusesWrongCredentials) {
  EXPECT_EQ(site().bare("POST", "/api/v1/auth/login", R"({"username":"admin","password":"wrong"})").status, 401);
  EXPECT_EQ(site().bare("POST", "/api/v1/auth/login", R"({"username":"admin"})").status, 400);
  EXPECT_EQ(site().bare("POST", "/api/v1/auth/login", R"({"username":7,"password":"x"})").body["field"], "/username");
  for (const char* token : {"", "x", "a.b.c", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiJ9."})
    EXPECT_EQ(site().bare("GET", "/api/v1/things", "", {{"Authorization", std::string("Bearer ") + token}}).status, 401)
        << token;
  const auto brief = site().post("/api/v1/auth/password", json{{"current", test_password}, {"new", "short"}}.dump());
  EXPECT_EQ(brief.status, 400);
  EXPECT_EQ(brief.body["field"], "/new");
}

// ---- The site

TEST_F(ApiTest, SaysHowItIs) {
  EXPECT_EQ(site().bare("GET", "/healthz").body, json::parse(R"({"status":"ok"})"));
  EXPECT_EQ(site().bare("GET", "/readyz").status, 200);
  const auto system = site().get("/api/v1/system");
  EXPECT_EQ(system.body["spine"]["durability"], "full");
  EXPECT_EQ(system.body["spine"]["consumers"][0]["name"], "historian");
  EXPECT_EQ(system.body["spine"]["consumers"][0]["at_risk"], false);
  EXPECT_EQ(system.body["alarms"], json::array());
  EXPECT_EQ(system.body["integrity"],
            json::parse(R"([{"file":"spine.db","state":"checking","detail":"","checked_at":null}])"));
  EXPECT_EQ(system.body["version"], "0.1.0");
  EXPECT_EQ(system.body["site"], "test site");
  EXPECT_GE(system.body["things"].get<int>(), 0);
  const auto wot = site().bare("GET", "/.well-known/wot");
  EXPECT_EQ(wot.field("Content-Type"), "application/td+json");
  EXPECT_EQ(wot.body["@type"], "ThingDirectory");
}

TEST_F(ApiTest, ExposesMetrics) {
  ASSERT_EQ(make_switch("pump").status, 201);
  const auto text = site().bare("GET", "/metrics").text;
  EXPECT_TRUE(has(text, "myriad_consumer_lag_readings{consumer=\"historian\"} ")) << text;
  EXPECT_TRUE(has(text, "myriad_consumer_lag_seconds{consumer=\"historian\"} ")) << text;
  for (const char* line :
       {"# TYPE process_cpu_seconds_total counter\n", "process_open_fds ", "myriad_spine_end_sequence ",
        "myriad_http_requests_total ", "myriad_instance_up{instance=\"pump\",plugin=\"switch\"} 1\n",
        "myriad_plugin_closed{instance=\"pump\",plugin=\"switch\"} 0\n"})
    EXPECT_TRUE(has(text, line)) << line << text;
}

TEST_F(ApiTest, ServesTheConsole) {
  for (const char* path : {"/", "/things/meter", "/login?next=%2F"}) {
    const auto page = site().bare("GET", path);
    EXPECT_EQ(page.status, 200) << path;
    EXPECT_EQ(page.field("Content-Type"), "text/html; charset=utf-8") << path;
    EXPECT_TRUE(has(page.field("Content-Security-Policy"), "default-src 'self'")) << path;
    EXPECT_EQ(page.field("X-Content-Type-Options"), "nosniff") << path;
    EXPECT_EQ(site().bare("GET", path, "", {{"If-None-Match", page.field("ETag")}, {"Connection", "close"}}).status,
              304)
        << path;
  }
  for (const char* path : {"/missing.js", "/assets/%2e%2e/%2e%2e/etc/passwd.txt"})
    EXPECT_EQ(site().bare("GET", path).status, 404) << path;
  EXPECT_EQ(site().bare("POST", "/things/meter", "x").status, 404);
}

TEST_F(ApiTest, RefusesWhatIsNotThere) {
  EXPECT_EQ(site().get("/api/v1/nothing").status, 404);
  EXPECT_EQ(site().get("/api").status, 200);  // a view of the console
  const auto wrong = site().remove("/api/v1/things");
  EXPECT_EQ(wrong.status, 405);
  EXPECT_EQ(wrong.field("Allow"), "GET, POST");
  EXPECT_EQ(site().bare("HEAD", "/healthz").text, "");
  EXPECT_EQ(site().get("/api/v1/things?a?b?c").status, 400);
}

TEST_F(ApiTest, BoundsBodies) {
  const std::string big(std::size_t{10} << 20, ' ');
  for (const char* path : {"/api/v1/readings", "/api/v1/things"}) {
    const auto answer = site().post(path, big);
    // The edge may close before all is sent; if it answers, then so.
    EXPECT_TRUE(answer.status == 413 || answer.status == 0) << path << answer.text;
    EXPECT_EQ(site().bare("GET", "/healthz").status, 200);
  }
}

}  // namespace
}  // namespace myriad::api
