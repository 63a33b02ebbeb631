#include "model/thing.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace myriad::model {
namespace {

using nlohmann::json;

TEST(Thing, CompletesWhatAPluginLeftOut) {
  const auto td = complete_td("meter", json::parse(R"({"properties":{"voltage":{"type":"number","unit":"V"}}})"));
  EXPECT_EQ(td["title"], "meter");
  EXPECT_TRUE(td["id"].get<std::string>().starts_with("urn:uuid:"));
  EXPECT_TRUE(check_td(td)) << check_td(td).error().message;
  EXPECT_NE(complete_td("meter", json::object())["id"], td["id"]);
}

TEST(Thing, NamesThePlaceThatBreaksTheStandard) {
  struct Case {
    const char* patch;
    const char* field;  // "" means that it is right
  };
  const Case cases[] = {
      {R"({})", ""},
      {R"({"@context":"https://www.w3.org/2019/wot/td/v1"})", "/@context"},
      {R"({"@context":["https://www.w3.org/2022/wot/td/v1.1",{"ex":"https://example.org/"}]})", ""},
      {R"({"title":null})", "/title"},
      {R"({"title":7})", "/title"},
      {R"({"id":"no uri"})", "/id"},
      {R"({"titles":{"zh":7}})", "/titles/zh"},
      {R"({"created":"yesterday"})", "/created"},
      {R"({"properties":[]})", "/properties"},
      {R"({"properties":{"a b":{}}})", "/properties/a b"},
      {R"({"properties":{"v":{"type":"float"}}})", "/properties/v/type"},
      {R"({"properties":{"v":{"readOnly":1}}})", "/properties/v/readOnly"},
      {R"({"properties":{"v":{"readOnly":true,"writeOnly":true}}})", "/properties/v"},
      {R"({"properties":{"v":{"enum":[]}}})", "/properties/v/enum"},
      {R"({"properties":{"v":{"forms":[]}}})", "/properties/v/forms"},
      {R"({"properties":{"v":{"forms":[{}]}}})", "/properties/v/forms/0"},
      {R"({"properties":{"v":{"type":"object","properties":{"x":{"minimum":"1"}}}}})",
       "/properties/v/properties/x/minimum"},
      {R"({"actions":{"go":{"input":{"type":"x"}}}})", "/actions/go/input/type"},
      {R"({"events":{"hot":{"data":{"type":"number"}}}})", ""},
      {R"({"links":[{"rel":"manual"}]})", "/links/0"},
  };
  for (const auto& c : cases) {
    auto td = complete_td("meter", json::object());
    td.merge_patch(json::parse(c.patch));
    const auto status = check_td(td);
    EXPECT_EQ(status ? "" : status.error().field, c.field) << c.patch;
  }
}

TEST(Thing, ServedFormsNameEveryOperation) {
  const auto stored = complete_td("meter", json::parse(R"({
    "properties":{"voltage":{"type":"number","readOnly":true,"observable":true},"relay":{"type":"boolean"}},
    "events":{"trip":{"data":{"type":"string"}}}})"));
  const auto td = serve_td("meter", stored, "http://127.0.0.1:8080");
  EXPECT_TRUE(check_td(td)) << check_td(td).error().message;
  EXPECT_EQ(td["base"], "http://127.0.0.1:8080");
  EXPECT_EQ(td["properties"]["voltage"]["forms"][0]["href"], "/api/v1/things/meter/properties/voltage");
  EXPECT_EQ(td["properties"]["voltage"]["forms"][0]["op"], json::array({"readproperty"}));
  EXPECT_EQ(td["properties"]["voltage"]["forms"][1]["subprotocol"], "sse");
  EXPECT_EQ(td["properties"]["relay"]["forms"][0]["op"], json::array({"readproperty", "writeproperty"}));
  EXPECT_EQ(td["events"]["trip"]["forms"].size(), 1u);
  EXPECT_TRUE(td.contains("securityDefinitions"));
  EXPECT_FALSE(td.contains("actions"));
}

TEST(Thing, InferredPropertiesFitTheirValues) {
  const std::pair<Value, const char*> cases[] = {
      {true, "boolean"},          {std::int64_t{1}, "number"}, {1.5, "number"}, {std::string("x"), "string"},
      {JsonText{"{}"}, "object"}, {JsonText{"[]"}, "array"}};
  for (const auto& [value, type] : cases) {
    EXPECT_EQ(infer_property(value)["type"], type);
    EXPECT_TRUE(fit_value(infer_property(value), value)) << type;
  }
}

TEST(Thing, ValuesMustFitTheirSchema) {
  struct Case {
    const char* schema;
    Value value;
    bool ok;
  };
  const Case cases[] = {
      {R"({"type":"boolean"})", true, true},
      {R"({"type":"boolean"})", std::int64_t{1}, false},
      {R"({"type":"integer"})", 2.0, true},
      {R"({"type":"integer"})", 2.5, false},
      {R"({"type":"number","minimum":0,"maximum":10})", std::int64_t{10}, true},
      {R"({"type":"number","maximum":10})", 10.5, false},
      {R"({"type":"number","minimum":0})", -1.0, false},
      {R"({"type":"string","maxLength":2})", std::string("abc"), false},
      {R"({"type":"string","enum":["a","b"]})", std::string("c"), false},
      {R"({"type":"string","enum":["a","b"]})", std::string("b"), true},
      {R"({})", std::string("anything"), true},
  };
  for (const auto& c : cases) EXPECT_EQ(bool(fit_value(json::parse(c.schema), c.value)), c.ok) << c.schema;
  EXPECT_EQ(*fit_value(json::parse(R"({"type":"number"})"), std::int64_t{3}), Value(3.0));
  EXPECT_EQ(*fit_value(json::parse(R"({"type":"integer"})"), 3.0), Value(std::int64_t{3}));
}

}  // namespace
}  // namespace myriad::model
