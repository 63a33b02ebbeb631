#include "plugin_host/plugins.h"

#include <gtest/gtest.h>

#include <fstream>

#include "base/temp_dir.h"
#include "plugin_host/loader.h"

namespace myriad::plugin_host {
namespace {

std::unique_ptr<Plugins> scan() {
  return Plugins::scan({BROKEN_PLUGINS}, Log::none());
}

TEST(Plugins, RefusesEachBrokenOneAndSaysWhy) {
  struct Case {
    const char *id, *first, *second;
  };
  const auto plugins = scan();
  for (const Case& c : std::vector<Case>{{"wrong_major", "built for ABI 2.0", "this host has 1.0"},
                                         {"needs_newer_host", "ABI 1.7 or newer", "this host has 1.0"},
                                         {"wrong_layout", "layout is 0x40808", "this host's is 0x8"},
                                         {"short_table", "has 40 bytes", "needs 80"},
                                         {"no_entry", "has no symbol myriad_plugin_entry_v1", "ABI 1.0"},
                                         {"null_entry", "does not accept a host of ABI 1.0", "install"},
                                         {"other_id", "'somebody_else'", "'other_id'"},
                                         {"no_library", "cannot be loaded", "no_library.so"},
                                         {"missing_library", "missing_library.so is missing", "install"}}) {
    const auto* info = plugins->find(c.id);
    ASSERT_TRUE(info) << c.id;
    EXPECT_FALSE(info->api) << c.id;
    EXPECT_NE(info->refused.find(c.first), std::string::npos) << c.id << ": " << info->refused;
    EXPECT_NE(info->refused.find(c.second), std::string::npos) << c.id << ": " << info->refused;
    EXPECT_FALSE(plugins->configure(*info, nlohmann::json::object())) << c.id;
  }
}

TEST(Plugins, LoadsAGoodOneAndFillsInDefaults) {
  const auto plugins = scan();
  const auto* info = plugins->find("fickle");
  ASSERT_TRUE(info && info->api) << (info ? info->refused : "not found");
  const auto config = plugins->configure(*info, {{"thing", "t"}});
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ((*config)["interval_ms"], 0);
  const auto wrong = plugins->configure(*info, {{"thing", "t"}, {"interval_ms", -1}});
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().field, "/interval_ms");
}

TEST(Plugins, ListsById) {
  const auto plugins = scan();
  const auto list = plugins->list();
  ASSERT_EQ(list.size(), 12u);
  EXPECT_EQ(list.front()->manifest.id, "fickle");
  EXPECT_EQ(plugins->find("unheard_of"), nullptr);
}

TEST(Plugins, KeepsAnUnreadableManifestListedWithTheReason) {
  const TempDir home;
  std::filesystem::create_directories(home / "torn");
  std::ofstream(home / "torn/manifest.json") << "{\"id\":";
  const auto plugins = Plugins::scan({home.path(), home / "not_there"}, Log::none());
  ASSERT_TRUE(plugins->find("torn"));
  EXPECT_NE(plugins->find("torn")->refused.find("not JSON"), std::string::npos);
}

TEST(Plugins, TheFirstFolderWins) {
  const TempDir home;
  std::filesystem::create_directories(home / "fickle");
  std::ofstream(home / "fickle/manifest.json") << "{}";
  const auto plugins = Plugins::scan({BROKEN_PLUGINS, home.path()}, Log::none());
  EXPECT_TRUE(plugins->find("fickle")->api);
}

TEST(Loader, AcceptsALongerTableOfALaterMinor) {
  auto api = *scan()->find("fickle")->api;
  api.abi = MYRIAD_ABI + 3;
  api.struct_size += 64;
  EXPECT_TRUE(check_api(api, "fickle"));
  api.stop = nullptr;
  const auto lacking = check_api(api, "fickle");
  ASSERT_FALSE(lacking);
  EXPECT_NE(lacking.error().message.find("no stop()"), std::string::npos);
}

}  // namespace
}  // namespace myriad::plugin_host
