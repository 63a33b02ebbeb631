#include "security/password.h"

#include <gtest/gtest.h>

#include <set>

namespace myriad::security {
namespace {

TEST(Password, HasRules) {
  struct Case {
    const char* name;
    std::string password;
    bool ok;
  };
  const Case cases[] = {
      {"ten characters", "abcdefghij", true},
      {"nine characters", "abcdefghi", false},
      {"empty", "", false},
      {"ten characters of Chinese", "万物互联中间件平台好", true},
      {"nine bytes are three characters", "万物互", false},
      {"the user's name", "administrator", false},
      {"1024 bytes", std::string(1024, 'a'), true},
      {"1025 bytes", std::string(1025, 'a'), false},
  };
  for (const auto& c : cases) {
    const auto status = check_password("administrator", c.password);
    EXPECT_EQ(bool(status), c.ok) << c.name;
    if (!status && !c.password.empty()) {
      EXPECT_EQ(status.error().field, "new");
      EXPECT_EQ(status.error().message.find(c.password), std::string::npos) << "shown in an error";
    }
  }
}

TEST(Password, IsMadeAtRandomAndReadable) {
  std::set<std::string> made;
  for (int i = 0; i < 100; ++i) {
    const auto password = random_password();
    EXPECT_EQ(password.size(), 20u);
    EXPECT_EQ(password.find_first_of("0O1lI \"'\\"), std::string::npos) << password;
    EXPECT_TRUE(check_password("admin", password));
    made.insert(password);
  }
  EXPECT_EQ(made.size(), 100u);
}

TEST(Password, IsKnownAgainByItsHash) {
  const Hash a = hash_password("correct horse", 4), b = hash_password("correct horse", 4);
  EXPECT_NE(a.key, b.key) << "salted";
  EXPECT_TRUE(is_password("correct horse", a));
  EXPECT_FALSE(is_password("correct hors", a));
  EXPECT_FALSE(is_password("", a));
}

// RFC 7914, section 12: the first half of the third vector, which has our r and p.
TEST(Password, IsScryptOfTheStandard) {
  const std::string expected =
      "\x70\x23\xbd\xcb\x3a\xfd\x73\x48\x46\x1c\x06\xcd\x81\xfd\x38\xeb"
      "\xfd\xa8\xfb\xba\x90\x4f\x8e\x3e\xa9\xb5\x43\xf6\x54\x5d\xa1\xf2";
  EXPECT_TRUE(is_password("pleaseletmein", Hash{14, "SodiumChloride", expected}));
}

}  // namespace
}  // namespace myriad::security
