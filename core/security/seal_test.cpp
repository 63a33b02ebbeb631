#include "security/seal.h"

#include <gtest/gtest.h>

#include "security/private_file.h"

namespace myriad::security {
namespace {

std::string from_hex(std::string_view hex) {
  std::string out;
  for (std::size_t i = 0; i < hex.size(); i += 2)
    out += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
  return out;
}

// Test case 16 of "The Galois/Counter Mode of Operation", which SP 800-38D refers to.
TEST(Seal, OpensWhatTheStandardSealed) {
  const auto key = from_hex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308");
  const auto name = from_hex("feedfacedeadbeeffeedfacedeadbeefabaddad2");
  const auto sealed = from_hex(
      "cafebabefacedbaddecaf888"
      "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0a"
      "bcc9f662"
      "76fc6ece0f4e1768cddf8853bb2d551b");
  const auto plain = from_hex(
      "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657"
      "ba637b39");
  const auto opened = unseal(key, name, sealed);
  ASSERT_TRUE(opened) << opened.error().message;
  EXPECT_EQ(*opened, plain);
}

TEST(Seal, OpensWithTheSameKeyAndNameOnly) {
  const auto key = random_bytes(seal_key_size);
  const auto sealed = *seal(key, "plc", "hunter2");
  EXPECT_EQ(*unseal(key, "plc", sealed), "hunter2");
  EXPECT_EQ(sealed.find("hunter2"), std::string::npos);
  EXPECT_FALSE(unseal(random_bytes(seal_key_size), "plc", sealed)) << "another key";
  EXPECT_FALSE(unseal(key, "plc2", sealed)) << "another name";
  EXPECT_FALSE(unseal("", "plc", sealed)) << "no key";
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    auto changed = sealed;
    changed[i] ^= 1;
    EXPECT_FALSE(unseal(key, "plc", changed)) << "byte " << i;
    EXPECT_FALSE(unseal(key, "plc", sealed.substr(0, i))) << "cut at " << i;
  }
}

TEST(Seal, NeverTheSameWayTwice) {
  const auto key = random_bytes(seal_key_size);
  const auto one = *seal(key, "plc", "hunter2"), other = *seal(key, "plc", "hunter2");
  EXPECT_NE(one.substr(0, seal_nonce_size), other.substr(0, seal_nonce_size));
  EXPECT_NE(one.substr(seal_nonce_size), other.substr(seal_nonce_size));
}

TEST(Seal, RefusesAKeyOfAnotherSize) {
  EXPECT_EQ(seal("short", "plc", "hunter2").error().code, Code::internal);
}

}  // namespace
}  // namespace myriad::security
