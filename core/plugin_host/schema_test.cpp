#include "plugin_host/schema.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace myriad::plugin_host {
namespace {

using nlohmann::json;

const json schema = json::parse(R"({
  "type": "object", "required": ["host", "points"], "additionalProperties": false,
  "properties": {
    "transport": {"type": "string", "enum": ["tcp", "rtu"]},
    "host": {"type": "string", "minLength": 1, "maxLength": 8},
    "device": {"type": "string"},
    "password": {"type": "string", "pattern": "^[a-z]+$", "writeOnly": true},
    "unit": {"type": "integer", "minimum": 1, "maximum": 247},
    "factor": {"type": ["number", "null"], "exclusiveMinimum": 0, "multipleOf": 0.5},
    "points": {"type": "array", "minItems": 1, "maxItems": 3, "uniqueItems": true, "items": {"$ref": "#/definitions/point"}},
    "output": {"oneOf": [
      {"type": "object", "required": ["kind", "url"], "properties": {"kind": {"const": "http"}, "url": {"type": "string"}}},
      {"type": "object", "required": ["kind", "topic"], "properties": {"kind": {"const": "mqtt"}, "topic": {"type": "string"}}}]},
    "a/b": {"type": "integer"}
  },
  "if": {"properties": {"transport": {"const": "rtu"}}, "required": ["transport"]},
  "then": {"required": ["device"]},
  "definitions": {"point": {"type": "object", "required": ["address", "type"], "additionalProperties": false,
    "properties": {"address": {"type": "integer", "minimum": 0, "maximum": 65535},
                   "type": {"type": "string", "enum": ["bool", "uint16", "float32"]}}}}
})");

json good() {
  return json::parse(R"({"host":"plc","points":[{"address":0,"type":"bool"}]})");
}

TEST(Schema, AcceptsWhatFits) {
  const auto compiled = Schema::compile(schema);
  ASSERT_TRUE(compiled) << compiled.error().message;
  const auto ok = (*compiled)->check(good());
  EXPECT_TRUE(ok) << ok.error().message;
}

TEST(Schema, NamesThePlaceAndTheRemedy) {
  struct Case {
    const char *name, *patch, *field, *message;
  };
  const auto compiled = Schema::compile(schema);
  ASSERT_TRUE(compiled);
  for (const Case& c : std::vector<Case>{
           {"required", R"({"host":null})", "/host", "'host' is missing: add it"},
           {"type", R"({"host":5})", "/host", "5 is an integer: this must be of type string"},
           {"several types", R"({"factor":"x"})", "/factor", "must be of type number, null"},
           {"float for integer", R"({"unit":1.5})", "/unit", "1.5 is a number: this must be of type integer"},
           {"enum", R"({"transport":"udp"})", "/transport", "\"udp\" is not known here: use one of tcp, rtu"},
           {"minimum", R"({"unit":0})", "/unit", "0 is too small: use 1 to 247"},
           {"maximum", R"({"unit":300})", "/unit", "300 is too large: use 1 to 247"},
           {"exclusive", R"({"factor":0})", "/factor", "use more than 0"},
           {"multiple", R"({"factor":0.7})", "/factor", "use a multiple of 0.5"},
           {"empty", R"({"host":""})", "/host", "this is empty: fill it in"},
           {"too long", R"({"host":"ninechars"})", "/host", "9 characters are too many: use at most 8"},
           {"secret stays unseen", R"({"password":"S3CRET"})", "/password",
            "the value does not have the form ^[a-z]+$"},
           {"unknown name", R"({"hots":"a"})", "/hots", "'hots' is not known here: remove it, or use one of "},
           {"minItems", R"({"points":[]})", "/points", "0 items are too few: add at least 1"},
           {"unique", R"({"points":[{"address":0,"type":"bool"},{"address":0,"type":"bool"}]})", "/points/1", "twice"},
           {"in an array", R"({"points":[{"address":0,"type":"bool"},{"address":1,"type":"flot32"}]})",
            "/points/1/type", "\"flot32\" is not known here: use one of bool, uint16, float32"},
           {"missing in an array", R"({"points":[{"address":0}]})", "/points/0/type", "'type' is missing"},
           {"if then", R"({"transport":"rtu"})", "/device", "'device' is missing"},
           {"the alternative that was meant", R"({"output":{"kind":"mqtt","topic":4}})", "/output/topic",
            "type string"},
           {"alternative lacks a member", R"({"output":{"kind":"mqtt"}})", "/output/topic", "'topic' is missing"},
           {"escaped name", R"({"a/b":"x"})", "/a~1b", "type integer"}}) {
    auto document = good();
    document.merge_patch(json::parse(c.patch));
    const auto result = (*compiled)->check(document);
    ASSERT_FALSE(result) << c.name;
    EXPECT_EQ(result.error().field, c.field) << c.name;
    EXPECT_NE(result.error().message.find(c.message), std::string::npos) << c.name << ": " << result.error().message;
  }
}

TEST(Schema, RefusesASchemaThatIsNone) {
  const json broken = json::parse(R"({"type":"object","properties":{"a":{"minimum":"low"}}})");
  const auto compiled = Schema::compile(broken);
  ASSERT_FALSE(compiled);
  EXPECT_NE(compiled.error().message.find("draft 7"), std::string::npos);
}

TEST(Schema, SurvivesAPatternThatIsNoExpression) {
  const json broken = json::parse(R"({"properties":{"a":{"pattern":"("}}})");
  const auto compiled = Schema::compile(broken);
  EXPECT_FALSE(compiled && (*compiled)->check(json{{"a", "x"}}));
}

TEST(Schema, SurvivesASchemaThatRefersToItself) {
  const json self = json::parse(R"({"type":"object","properties":{"child":{"$ref":"#"},"n":{"type":"integer"}}})");
  const auto compiled = Schema::compile(self);
  ASSERT_TRUE(compiled) << compiled.error().message;
  EXPECT_EQ((*compiled)->check(json::parse(R"({"child":{"child":{"n":"x"}}})")).error().field, "/child/child/n");
}

}  // namespace
}  // namespace myriad::plugin_host
