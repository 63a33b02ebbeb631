#include "api/router.h"

#include <gtest/gtest.h>

namespace myriad::api {
namespace {

Route nothing() {
  return [](const Call&) { return Reply{}; };
}

Router sample() {
  Router router;
  router.add({"GET", "/api/v1/things", Access::user, nothing()});
  router.add({"POST", "/api/v1/things", Access::user, nothing(), 7});
  router.add({"GET", "/api/v1/things/{thing}", Access::user, nothing()});
  router.add({"PUT", "/api/v1/things/{thing}/properties/{property}", Access::user, nothing()});
  router.add({"GET", "/healthz", Access::open, nothing()});
  router.add({"GET", "/x/{instance}/{path}", Access::user, nothing(), 7, true});
  return router;
}

TEST(Router, FindsBySegments) {
  const Router router = sample();
  struct Case {
    const char *name, *method, *path, *pattern;  // pattern: null when nothing serves it
  };
  const Case cases[] = {
      {"literal", "GET", "/api/v1/things", "/api/v1/things"},
      {"HEAD is GET", "HEAD", "/healthz", "/healthz"},
      {"variable", "GET", "/api/v1/things/meter", "/api/v1/things/{thing}"},
      {"two variables", "PUT", "/api/v1/things/a/properties/b", "/api/v1/things/{thing}/properties/{property}"},
      {"empty variable", "GET", "/api/v1/things/", nullptr},
      {"too long", "GET", "/api/v1/things/a/b", nullptr},
      {"very long", "GET", "/1/2/3/4/5/6/7/8/9/10/11/12/13/14", nullptr},
      {"no slash", "GET", "healthz", nullptr},
      {"empty", "GET", "", nullptr},
      {"broken escape", "GET", "/api/v1/things/%zz", nullptr},
      {"a NUL", "GET", "/api/v1/things/%00", nullptr},
      {"case matters", "GET", "/API/v1/things", nullptr},
  };
  for (const auto& c : cases) {
    const auto match = router.find(c.method, c.path);
    ASSERT_EQ(match.entry != nullptr, c.pattern != nullptr) << c.name;
    EXPECT_EQ(match.entry ? match.entry->pattern : "", c.pattern ? c.pattern : "") << c.name;
    EXPECT_EQ(match.allow, "") << c.name;
  }
}

TEST(Router, TheRestOfAPathMayBeDeepOrEmpty) {
  const Router router = sample();
  for (const char* path : {"/x/it/", "/x/it/a", "/x/it/a/b/c", "/x/it//"}) {
    const auto match = router.find("GET", path);
    ASSERT_TRUE(match.entry) << path;
    ASSERT_EQ(match.segments.size(), 1u) << path;
    EXPECT_EQ(match.segments[0].second, "it") << path;
  }
  EXPECT_FALSE(router.find("GET", "/x/it").entry);
  EXPECT_FALSE(router.find("GET", "/x//a").entry);
  EXPECT_EQ(router.find("PUT", "/x/it/a").allow, "GET");
}

TEST(Router, DecodesSegmentsOnceAndKeepsSlashesWithin) {
  const auto match = sample().find("GET", "/api/v1/things/https%3A%2F%2Fa.example%2F%2525");
  ASSERT_EQ(match.segments.size(), 1u);
  EXPECT_EQ(match.segments[0].first, "thing");
  EXPECT_EQ(match.segments[0].second, "https://a.example/%25");
}

TEST(Router, TellsTheMethodsOfAPath) {
  EXPECT_EQ(sample().find("DELETE", "/api/v1/things").allow, "GET, POST");
  EXPECT_EQ(sample().find("DELETE", "/nowhere").allow, "");
}

TEST(Router, FallsBackOutsideTheApiOnly) {
  Router router = sample();
  router.set_fallback(nothing());
  EXPECT_TRUE(router.find("GET", "/things/meter").entry);
  EXPECT_FALSE(router.find("POST", "/things/meter").entry);
  EXPECT_FALSE(router.find("GET", "/api/v2/things").entry);
  EXPECT_EQ(router.find("POST", "/healthz").allow, "GET");
}

TEST(PercentCoding, RoundTrips) {
  EXPECT_EQ(percent_encode("a/b c~é"), "a%2Fb%20c~%C3%A9");
  EXPECT_EQ(percent_decode("a%2fb%20c~%C3%A9"), "a/b c~é");
  EXPECT_EQ(percent_decode("%4"), std::nullopt);
}

}  // namespace
}  // namespace myriad::api
