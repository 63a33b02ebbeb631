#include "plugin_host/trust.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <thread>

#include "base/files.h"
#include "base/temp_dir.h"

namespace myriad::plugin_host {
namespace {

using State = Verification::State;
using ::testing::HasSubstr;

TrustedKey key(const std::string& name, char fill) {
  return {name, {std::string(32, fill)}, 1'800'000'000'000'000'000};
}

TEST(Trust, KeepsItsKeys) {
  const TempDir data;
  const Trust trust(data / "trust.json");
  EXPECT_TRUE(trust.list()->empty());
  ASSERT_TRUE(trust.add(key("zeta", 'z')));
  ASSERT_TRUE(trust.add(key("acme", 'a')));
  const auto keys = *Trust(data / "trust.json").list();
  ASSERT_EQ(keys.size(), 2u);
  EXPECT_EQ(keys[0].name, "acme");
  EXPECT_EQ(keys[0].key, key("", 'a').key);
  EXPECT_EQ(keys[0].added, key("", 'a').added);
  struct stat about {};
  ASSERT_EQ(::stat((data / "trust.json").c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777, 0600u);
}

TEST(Trust, RemovesByNameOrFingerprint) {
  const TempDir data;
  const Trust trust(data / "trust.json");
  ASSERT_TRUE(trust.add(key("acme", 'a')));
  ASSERT_TRUE(trust.add(key("zeta", 'z')));
  EXPECT_EQ(trust.remove(fingerprint(key("", 'a').key))->name, "acme");
  EXPECT_EQ(trust.remove("zeta")->name, "zeta");
  EXPECT_THAT(trust.remove("zeta").error().message, HasSubstr("myriad plugin trust list"));
}

TEST(Trust, RefusesWithTheMend) {
  const TempDir data;
  const Trust trust(data / "trust.json");
  ASSERT_TRUE(trust.add(key("acme", 'a')));
  EXPECT_THAT(trust.add(key("acme", 'b')).error().message, HasSubstr("choose another --name"));
  EXPECT_THAT(trust.add(key("other", 'a')).error().message, HasSubstr("already, as 'acme'"));
  EXPECT_THAT(trust.add(key("a b", 'b')).error().message, HasSubstr("no slug"));
  EXPECT_THAT(Trust(data / "nowhere/trust.json").add(key("acme", 'a')).error().message, HasSubstr("--data"));
}

TEST(Trust, ABrokenListTrustsNobody) {
  const TempDir data;
  const Trust trust(data / "trust.json");
  ASSERT_TRUE(trust.add(key("acme", 'a')));
  const auto good = *read_file(data / "trust.json", 4096);
  auto swapped = good;
  swapped.replace(swapped.find("YWFh"), 4, "YWFi");  // another key under the old fingerprint
  for (const auto& text :
       {std::string(), std::string("[]"), std::string("{\"format\":\"myriad.trust/1\"}"), good.substr(1), swapped}) {
    ASSERT_TRUE(replace_file(data / "trust.json", text, 0600));
    const auto keys = trust.list();
    ASSERT_FALSE(keys) << text;
    EXPECT_THAT(keys.error().message, HasSubstr("mend it, or remove it")) << text;
    EXPECT_FALSE(trust.add(key("zeta", 'z'))) << "what is there must not be lost";
  }
}

TEST(Trust, SeveralMayAddAtOnce) {
  const TempDir data;
  std::vector<std::thread> threads;
  for (char c = 'a'; c < 'i'; ++c)
    threads.emplace_back([&, c] { EXPECT_TRUE(Trust(data / "trust.json").add(key(std::string("key-") + c, c))); });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(Trust(data / "trust.json").list()->size(), 8u);
}

TEST(Trust, RecognisesTheSigner) {
  Verification verification;
  verification.state = State::is_signed;
  verification.key = key("", 'a').key;
  const auto known = recognise(verification, {key("zeta", 'z'), key("acme", 'a')});
  EXPECT_TRUE(known.trusted);
  EXPECT_EQ(known.signer, "acme");
  EXPECT_FALSE(recognise(verification, {key("zeta", 'z')}).trusted);
  verification.state = State::broken;
  EXPECT_FALSE(recognise(verification, {key("acme", 'a')}).trusted);
}

TEST(Trust, AdmitsAsThePolicySays) {
  struct Case {
    const char* name;
    State state;
    bool trusted;
    const char *refuse, *warn, *allow;  // what is said: "!" begins a refusal
  };
  for (const Case& c :
       {Case{"trusted", State::is_signed, true, "", "", ""},
        Case{"stranger", State::is_signed, false, "!myriad plugin trust add", "does not trust", ""},
        Case{"unsigned", State::not_signed, false, "!ask its vendor for a signed one", "is not signed", ""},
        Case{"broken", State::broken, false, "!torn", "!torn", "!torn"}}) {
    Verification verification;
    verification.state = c.state;
    verification.trusted = c.trusted;
    verification.reason = "torn";
    const std::pair<UnsignedPolicy, std::string> expected[] = {
        {UnsignedPolicy::refuse, c.refuse}, {UnsignedPolicy::warn, c.warn}, {UnsignedPolicy::allow, c.allow}};
    for (const auto& [policy, says] : expected) {
      const auto answer = admit(policy, verification);
      EXPECT_EQ(!answer, says.starts_with("!")) << c.name << " under " << policy_name(policy);
      const auto text = answer ? *answer : "!" + answer.error().message;
      EXPECT_EQ(text.empty(), says.empty()) << c.name << " under " << policy_name(policy) << ": " << text;
      EXPECT_THAT(text, HasSubstr(says.substr(says.starts_with("!")))) << c.name;
    }
  }
}

}  // namespace
}  // namespace myriad::plugin_host
