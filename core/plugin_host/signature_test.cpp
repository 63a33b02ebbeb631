#include "plugin_host/signature.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <fstream>

#include "base/files.h"
#include "plugin_host/digest.h"
#include "plugin_host/package_testing.h"

namespace myriad::plugin_host {
namespace {

using nlohmann::json;
using State = Verification::State;
using ::testing::HasSubstr;

// RFC 8032, 7.1, TEST 2: the public key, and its signature of one byte.
const std::string rfc_key = "PUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw=";
const std::string rfc_signature =
    "kqAJqfDUyrhyDoILX2QlQKKye1QWUD+Ps3YiI+vbadoIWsHkPhWZbkWPNhPQ8R2MOHsurrQwKu6wDSkWErsMAA==";

class Signature : public ::testing::Test {
 protected:
  Signature() : key_file(home / "vendor.key") { EXPECT_TRUE(make_key(key_file)); }
  std::string signed_by(const std::filesystem::path& file, const std::string& bytes) {
    const auto key = SigningKey::read(file);
    EXPECT_TRUE(key) << key.error().message;
    return *sign(*Package::read(bytes), *key);
  }
  static Verification check(const std::string& bytes) {
    const auto package = Package::read(bytes);
    if (!package) return {State::broken, {}, {}, false, {}, package.error().message};
    return verify(*package);
  }
  std::string small() { return signed_by(key_file, testing::package_with({})); }

