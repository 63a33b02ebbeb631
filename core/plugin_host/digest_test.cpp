#include "plugin_host/digest.h"

#include <gtest/gtest.h>

namespace myriad::plugin_host {
namespace {

// FIPS 180-2, appendix B.1 and B.2.
TEST(Digest, IsSha256) {
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  Sha256 digest;
  digest.update("abcdbcdecdefdefgefghfghighij");
  digest.update("hijkijkljklmklmnlmnomnopnopq");
  EXPECT_EQ(digest.hex(), "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

// RFC 4648, section 10.
TEST(Digest, Base64GoesBothWays) {
  for (const auto& [bytes, text] : std::initializer_list<std::pair<std::string, std::string>>{
           {"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foobar", "Zm9vYmFy"}, {{"\0\0", 2}, "AAA="}}) {
    EXPECT_EQ(to_base64(bytes), text);
    EXPECT_EQ(from_base64(text), bytes);
  }
}

TEST(Digest, RefusesEveryOtherFormOfTheSameBytes) {
  for (const char* text : {"Zg", "Zg=", "Zh==", " Zg==", "Zg==\n", "Zm 9v", "Zm9v====", "====", "Z===", "Zm9_"})
    EXPECT_FALSE(from_base64(text)) << text;
}

}  // namespace
}  // namespace myriad::plugin_host
