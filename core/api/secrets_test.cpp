#include "api/secrets.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace myriad::api {
namespace {

using nlohmann::json;

const json schema = json::parse(R"({
  "properties":{
    "password":{"type":"string","writeOnly":true},
    "host":{"type":"string"},
    "tls":{"$ref":"#/definitions/tls"},
    "peers":{"items":{"properties":{"name":{},"key":{"writeOnly":true}}}}},
  "allOf":[{"properties":{"token":{"writeOnly":true}}}],
  "definitions":{"tls":{"properties":{"pin":{"writeOnly":true},"inner":{"$ref":"#/definitions/tls"}}}}})");

const json stored = json::parse(R"({
  "password":"p","host":"h","token":"t","tls":{"pin":"1","inner":{"pin":"2"}},
  "peers":[{"name":"a","key":"ka"},{"name":"b","key":"kb"}]})");

TEST(Secrets, AreShownAsNull) {
  EXPECT_EQ(hide_secrets(schema, stored), json::parse(R"({
    "password":null,"host":"h","token":null,"tls":{"pin":null,"inner":{"pin":null}},
    "peers":[{"name":"a","key":null},{"name":"b","key":null}]})"));
}

TEST(Secrets, AreKeptWhenTheyComeBackAsNull) {
  EXPECT_EQ(keep_secrets(schema, hide_secrets(schema, stored), stored), stored);
}

TEST(Secrets, FollowTheirItemInAList) {
  const auto fresh = json::parse(R"({"peers":[{"name":"b","key":null},{"name":"new","key":"n"}]})");
  EXPECT_EQ(keep_secrets(schema, fresh, stored),
            json::parse(R"({"peers":[{"name":"b","key":"kb"},{"name":"new","key":"n"}]})"));
}

TEST(Secrets, ThatWereNeverSetStayUnset) {
  EXPECT_EQ(keep_secrets(schema, json::parse(R"({"password":null,"host":null})"), json::object()),
            json::parse(R"({"host":null})"));
}

TEST(Secrets, SurviveOddSchemas) {
  for (const char* odd : {"null", "true", "{}", R"({"$ref":"#"})", R"({"$ref":"#/nowhere"})",
                          R"({"allOf":[{"$ref":"#/x"}]})", R"({"properties":{"a":true},"items":false})"})
    EXPECT_EQ(hide_secrets(json::parse(odd), stored), stored) << odd;
}

}  // namespace
}  // namespace myriad::api