  TempDir home;
  const std::filesystem::path key_file;
};

TEST(SigningKey, AgreesWithTheStandard) {
  const PublicKey key{*from_base64(rfc_key)};
  const auto signature = *from_base64(rfc_signature);
  EXPECT_TRUE(is_signature(key, "\x72", signature));
  EXPECT_FALSE(is_signature(key, "\x73", signature));
  EXPECT_FALSE(is_signature({}, "\x72", signature));
  EXPECT_FALSE(is_signature(key, "\x72", ""));
}

TEST(SigningKey, IsWrittenOnceAndPrivate) {
  const TempDir home;
  const auto key = make_key(home / "vendor.key");
  ASSERT_TRUE(key) << key.error().message;
  struct stat about {};
  ASSERT_EQ(::stat((home / "vendor.key").c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777, 0600u);
  EXPECT_EQ(read_public_key(home / "vendor.key.pub")->bytes, key->bytes);
  EXPECT_EQ(SigningKey::read(home / "vendor.key")->public_key().bytes, key->bytes);
  EXPECT_EQ(fingerprint(*key), "SHA256:" + to_base64(sha256_raw(key->bytes)));
  EXPECT_EQ(make_key(home / "vendor.key").error().code, Code::exists);
  std::filesystem::remove(home / "vendor.key");
  EXPECT_EQ(make_key(home / "vendor.key").error().code, Code::exists) << "its public half is still there";
  EXPECT_FALSE(std::filesystem::exists(home / "vendor.key"));
}

TEST(SigningKey, RefusesWhatIsNone) {
  const TempDir home;
  ASSERT_TRUE(make_key(home / "vendor.key"));
  ::chmod((home / "vendor.key").c_str(), 0640);
  EXPECT_THAT(SigningKey::read(home / "vendor.key").error().message, HasSubstr("chmod 600"));
  EXPECT_FALSE(SigningKey::read(home / "vendor.key.pub"));
  EXPECT_FALSE(SigningKey::read(home / "nothing"));
  EXPECT_THAT(read_public_key(home / "vendor.key").error().message, HasSubstr("give its .pub file"));
  ASSERT_EQ(std::system(("openssl genpkey -algorithm X25519 -out " + (home / "other").string()).c_str()), 0);
  ::chmod((home / "other").c_str(), 0600);
  EXPECT_THAT(SigningKey::read(home / "other").error().message, HasSubstr("no private Ed25519 key"));
}

TEST(SigningKey, OpensslReadsIt) {
  const TempDir home;
  ASSERT_TRUE(make_key(home / "vendor.key"));
  const auto command =
      "openssl pkey -in " + (home / "vendor.key").string() + " -pubout -out " + (home / "pub").string();
  ASSERT_EQ(std::system(command.c_str()), 0);
  EXPECT_EQ(*read_file(home / "pub", 4096), *read_file(home / "vendor.key.pub", 4096));
}

TEST_F(Signature, SaysWhoSigned) {
  EXPECT_EQ(check(testing::package_with({})).state, State::not_signed);
  const auto verification = check(small());
  EXPECT_EQ(verification.state, State::is_signed) << verification.reason;
  EXPECT_EQ(verification.fingerprint, fingerprint(*read_public_key(home / "vendor.key.pub")));
  EXPECT_FALSE(verification.trusted) << "nobody was asked yet";
}

TEST_F(Signature, SigningAgainReplaces) {
  ASSERT_TRUE(make_key(home / "second.key"));
  const auto twice = signed_by(home / "second.key", small());
  EXPECT_EQ(twice.size(), small().size());
  EXPECT_EQ(check(twice).key, *read_public_key(home / "second.key.pub"));
  EXPECT_EQ(signed_by(key_file, twice), small()) << "the same key signs the same way";
}

TEST_F(Signature, AnyOtherByteBreaksIt) {
  const auto good = small();
  ASSERT_EQ(check(good).state, State::is_signed);
  for (std::size_t at = 0; at < good.size(); ++at)
    for (const int flip : {0x01, 0x80}) {
      auto bytes = good;
      bytes[at] = static_cast<char>(bytes[at] ^ flip);
      ASSERT_EQ(check(bytes).state, State::broken) << "byte " << at << " of " << good.size() << " xor " << flip;
    }
}

TEST_F(Signature, AMissingByteBreaksIt) {
  const auto good = small();
  const auto archive = Package::read(good)->archive().size();
  for (std::size_t at = 0; at < good.size(); ++at) {
    auto shorter = good;
    shorter.erase(at, 1);
    ASSERT_EQ(check(shorter).state, State::broken) << "without byte " << at;
    ASSERT_EQ(check(good.substr(0, at)).state, at == archive ? State::not_signed : State::broken) << "cut at " << at;
  }
}

TEST_F(Signature, AnAddedByteBreaksIt) {
  const auto good = small();
  for (std::size_t at = 0; at <= good.size(); ++at)
    for (const char byte : {'\0', ' ', 'x'}) {
      auto longer = good;
      longer.insert(at, 1, byte);
      ASSERT_EQ(check(longer).state, State::broken) << "before byte " << at;
    }
  EXPECT_EQ(check(good + good).state, State::broken);
}

TEST_F(Signature, AnotherTextOfTheSameFactsIsNone) {
  const auto package = *Package::read(small());
  const auto facts = json::parse(package.signature());
  ASSERT_EQ(check(package.with_signature(facts.dump())).state, State::is_signed);
  auto more = facts, fewer = facts, other = facts;
  more["note"] = "x";
  fewer.erase("format");
  other["format"] = "myriad.signature/2";
  for (const auto& text :
       {facts.dump(1), facts.dump() + " ", more.dump(), fewer.dump(), other.dump(), std::string("{}"),
        std::string("[]"), std::string("{"), std::string(1 << 19, '['), json{{"key", 1}, {"signature", "x"}}.dump()})
    EXPECT_EQ(check(package.with_signature(text)).state, State::broken) << text.substr(0, 80);
}

TEST_F(Signature, IsOfOnePackageOnly) {
  const auto other = *Package::read(testing::package_with({{"README.md", "x"}}));
  const auto verification = check(other.with_signature(Package::read(small())->signature()));
  EXPECT_EQ(verification.state, State::broken);
  EXPECT_THAT(verification.reason, HasSubstr("not of these contents: fetch"));
}

TEST_F(Signature, AKeyCannotBeSwapped) {
  ASSERT_TRUE(make_key(home / "second.key"));
  const auto package = *Package::read(small());
  auto facts = json::parse(package.signature());
  facts["key"] = to_base64(read_public_key(home / "second.key.pub")->bytes);
  EXPECT_THAT(check(package.with_signature(facts.dump())).reason, HasSubstr("not by the key that it names"));
}

TEST_F(Signature, TarReadsOn) {
  std::ofstream(home / "a.mpk") << small();
  EXPECT_EQ(std::system(("tar --zstd -tf " + (home / "a.mpk").string() + " > " + (home / "list").string()).c_str()), 0);
  EXPECT_EQ(*read_file(home / "list", 4096), "manifest.json\nlib/x86_64/meter.so\n");
}

}  // namespace
}  // namespace myriad::plugin_host
