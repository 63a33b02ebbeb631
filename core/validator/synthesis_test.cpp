#include "validator/synthesis.h"

#include <gtest/gtest.h>

#include "plugin_host/schema.h"

namespace myriad::validator {
namespace {

using nlohmann::json;

// One of the documents made up fits.
bool can_make(const json& schema) {
  const auto compiled = plugin_host::Schema::compile(schema);
  for (const auto& document : synthesise(schema))
    if (compiled && (*compiled)->check(document)) return true;
  return false;
}

TEST(Synthesis, MakesDocumentsThatFit) {
  struct Case {
    const char *name, *schema;
  };
  for (
      const Case& c : std::vector<Case>{
          {"nothing asked", R"({"type":"object"})"},
          {"required",
           R"({"type":"object","required":["a","b"],"properties":{"a":{"type":"string"},"b":{"type":"integer"}}})"},
          {"default and enum",
           R"({"required":["a","b"],"properties":{"a":{"default":7,"type":"integer"},"b":{"enum":["x","y"]}}})"},
          {"const", R"({"required":["a"],"properties":{"a":{"const":"only"}}})"},
          {"bounds", R"({"required":["a","b"],"properties":{"a":{"type":"integer","minimum":100,"maximum":200},
                          "b":{"type":"number","exclusiveMinimum":1,"maximum":1.5}}})"},
          {"least of a list",
           R"({"required":["a"],"properties":{"a":{"type":"array","minItems":2,"uniqueItems":true,"items":{"type":"string"}}}})"},
          {"a slug",
           R"({"required":["a"],"properties":{"a":{"type":"string","pattern":"^[A-Za-z0-9_][A-Za-z0-9_.~-]*$"}}})"},
          {"an address",
           R"({"required":["a"],"properties":{"a":{"type":"string","pattern":"^\\d+\\.\\d+\\.\\d+\\.\\d+$"}}})"},
          {"a file", R"({"required":["a"],"properties":{"a":{"type":"string","pattern":"^/"}}})"},
          {"long text", R"({"required":["a"],"properties":{"a":{"type":"string","minLength":20}}})"},
          {"a reference",
           R"({"required":["a"],"properties":{"a":{"$ref":"#/definitions/d"}},"definitions":{"d":{"type":"boolean"}}})"},
          {"oneOf",
           R"({"oneOf":[{"required":["a"],"properties":{"a":{"const":1}}},{"required":["b"],"properties":{"b":{"const":2}}}]})"},
          {"all of them",
           R"({"required":["a"],"properties":{"a":{"type":"string"}},"allOf":[{"required":["b"],"properties":{"b":{"type":"boolean"}}}]})"},
          {"what one option asks of another",
           R"({"required":["a"],"properties":{"a":{"enum":["tcp"]},"host":{"type":"string"}},
             "if":{"properties":{"a":{"const":"tcp"}}},"then":{"required":["host"]}})"},
          {"or null", R"({"required":["a"],"properties":{"a":{"type":["null","number"]}}})"}})
    EXPECT_TRUE(can_make(json::parse(c.schema))) << c.name;
}

TEST(Synthesis, GivesUpQuietly) {
  for (const char* schema : {R"({"required":["a"],"properties":{"a":{"type":"string","pattern":"^q{7}$"}}})", "false",
                             R"({"required":["a"],"properties":{"a":false}})"})
    EXPECT_FALSE(can_make(json::parse(schema))) << schema;
}

TEST(Synthesis, BearsSchemasThatAreNone) {
  for (const char* schema :
       {"7", "null", R"({"properties":7,"required":"a"})", R"({"$ref":"#"})", R"({"$ref":"http://x/"})",
        R"({"type":"array","minItems":4294967295,"items":{}})", R"({"anyOf":[]})", R"({"allOf":7})",
        R"({"type":"string","minLength":-1,"maxLength":"x"})", R"({"type":"integer","multipleOf":0})",
        R"({"required":["a"],"properties":{"a":{"$ref":"#/properties/a"}}})"})
    (void)synthesise(json::parse(schema));
}

}  // namespace
}  // namespace myriad::validator
