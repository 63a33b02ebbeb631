#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "app/plugin/commands.h"
#include "app/plugin/scaffold.h"
#include "base/files.h"
#include "base/temp_dir.h"

namespace myriad::app::plugin {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

struct Said {
  int code = 0;
  std::string out, err;
};

Said say(const Args& args) {
  ::testing::internal::CaptureStdout();
  ::testing::internal::CaptureStderr();
  const int code = run(args);
  return {code, ::testing::internal::GetCapturedStdout(), ::testing::internal::GetCapturedStderr()};
}

nlohmann::json facts(Args args) {
  args.push_back("--json");
  return nlohmann::json::parse(say(args).out, nullptr, false);
}

// A plugin for Node.js: packing it needs no compiler.
class PluginCommands : public ::testing::Test {
 protected:
  PluginCommands() {
    std::filesystem::create_directory(home / "built");
    write("built/manifest.json",
          R"({"id":"meter","version":"1.2.0","kind":"device","runtime":"node","library":"meter.mjs",
                                     "abi":{"built":"1.0","min":"1.0"},"config_schema":{}})");
    write("built/meter.mjs", "export default class {}\n");
  }
  void write(const std::string& name, const std::string& text) { std::ofstream(home / name) << text; }
  std::string at(const std::string& name) const { return home / name; }
  void make_signed() {
    ASSERT_EQ(say({"keygen", "--out", at("vendor.key")}).code, 0);
    ASSERT_EQ(say({"pack", at("built"), "--out", at("meter.mpk")}).code, 0);
    ASSERT_EQ(say({"sign", at("meter.mpk"), "--key", at("vendor.key")}).code, 0);
  }
  TempDir home;
};

TEST_F(PluginCommands, FromAKeyToATrustedPackage) {
  const auto key = facts({"keygen", "--out", at("vendor.key")});
  EXPECT_THAT(key["fingerprint"], ::testing::StartsWith("SHA256:"));
  EXPECT_EQ(facts({"pack", at("built"), "--out", at("meter.mpk")})["id"], "meter");

  const auto nobodys = say({"verify", at("meter.mpk")});
  EXPECT_EQ(nobodys.code, 1);
  EXPECT_THAT(nobodys.out, HasSubstr("it is not signed"));

  EXPECT_EQ(facts({"sign", at("meter.mpk"), "--key", at("vendor.key")})["fingerprint"], key["fingerprint"]);
  const auto good = say({"verify", at("meter.mpk"), "--key", at("vendor.key.pub")});
  EXPECT_EQ(good.code, 0) << good.out << good.err;
  EXPECT_THAT(good.out, HasSubstr(key["fingerprint"]));

  const Args verify{"verify", at("meter.mpk"), "--trust", at("trust.json")};
  EXPECT_EQ(say(verify).code, 1);
  EXPECT_EQ(say({"trust", "add", at("vendor.key.pub"), "--name", "acme", "--data", at("")}).code, 0);
  EXPECT_EQ(facts({"trust", "list", "--data", at("")})["keys"][0]["name"], "acme");
  EXPECT_EQ(say(verify).code, 0);
  EXPECT_EQ(facts(verify)["signer"], "acme");
  EXPECT_EQ(say({"trust", "remove", key["fingerprint"], "--data", at("")}).code, 0);
  EXPECT_EQ(say(verify).code, 1);
}

TEST_F(PluginCommands, VerifyFailsOnAnyOtherByteAndKey) {
  make_signed();
  ASSERT_EQ(say({"keygen", "--out", at("other.key")}).code, 0);
  const auto other = say({"verify", at("meter.mpk"), "--key", at("other.key.pub")});
  EXPECT_EQ(other.code, 1);
  EXPECT_THAT(other.out, HasSubstr("as asked"));
  const auto good = *read_file(at("meter.mpk"), 1 << 20);
  for (const std::size_t i : {std::size_t{0}, good.size() / 2, good.size() - 1}) {
    auto bytes = good;
    bytes[i] ^= 1;
    write("meter.mpk", bytes);
    EXPECT_EQ(say({"verify", at("meter.mpk")}).code, 1) << i;
    EXPECT_EQ(facts({"verify", at("meter.mpk")})["state"], "broken") << i;
  }
  EXPECT_EQ(say({"verify", at("nothing.mpk")}).code, 1);
}

TEST_F(PluginCommands, ANewOneIsComplete) {
  for (const auto& kind : kinds()) {
    const auto files = *scaffold(kind, "acme_probe");
    for (const char* name :
         {"CMakeLists.txt", "manifest.json", "plugin.cpp", "plugin_test.cpp", "README.md", "sample.json", "icon.svg"}) {
      ASSERT_TRUE(files.contains(name)) << kind << " " << name;
      EXPECT_THAT(files.at(name), Not(HasSubstr("my_" + kind))) << kind << " " << name;
    }
    const auto manifest = nlohmann::json::parse(files.at("manifest.json"));
    EXPECT_EQ(manifest["id"], "acme_probe");
    EXPECT_EQ(manifest["library"], "acme_probe.so");
    EXPECT_EQ(manifest["kind"], kind);
    EXPECT_EQ(manifest["titles"]["en"], "Acme probe");
    EXPECT_EQ(manifest["isolation"]["default"], "process");
    EXPECT_THAT(files.at("plugin.cpp"), HasSubstr("MYRIAD_PLUGIN(AcmeProbe, \"acme_probe\""));
  }
  EXPECT_EQ(kinds(), (std::vector<std::string>{"analytics", "device", "protocol"}));
}

TEST_F(PluginCommands, NewWritesAFolderAndNeverOver) {
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(home.path());
  EXPECT_EQ(say({"new", "--kind", "device", "acme_probe"}).code, 0);
  EXPECT_TRUE(std::filesystem::exists("acme_probe/plugin.cpp"));
  const auto again = say({"new", "--kind", "device", "acme_probe"});
  EXPECT_EQ(again.code, 1);
  EXPECT_THAT(again.err, HasSubstr("is there already"));
  for (const char* name : {"Acme", "1acme", "a", "acme-probe", "../acme", "acme_"})
    EXPECT_EQ(say({"new", "--kind", "device", name}).code, 1) << name;
  EXPECT_THAT(say({"new", "--kind", "gadget", "acme"}).err, HasSubstr("use device, protocol or analytics"));
  std::filesystem::current_path(before);
}

TEST_F(PluginCommands, MisuseAnswersTwoAndTeaches) {
  for (const Args& args : std::vector<Args>{{},
                                            {"nonsense"},
                                            {"keygen"},
                                            {"pack"},
                                            {"pack", "x"},
                                            {"pack", "x", "y", "--out", "z"},
                                            {"sign", "x", "--nonsense", "y"},
                                            {"verify", "--key"},
                                            {"trust"},
                                            {"trust", "add", "x"},
                                            {"new", "acme"}}) {
    const auto said = say(args);
    EXPECT_EQ(said.code, 2) << (args.empty() ? "" : args[0]);
    EXPECT_THAT(said.err, ::testing::AnyOf(HasSubstr("--help"), HasSubstr("usage:"))) << (args.empty() ? "" : args[0]);
  }
  for (const char* command : {"new", "check", "pack", "keygen", "sign", "verify", "trust"}) {
    EXPECT_THAT(say({"--help"}).out, HasSubstr(command));
    const auto help = say({command, "--help"});
    EXPECT_EQ(help.code, 0) << command;
    EXPECT_THAT(help.out, HasSubstr(std::string("usage: myriad plugin ") + command));
  }
}

}  // namespace
}  // namespace myriad::app::plugin
