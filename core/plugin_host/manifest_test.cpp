#include "plugin_host/manifest.h"

#include <gtest/gtest.h>

namespace myriad::plugin_host {
namespace {

nlohmann::json good() {
  return {{"id", "meter"},
          {"version", "1.2.3"},
          {"kind", "device"},
          {"library", "meter.so"},
          {"abi", {{"built", "1.0"}, {"min", "1.0"}}},
          {"provides", {"myriad.device/1"}},
          {"permissions", {{"network", {"udp"}}}},
          {"config_schema", nlohmann::json::object()}};
}

TEST(Manifest, ReadsAGoodOne) {
  const auto m = parse_manifest(good().dump(), "meter");
  ASSERT_TRUE(m) << m.error().message;
  EXPECT_EQ(m->id, "meter");
  EXPECT_EQ(m->provides, std::vector<std::string>{"myriad.device/1"});
  EXPECT_EQ(m->permissions.network.size(), 1);
}

TEST(Manifest, RefusesWithTheFieldAndTheRemedy) {
  struct Case {
    const char *name, *patch, *field, *message;
  };
  for (const Case& c : std::vector<Case>{
           {"no id", R"({"id":null})", "/id", "is missing"},
           {"id is a number", R"({"id":3})", "/id", "write text"},
           {"id with a slash", R"({"id":"a/b"})", "/id", "no slug"},
           {"id of another folder", R"({"id":"gauge","library":"gauge.so"})", "/id", "folder 'meter'"},
           {"kind", R"({"kind":"gadget"})", "/kind", "device, protocol or analytics"},
           {"version", R"({"version":"1.2"})", "/version", "like 1.2.0"},
           {"leading zero", R"({"version":"01.2.3"})", "/version", "like 1.2.0"},
           {"abi", R"({"abi":{"min":"one"}})", "/abi/min", "<major>.<minor>"},
           {"abi too large", R"({"abi":{"built":"1.70000"}})", "/abi/built", "<major>.<minor>"},
           {"library elsewhere", R"({"library":"../meter.so"})", "/library", "'meter.so'"},
           {"permission", R"({"permissions":{"files":["tls"]}})", "/permissions/files/0", "absolute path"},
           {"provides", R"({"provides":[1]})", "/provides", "extension ids"},
           {"schema", R"({"config_schema":null})", "/config_schema", "JSON Schema"},
           {"runtime", R"({"runtime":"java"})", "/runtime", "\"native\""},
           {"script", R"({"runtime":"node"})", "/library", "'meter.mjs'"},
           {"isolation", R"({"isolation":"process"})", "/isolation", "write {"},
           {"isolation unknown", R"({"isolation":{"default":"jail"}})", "/isolation/default", "use \"in"},
           {"nothing allowed", R"({"isolation":{"allowed":[]}})", "/isolation/allowed", "a list"},
           {"allowed unknown", R"({"isolation":{"allowed":["process",1]}})", "/isolation/allowed/1", "use"},
           {"default not allowed", R"({"isolation":{"default":"process","allowed":["in_process"]}})",
            "/isolation/default", "not in allowed"},
           {"Node.js in this process",
            R"({"runtime":"node","library":"meter.mjs","isolation":{"allowed":["in_process","process"]}})",
            "/isolation/allowed", "only \"process\""}}) {
    auto document = good();
    document.merge_patch(nlohmann::json::parse(c.patch));
    const auto m = parse_manifest(document.dump(), "meter");
    ASSERT_FALSE(m) << c.name;
    EXPECT_EQ(m.error().field, c.field) << c.name;
    EXPECT_NE(m.error().message.find(c.message), std::string::npos) << c.name << ": " << m.error().message;
  }
}

TEST(Manifest, RefusesWhatIsNoObject) {
  EXPECT_FALSE(parse_manifest("{", "meter"));
  EXPECT_FALSE(parse_manifest("[]", "meter"));
  EXPECT_FALSE(parse_manifest("", "meter"));
}

TEST(Manifest, RefusesWhatWouldExhaustTheStack) {
  auto document = good();
  document["version"] = "1.0.0-" + std::string(1'000'000, 'a');
  EXPECT_FALSE(parse_manifest(document.dump(), "meter"));
  const std::string deep = "{\"provides\":" + std::string(1'000'000, '[') + std::string(1'000'000, ']') + "}";
  const auto m = parse_manifest(deep, "meter");
  ASSERT_FALSE(m);
  EXPECT_NE(m.error().message.find("64 levels"), std::string::npos);
  document = good();
  document["titles"] = {{"en", std::string(200, '[') + "\"\\"}};
  EXPECT_TRUE(parse_manifest(document.dump(), "meter")) << "brackets in text are no levels";
}

TEST(Manifest, ReadsWhereInstancesRun) {
  auto document = good();
  EXPECT_EQ(parse_manifest(document.dump(), "meter")->isolation, Isolation::process);
  EXPECT_EQ(parse_manifest(document.dump(), "meter")->isolation_allowed.size(), 2u);
  document["isolation"] = {{"default", "in_process"}, {"allowed", {"in_process"}}};
  const auto trusting = parse_manifest(document.dump(), "meter");
  ASSERT_TRUE(trusting) << trusting.error().message;
  EXPECT_EQ(trusting->isolation, Isolation::in_process);
  EXPECT_EQ(trusting->isolation_allowed, std::vector{Isolation::in_process});
}

TEST(Manifest, ReadsAPluginForNode) {
  auto document = good();
  document["runtime"] = "node";
  document["library"] = "meter.mjs";
  const auto m = parse_manifest(document.dump(), "meter");
  ASSERT_TRUE(m) << m.error().message;
  EXPECT_EQ(m->runtime, Runtime::node);
  EXPECT_EQ(m->isolation_allowed, std::vector{Isolation::process});
}

TEST(Manifest, TakesTheSchemaFromItsOwnFile) {
  auto document = good();
  document.erase("config_schema");
  const auto m = parse_manifest(document.dump(), "", R"({"type":"object"})");
  ASSERT_TRUE(m) << m.error().message;
  EXPECT_EQ(m->config_schema["type"], "object");
  EXPECT_EQ(m->document["config_schema"], m->config_schema);
  EXPECT_FALSE(parse_manifest(document.dump(), "", "[]"));
}

TEST(Manifest, AcceptsSemanticVersionsWithPreReleaseAndBuild) {
  auto document = good();
  document["version"] = "2.0.0-rc.1+build.5";
  EXPECT_TRUE(parse_manifest(document.dump(), "meter"));
}

}  // namespace
}  // namespace myriad::plugin_host
