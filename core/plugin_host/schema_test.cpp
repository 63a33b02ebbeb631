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

TEST(Schema, RefusesWhatWouldHurtTheDaemon) {
  std::string doubling = R"({"definitions":{"d0":{"type":"object"})";
  for (int i = 1; i < 40; ++i) {
    const auto below = R"({"$ref":"#/definitions/d)" + std::to_string(i - 1) + R"("})";
    doubling += ",\"d" + std::to_string(i) + R"(":{"allOf":[)" + below + "," + below + "]}";
  }
  doubling += R"(},"$ref":"#/definitions/d39"})";
  std::string chain = R"({"definitions":{"c0":{})";
  for (int i = 1; i < 100'000; ++i)
    chain += ",\"c" + std::to_string(i) + R"(":{"$ref":"#/definitions/c)" + std::to_string(i - 1) + "\"}";
  chain += "}}";
  struct Case {
    std::string name, schema, field, message;
  };
  for (const Case& c : std::vector<Case>{
           {"itself", R"({"$ref":"#"})", "/config_schema", "leads back"},
           {"two that are each other",
            R"({"definitions":{"a":{"$ref":"#/definitions/b"},"b":{"$ref":"#/definitions/a"}}})", "/config_schema/def",
            "leads back"},
           {"behind a choice", R"({"properties":{"x":{"anyOf":[{"type":"string"},{"not":{"$ref":"#/definitions/x"}}]}},
                                    "definitions":{"x":{"if":{"$ref":"#/definitions/x"}}}})",
            "/config_schema", "leads back"},
           {"doubling", doubling, "/config_schema", "too many schemas"},
           {"a long chain", chain, "/config_schema/definitions", "make it simpler"},
           {"another site", R"({"$ref":"http://127.0.0.1/x"})", "/config_schema/$ref", "names none of #"},
           {"a file", R"({"properties":{"a":{"$ref":"file:///etc/passwd"}}})", "/config_schema/properties/a/$ref",
            "names none of #"},
           {"nowhere", R"({"$ref":"#/definitions/none"})", "/config_schema/$ref", "names none of #"},
           {"no text", R"({"$ref":7})", "/config_schema/$ref", "7 names none"},
           {"no expression", R"({"properties":{"a":{"pattern":"("}}})", "/config_schema/properties/a/pattern",
            "missing )"},
           {"back-reference", R"({"pattern":"(a)\\1"})", "/config_schema/pattern", "back-references"},
           {"look-ahead", R"x({"pattern":"(?=a)"})x", "/config_schema/pattern", "look-ahead"},
           {"a repetition that grows", R"({"pattern":"((a{1,1000}){1,1000}){1,1000}"})", "/config_schema/pattern",
            "cannot be used"},
           {"a pattern of names", R"({"patternProperties":{"(":true}})", "/config_schema/patternProperties",
            "cannot be used"},
           {"a default that grows", R"({"items":{"properties":{"a":{"default":")" + std::string(5'000, 'x') + "\"}}}}",
            "/config_schema/items/properties/a/default", "4 KiB"},
           {"contains", R"({"items":{"contains":{}}})", "/config_schema/items/contains", "not supported"}}) {
    const auto source = json::parse(c.schema);
    const auto compiled = Schema::compile(source);
    ASSERT_FALSE(compiled) << c.name;
    EXPECT_TRUE(compiled.error().field.starts_with(c.field)) << c.name << ": " << compiled.error().field;
    EXPECT_NE(compiled.error().message.find(c.message), std::string::npos) << c.name << compiled.error().message;
  }
}

TEST(Schema, MatchesLongTextsInLinearTimeAndConstantStack) {
  for (const auto* pattern : {"^(a|b)*c$", "^(a+)+$", "(.*)*x", "^[0-9]+$"}) {
    const json source{{"pattern", pattern}, {"format", "date"}};
    const auto compiled = Schema::compile(source);
    ASSERT_TRUE(compiled) << compiled.error().message;
    EXPECT_FALSE((*compiled)->check(json(std::string(1'000'000, 'a') + "!"))) << pattern;
  }
}

TEST(Schema, RefusesADocumentThatTakesTooManySteps) {
  const json source = json::parse(R"({"items":{"$ref":"#"},"allOf":[{"$ref":"#/definitions/a"},
    {"$ref":"#/definitions/a"}],"definitions":{"a":{"items":{"$ref":"#"}}}})");
  const auto compiled = Schema::compile(source);
  ASSERT_TRUE(compiled) << compiled.error().message;
  json document = json::array();
  for (int i = 0; i < 18; ++i) document = json::array({document});
  const auto ok = (*compiled)->check(document);
  ASSERT_FALSE(ok);
  EXPECT_NE(ok.error().message.find("too much for the plugin's schema"), std::string::npos) << ok.error().message;
}

// The two validators behind check() see patterns differently: what depends on one must come out right.
TEST(Schema, JudgesWhatDependsOnPatterns) {
  struct Case {
    const char *schema, *fits, *fails;
  };
  for (const Case& c : std::vector<Case>{
           {R"({"oneOf":[{"pattern":"^a"},{"pattern":"b$"}]})", R"("ax")", R"("ab")"},
           {R"({"anyOf":[{"pattern":"^a"},{"pattern":"b$"}]})", R"("ab")", R"("x")"},
           {R"({"not":{"pattern":"^a"}})", R"("b")", R"("a")"},
           {R"({"if":{"pattern":"^a"},"then":{"maxLength":2},"else":{"maxLength":1}})", R"("ab")", R"("bb")"},
           {R"({"patternProperties":{"^x":{"type":"integer"}},"additionalProperties":false})", R"({"x1":1})",
            R"({"y":1})"},
           {R"({"not":{"uniqueItems":true}})", R"([1,1])", R"([1,2])"},
           {R"({"oneOf":[{"$ref":"#/definitions/a"},{"type":"string"}],"definitions":{"a":{"pattern":"^a"}}})",
            R"("b")", R"("a")"},
           {R"({"properties":{"pattern":{"type":"integer"},"not":{"type":"string"}}})", R"({"pattern":1,"not":"x"})",
            R"({"pattern":"x"})"}}) {
    const auto source = json::parse(c.schema);
    const auto compiled = Schema::compile(source);
    ASSERT_TRUE(compiled) << c.schema << compiled.error().message;
    const auto ok = (*compiled)->check(json::parse(c.fits));
    EXPECT_TRUE(ok) << c.schema << ok.error().message;
    EXPECT_FALSE((*compiled)->check(json::parse(c.fails))) << c.schema;
  }
}

TEST(Schema, SurvivesASchemaThatRefersToItself) {
  const json self = json::parse(R"({"type":"object","properties":{"child":{"$ref":"#"},"n":{"type":"integer"}}})");
  const auto compiled = Schema::compile(self);
  ASSERT_TRUE(compiled) << compiled.error().message;
  EXPECT_EQ((*compiled)->check(json::parse(R"({"child":{"child":{"n":"x"}}})")).error().field, "/child/child/n");
}

}  // namespace
}  // namespace myriad::plugin_host
