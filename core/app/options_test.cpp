#include "app/options.h"

#include <gtest/gtest.h>

#include <fstream>

#include "base/temp_dir.h"

namespace myriad::app {
namespace {

TEST(Options, ReadsTheCommandLine) {
  const auto options = parse_serve({"--data", "D", "--listen", "127.0.0.1:0", "--tls", "off", "--ready-file=F", "--log",
                                    "debug", "--plugins", "a:b"});
  ASSERT_TRUE(options) << options.error().message;
  EXPECT_EQ(options->data, "D");
  EXPECT_EQ(options->host, "127.0.0.1");
  EXPECT_EQ(options->port, 0);
  EXPECT_FALSE(options->tls);
  EXPECT_EQ(options->ready_file, "F");
  EXPECT_EQ(options->log_level, Level::debug);
  EXPECT_EQ(options->plugins.size(), 2u);
}

TEST(Options, TheCommandLineWinsOverTheFile) {
  const TempDir dir;
  std::ofstream(dir / "site.properties") << "data = from-file\nlisten = [::1]:9000\n";
  const auto options = parse_serve({"--config", dir / "site.properties", "--data", "from-line"});
  ASSERT_TRUE(options) << options.error().message;
  EXPECT_EQ(options->data, "from-line");
  EXPECT_EQ(options->host, "::1");
  EXPECT_EQ(options->port, 9000);
  EXPECT_TRUE(options->tls);
}

TEST(Options, TunesTheSpine) {
  const auto usual = parse_serve({});
  ASSERT_TRUE(usual) << usual.error().message;
  EXPECT_EQ(usual->durability, spine::Durability::full);
  EXPECT_LE(usual->commit_ms, 20u);
  const TempDir dir;
  std::ofstream(dir / "site.properties") << "durability = normal\ncommit-ms = 5\n";
  const auto tuned =
      parse_serve({"--config", dir / "site.properties", "--commit-kilobytes", "64", "--spine-megabytes", "9"});
  ASSERT_TRUE(tuned) << tuned.error().message;
  EXPECT_EQ(tuned->durability, spine::Durability::normal);
  EXPECT_EQ(tuned->commit_ms, 5u);
  EXPECT_EQ(tuned->commit_kilobytes, 64u);
  EXPECT_EQ(tuned->spine_megabytes, 9u);
}

TEST(Options, RefusesUnsignedPluginsUnlessTold) {
  EXPECT_EQ(parse_serve({})->unsigned_plugins, plugin_host::UnsignedPolicy::refuse);
  EXPECT_EQ(parse_serve({"--unsigned-plugins", "allow"})->unsigned_plugins, plugin_host::UnsignedPolicy::allow);
}

TEST(Options, RefusesWithARemedy) {
  struct Case {
    std::vector<std::string> args;
    const char* says;
  };
  const Case cases[] = {
      {{"--listen", "somewhere"}, "HOST:PORT"},
      {{"--listen", "127.0.0.1:70000"}, "HOST:PORT"},
      {{"--tls", "maybe"}, "use on or off"},
      {{"--listen", "0.0.0.0:80", "--tls", "off"}, "only loopback"},
      {{"--unsigned-plugins", "maybe"}, "use refuse, warn or allow"},
      {{"--log", "loud"}, "debug, info"},
      {{"--durability", "maybe"}, "use full or normal"},
      {{"--commit-ms", "0"}, "from 1 to 10000"},
      {{"--commit-kilobytes", "lots"}, "from 1 to 32768"},
      {{"--spine-hours", "-1"}, "from 1 to"},
      {{"--nonsense", "1"}, "--help"},
      {{"--data"}, "--help"},
      {{"stray"}, "--help"},
      {{"--certificate", "c.pem"}, "together"},
      {{"--config", "/nonexistent.properties"}, "--help"},
  };
  for (const auto& c : cases) {
    const auto options = parse_serve(c.args);
    ASSERT_FALSE(options) << c.args[0];
    EXPECT_NE(options.error().message.find(c.says), std::string::npos) << options.error().message;
  }
}

TEST(Options, HelpNamesEveryOption) {
  for (const char* name : {"--config", "--data", "--listen", "--tls", "--ready-file", "--plugins", "--log"})
    EXPECT_NE(serve_help().find(name), std::string::npos) << name;
  EXPECT_TRUE(parse_serve({"--help"})->help);
}

}  // namespace
}  // namespace myriad::app
