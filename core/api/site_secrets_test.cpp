// The site's secrets through REST: set, listed, replaced and removed, and no answer or record shows a value.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "api/test_site.h"

namespace myriad::api {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

class SiteSecretsTest : public ApiTest {
 protected:
  static constexpr const char* path = "/api/v1/secrets/plc";

  void TearDown() override {
    const auto all = site().get("/api/v1/secrets");
    for (const auto& item : all.body["items"]) remove(item["name"]);
  }
  static Answer set(const std::string& name, const json& body, const std::string& tag = "") {
    return put(name, body.dump(), tag);
  }
  static Answer put(const std::string& name, const std::string& text, const std::string& tag = "") {
    const auto answer = site().put("/api/v1/secrets/" + name, text,
                                   tag.empty() ? httplib::Headers{} : httplib::Headers{{"If-Match", tag}});
    EXPECT_THAT(answer.text, Not(HasSubstr("hunter2")));
    return answer;
  }
  static int remove(const std::string& name) {
    return site().remove("/api/v1/secrets/" + name, {{"If-Match", "*"}}).status;
  }
  static std::string value(const std::string& instance) {
    const auto got = site().parts().secrets.get("plc", instance);
    return got ? *got : "none";
  }
  // The audit as it lies on disk.
  static std::string audit() {
    std::string bytes;
    for (const char* part : {"security.db", "security.db-wal"}) {
      std::ifstream in(site().data() / part, std::ios::binary);
      bytes.append(std::istreambuf_iterator<char>(in), {});
    }
    return bytes;
  }

  const json good{{"value", "hunter2"}, {"instances", {"plc-*", "scada"}}};
};

TEST_F(SiteSecretsTest, SetsAndRemoves) {
  const auto made = set("plc", good);
  ASSERT_EQ(made.status, 201) << made.text;
  EXPECT_EQ(made.field("Location"), path);
  EXPECT_EQ(made.body["name"], "plc");
  EXPECT_EQ(made.body["instances"], good["instances"]);
  EXPECT_EQ(made.body.size(), 3u) << "name, instances and updated: no value";
  EXPECT_EQ(value("plc-1"), "hunter2");

  const auto found = site().get(path);
  EXPECT_EQ(found.body, made.body);
  EXPECT_EQ(found.field("ETag"), made.field("ETag"));
  EXPECT_EQ(site().get("/api/v1/secrets").body["items"], json::array({made.body}));

  EXPECT_EQ(site().remove(path).status, 428);
  EXPECT_EQ(site().remove(path, {{"If-Match", "\"0\""}}).status, 412);
  EXPECT_EQ(site().remove(path, {{"If-Match", made.field("ETag")}}).status, 204);
  EXPECT_EQ(site().get(path).status, 404);
  EXPECT_EQ(site().remove(path, {{"If-Match", "*"}}).status, 404);
  EXPECT_EQ(value("plc-1"), "none");
}

TEST_F(SiteSecretsTest, ReplacesOnlyWhatItsCallerSaw) {
  EXPECT_EQ(set("plc", good, "*").status, 412) << "there is nothing to replace";
  const auto made = set("plc", good);
  EXPECT_EQ(set("plc", good).status, 428);
  EXPECT_EQ(set("plc", good, "\"0\"").status, 412);

  const auto moved = set("plc", {{"instances", {"line-1"}}}, made.field("ETag"));
  ASSERT_EQ(moved.status, 200) << moved.text;
  EXPECT_EQ(value("line-1"), "hunter2") << "left out, the value stays";
  EXPECT_EQ(value("plc-1"), "none");
  EXPECT_EQ(set("plc", good, made.field("ETag")).status, 412);

  auto back = site().get(path).body;  // what was read may be sent as it is
  back["value"] = nullptr;
  const auto same = set("plc", back, moved.field("ETag"));
  ASSERT_EQ(same.status, 200) << same.text;
  EXPECT_EQ(value("line-1"), "hunter2");
  EXPECT_EQ(set("plc", {{"value", "other"}, {"instances", {"*"}}}, same.field("ETag")).status, 200);
  EXPECT_EQ(value("line-1"), "other");
}

TEST_F(SiteSecretsTest, NamesTheFieldAtFault) {
  const struct {
    const char* what;
    std::string name, body;
    int status;
    json field;
  } cases[] = {
      {"half a value", "plc", R"({"instances":["*"],"value":"hunter2)", 400, nullptr},
      {"a bad escape", "plc", R"({"instances":["*"],"value":"hunter2\x"})", 400, nullptr},
      {"a bare value", "plc", R"("hunter2")", 400, nullptr},
      {"no name", "not%20a%20slug", good.dump(), 422, "name"},
      {"another name", "plc", R"({"name":"other","value":"hunter2","instances":["*"]})", 422, "/name"},
      {"a misspelt member", "plc", R"({"vaule":"hunter2","instances":["*"]})", 422, "/vaule"},
      {"no value", "plc", R"({"instances":["*"]})", 422, "/value"},
      {"an empty value", "plc", R"({"value":"","instances":["*"]})", 422, "/value"},
      {"a value that is no text", "plc", R"({"value":["hunter2"],"instances":["*"]})", 422, "/value"},
      {"a long value", "plc", json{{"value", std::string(65'537, 'x')}, {"instances", {"*"}}}.dump(), 422, "/value"},
      {"nobody", "plc", R"({"value":"hunter2"})", 422, "/instances"},
      {"one that is no list", "plc", R"({"value":"hunter2","instances":"plc"})", 422, "/instances"},
      {"an empty list", "plc", R"({"value":"hunter2","instances":[]})", 422, "/instances"},
      {"no text", "plc", R"({"value":"hunter2","instances":["*",1]})", 422, "/instances/1"},
      {"no pattern", "plc", R"({"value":"hunter2","instances":["*","a/b"]})", 422, "/instances/1"},
  };
  for (const auto& c : cases) {
    const auto answer = put(c.name, c.body);
    EXPECT_EQ(answer.status, c.status) << c.what << ": " << answer.text;
    EXPECT_EQ(answer.body.value("field", json()), c.field) << c.what << ": " << answer.text;
  }
  EXPECT_EQ(site().get("/api/v1/secrets").body["items"], json::array());
}

TEST_F(SiteSecretsTest, ListsInPages) {
  for (const char* name : {"b", "c", "a"}) set(name, good);
  const auto first = site().get("/api/v1/secrets?limit=2");
  ASSERT_EQ(first.body["items"].size(), 2u) << first.text;
  EXPECT_EQ(first.body["items"][0]["name"], "a");
  const auto link = first.field("Link");
  const auto second = site().get(link.substr(1, link.find('>') - 1));
  EXPECT_EQ(second.body["items"][0]["name"], "c");
  EXPECT_EQ(second.body["next"], nullptr);
}

TEST_F(SiteSecretsTest, RecordsWhoDidWhat) {
  const auto made = set("audited", good);
  set("audited", {{"value", "hunter2"}, {"instances", {"refu/sed"}}}, made.field("ETag"));
  remove("audited");
  EXPECT_THAT(audit(), HasSubstr("adminsecret audited set for plc-*, scada127.0.0.1"));
  EXPECT_THAT(audit(), HasSubstr("adminsecret audited removed127.0.0.1"));
  EXPECT_THAT(audit(), Not(HasSubstr("refu/sed")));
  EXPECT_THAT(audit(), Not(HasSubstr("hunter2")));
}

}  // namespace
}  // namespace myriad::api
