#include "plugin_host/plugins.h"

#include <gtest/gtest.h>

#include <algorithm>
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
  for (const Case& c : std::vector<Case>{{"wrong_major", "built for ABI 2.0", "this host has 1."},
                                         {"needs_newer_host", "ABI 1.7 or newer", "this host has 1."},
                                         {"wrong_layout", "layout is 0x40808", "this host's is 0x8"},
                                         {"short_table", "has 40 bytes", "needs 80"},
                                         {"no_entry", "has no symbol myriad_plugin_entry_v1", "ABI 1."},
                                         {"null_entry", "does not accept a host of ABI 1.", "install"},
                                         {"other_id", "'somebody_else'", "'other_id'"},
                                         {"no_library", "cannot be loaded", "no_library.so"},
                                         {"missing_library", "missing_library.so is missing", "install"}}) {
    const auto* info = plugins->find(c.id);
    ASSERT_TRUE(info) << c.id;
    EXPECT_FALSE(plugins->load(*info)) << c.id;
    EXPECT_NE(info->refused.find(c.first), std::string::npos) << c.id << ": " << info->refused;
    EXPECT_NE(info->refused.find(c.second), std::string::npos) << c.id << ": " << info->refused;
    EXPECT_FALSE(plugins->configure(*info, nlohmann::json::object())) << c.id;
  }
}

TEST(Plugins, LoadsAGoodOneAndFillsInDefaults) {
  const auto plugins = scan();
  const auto* info = plugins->find("fickle");
  ASSERT_TRUE(info && plugins->load(*info)) << (info ? info->refused : "not found");
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
  const auto by_id = [](const PluginInfo* a, const PluginInfo* b) { return a->manifest.id < b->manifest.id; };
  EXPECT_TRUE(std::is_sorted(list.begin(), list.end(), by_id));
  EXPECT_EQ(std::ptrdiff_t(list.size()), std::distance(std::filesystem::directory_iterator(BROKEN_PLUGINS), {}));
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
  EXPECT_TRUE(plugins->find("fickle")->refused.empty());
}

// ---- Versions

class Versions : public ::testing::Test {
 protected:
  // An unpacked package of the fickle device.
  std::filesystem::path unpacked(const std::string& version) {
    const auto folder = home_ / ("unpacked-" + version);
    std::filesystem::copy(std::filesystem::path(BROKEN_PLUGINS) / "fickle", folder);
    auto manifest = nlohmann::json::parse(std::ifstream(folder / "manifest.json"));
    manifest["version"] = version;
    std::ofstream(folder / "manifest.json") << manifest;
    return folder;
  }
  std::unique_ptr<Plugins> open(std::vector<std::filesystem::path> folders = {}) {
    return Plugins::scan(folders, Log::none(), home_ / "plugins");
  }
  static std::vector<std::string> texts(const std::vector<const PluginInfo*>& infos) {
    std::vector<std::string> out;
    for (const auto* info : infos) out.push_back(info->manifest.version);
    return out;
  }
  TempDir home_;
};

TEST_F(Versions, LieSideBySideAndOneIsCurrent) {
  const auto plugins = open();
  ASSERT_TRUE(plugins->install(unpacked("1.10.0"), "fickle", "SHA256:key"));
  ASSERT_TRUE(plugins->install(unpacked("1.9.0"), "fickle", ""));
  EXPECT_EQ(texts(plugins->versions("fickle")), (std::vector<std::string>{"1.9.0", "1.10.0"}));
  EXPECT_EQ(plugins->find("fickle")->manifest.version, "1.10.0") << "the first one is current";
  EXPECT_EQ(plugins->find("fickle")->signer, "SHA256:key");
  EXPECT_EQ(plugins->find("fickle", "1.9.0")->manifest.version, "1.9.0");
  EXPECT_FALSE(plugins->find("fickle", "2.0.0"));
  const auto twice = plugins->install(unpacked("1.9.0-x"), "fickle", "");
  EXPECT_TRUE(twice);
  ASSERT_TRUE(plugins->make_current("fickle", "1.9.0"));
  EXPECT_EQ(plugins->find("fickle")->manifest.version, "1.9.0");
  EXPECT_EQ(plugins->make_current("fickle", "7.0.0").error().code, Code::not_found);
  const auto again = open();
  EXPECT_EQ(again->find("fickle")->manifest.version, "1.9.0") << "it is remembered";
  EXPECT_EQ(again->find("fickle", "1.10.0")->signer, "SHA256:key");
  EXPECT_TRUE(again->load(*again->find("fickle")));
}

TEST_F(Versions, LieWhereEveryProcessFindsThem) {
  const auto plugins = Plugins::scan({}, Log::none(), std::filesystem::relative(home_ / "plugins"));
  const auto installed = plugins->install(unpacked("1.0.0"), "fickle", "");
  ASSERT_TRUE(installed) << installed.error().message;
  EXPECT_TRUE((*installed)->library.is_absolute()) << (*installed)->library;
}

TEST_F(Versions, AreNotInstalledTwice) {
  const auto plugins = open();
  ASSERT_TRUE(plugins->install(unpacked("1.0.0"), "fickle", ""));
  std::filesystem::remove_all(home_ / "unpacked-1.0.0");
  EXPECT_EQ(plugins->install(unpacked("1.0.0"), "fickle", "").error().code, Code::exists);
}

TEST_F(Versions, GoWhenTheyAreUninstalled) {
  const auto plugins = open({BROKEN_PLUGINS});
  const auto* built_in = plugins->find("fickle");
  EXPECT_EQ(plugins->uninstall("fickle", "").error().code, Code::conflict) << "it came with the program";
  ASSERT_TRUE(plugins->install(unpacked("3.0.0"), "fickle", ""));
  ASSERT_TRUE(plugins->make_current("fickle", "3.0.0"));
  const auto* installed = plugins->find("fickle");
  EXPECT_TRUE(installed->installed);
  ASSERT_TRUE(plugins->uninstall("fickle", "3.0.0"));
  EXPECT_FALSE(std::filesystem::exists(home_ / "plugins/fickle/3.0.0"));
  EXPECT_EQ(plugins->find("fickle"), built_in);
  EXPECT_EQ(installed->manifest.version, "3.0.0") << "what was handed out stays valid";
}

TEST(Loader, AcceptsALongerTableOfALaterMinor) {
  const auto plugins = scan();
  auto api = **plugins->load(*plugins->find("fickle"));
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
