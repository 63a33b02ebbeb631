#include "security/token.h"

#include <gtest/gtest.h>

namespace myriad::security {
namespace {

constexpr Nanos second = 1'000'000'000;
const std::string key(32, 'k');
const Claims claims{"id1", "admin", 1'000 * second, 2'000 * second, 3};

TEST(Tokens, ComeBackAsTheyWere) {
  const Tokens tokens(key);
  const auto back = tokens.verify(tokens.sign(claims), 1'500 * second);
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(back->id, "id1");
  EXPECT_EQ(back->name, "admin");
  EXPECT_EQ(back->issued, 1'000 * second);
  EXPECT_EQ(back->expires, 2'000 * second);
  EXPECT_EQ(back->generation, 3);
}

TEST(Tokens, ExpireByOurClock) {
  const Tokens tokens(key);
  EXPECT_TRUE(tokens.verify(tokens.sign(claims), 2'000 * second - 1));
  const auto late = tokens.verify(tokens.sign(claims), 2'000 * second);
  ASSERT_FALSE(late);
  EXPECT_NE(late.error().message.find("expired"), std::string::npos);
}

std::string token_of(const std::string& header, const std::string& payload, const std::string& signature) {
  return base64url(header) + "." + base64url(payload) + "." + signature;
}

TEST(Tokens, RefuseWhatTheyDidNotSign) {
  const Tokens tokens(key);
  const std::string good = tokens.sign(claims);
  const std::string signature = good.substr(good.rfind('.') + 1);
  const std::string payload = R"({"exp":2000,"generation":3,"iat":1000,"jti":"id1","sub":"admin"})";
  std::string flipped = good;
  flipped[good.find('.') + 5] ^= 1;
  struct Case {
    const char* name;
    std::string token;
  };
  const Case cases[] = {
      {"empty", ""},
      {"no token", "abc"},
      {"dots", ".."},
      {"another key", Tokens(std::string(32, 'x')).sign(claims)},
      {"a changed payload", flipped},
      {"no signature", good.substr(0, good.rfind('.') + 1)},
      {"a cut signature", good.substr(0, good.size() - 2)},
      {"alg none", token_of(R"({"alg":"none","typ":"JWT"})", payload, "")},
      {"alg none with a signature", token_of(R"({"alg":"none","typ":"JWT"})", payload, signature)},
      {"alg HS512", token_of(R"({"alg":"HS512","typ":"JWT"})", payload, signature)},
      {"alg RS256", token_of(R"({"alg":"RS256","typ":"JWT"})", payload, signature)},
      {"no JSON", token_of("{", "{", signature)},
      {"huge", std::string(1'000'000, 'a')},
  };
  for (const auto& c : cases) {
    const auto back = tokens.verify(c.token, 1'500 * second);
    ASSERT_FALSE(back) << c.name;
    EXPECT_EQ(back.error().code, Code::denied) << c.name;
  }
}

TEST(Tokens, GuardASessionWithAValueOfItsOwn) {
  const Tokens tokens(key), others(std::string(32, 'x'));
  EXPECT_EQ(tokens.csrf("id1"), Tokens(key).csrf("id1"));
  EXPECT_NE(tokens.csrf("id1"), tokens.csrf("id2"));
  EXPECT_NE(tokens.csrf("id1"), others.csrf("id1"));
  EXPECT_EQ(tokens.csrf("id1").size(), 43u);
}

}  // namespace
}  // namespace myriad::security
