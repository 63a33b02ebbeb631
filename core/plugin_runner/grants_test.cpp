#include "plugin_runner/grants.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/temp_dir.h"

namespace myriad::plugin_runner {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class Granting : public testing::Test {
 protected:
  Granting() {
    for (const auto* folder : {"data/instances/i", "data/plugins/p", "data/keys", "outside"})
      fs::create_directories(root_ / folder);
    write("outside/a.csv");
    write("data/keys/secret");
  }
  std::string path(const std::string& name) const { return (root_ / name).native(); }
  void write(const std::string& name) { std::ofstream(path(name)) << "x"; }
  void link(const std::string& name, const std::string& target) { fs::create_symlink(target, path(name)); }

  Grants grants(const json& permissions, const json& config = json::object()) const {
    const auto parsed = parse_permissions(permissions);
    EXPECT_TRUE(parsed) << parsed.error().message;
    return grants_of(*parsed, config, {path("data/instances/i"), path("data/plugins/p"), path("data")}, {});
  }
  static std::vector<std::string> paths(const std::vector<Grants::Place>& places) {
    std::vector<std::string> out;
    for (const auto& p : places) out.push_back(p.path + (p.write ? " w" : ""));
    return out;
  }

  TempDir root_;
};

TEST_F(Granting, GivesWhatIsThereAndTellsWhatIsNot) {
  const auto g = grants({{"files", {path("outside"), path("none")}}});
  EXPECT_THAT(paths(g.files), ElementsAre(path("outside")));
  EXPECT_THAT(g.left_out, ElementsAre("'" + path("none") + "' is not granted: it is not there"));
  EXPECT_EQ(g.home, path("data/instances/i"));
}

TEST_F(Granting, ReadsTheConfigurationForFiles) {
  const json config{{"tls", {{"ca", path("outside/a.csv")}, {"verify", true}, {"name", "relative.pem"}}}};
  EXPECT_THAT(paths(grants({{"files", {"config:/tls"}}}, config).files), ElementsAre(path("outside/a.csv")));
  const json dotted{{"tls", path("outside/../outside/a.csv")}};
  const auto g = grants({{"files", {"config:/tls"}}}, dotted);
  EXPECT_THAT(g.files, IsEmpty());
  EXPECT_THAT(g.left_out, ElementsAre(HasSubstr("write it without '.'")));
}

TEST_F(Granting, ReadsTheConfigurationForFilesToWrite) {
  const json permissions{{"files", {"write:config:/folder"}}};
  EXPECT_THAT(paths(grants(permissions, {{"folder", path("outside")}}).files), ElementsAre(path("outside") + " w"));
  const auto g = grants(permissions, {{"folder", "/etc"}});
  EXPECT_THAT(g.files, IsEmpty());
  EXPECT_THAT(g.left_out, ElementsAre(HasSubstr("read only")));
}

TEST_F(Granting, ResolvesLinksOfPeople) {
  link("link.csv", path("outside/a.csv"));
  EXPECT_THAT(paths(grants({{"files", {path("link.csv")}}}).files), ElementsAre(path("outside/a.csv")));
}

TEST_F(Granting, FollowsNoLinkThatThePluginCouldHaveMade) {
  link("outside/trap", "/etc/shadow");
  link("data/instances/i/trap", "/etc/shadow");
  const json permissions{{"files", {path("outside/trap"), "write:" + path("outside"), "config:/file"}}};
  const auto g = grants(permissions, {{"file", path("data/instances/i/trap")}});
  EXPECT_THAT(paths(g.files), ElementsAre(path("outside") + " w"));
}

TEST_F(Granting, NeverReachesMyriadsOwnData) {
  link("link", path("data/keys"));
  for (const auto* name : {"data", "data/keys/secret", "data/instances", "", "link"}) {
    const auto g = grants({{"files", {"config:/file"}}}, {{"file", name[0] ? path(name) : root_.path().native()}});
    EXPECT_THAT(g.files, IsEmpty()) << name;
    EXPECT_THAT(g.left_out, ElementsAre(HasSubstr("Myriad's own data"))) << name;
  }
  EXPECT_THAT(grants({{"files", {"config:/file"}}}, {{"file", "/"}}).files, IsEmpty());
}

TEST_F(Granting, TellsWhenAnotherFileTookTheName) {
  const json permissions{{"files", {path("outside/a.csv")}}};
  const auto before = grants(permissions);
  EXPECT_EQ(before, grants(permissions));
  write("new.csv");
  fs::rename(path("new.csv"), path("outside/a.csv"));
  EXPECT_NE(before, grants(permissions));
}

TEST_F(Granting, GivesDevicesAndNoMemoryConsolesOrTerminals) {
  const auto line = ::posix_openpt(O_RDWR | O_NOCTTY);
  ASSERT_GE(line, 0);
  ASSERT_EQ(::unlockpt(line), 0);
  const std::string emulated = ::ptsname(line);
  link("line", emulated);
  EXPECT_THAT(paths(grants({{"serial", {"config:/device"}}}, {{"device", path("line")}}).devices),
              ElementsAre(emulated + " w"));
  for (const auto* device : {"/dev/null", "/dev/tty", "/etc/passwd", "/dev/none"}) {
    const auto g = grants({{"serial", {"config:/device"}}}, {{"device", device}});
    EXPECT_THAT(g.devices, IsEmpty()) << device;
    EXPECT_EQ(g.left_out.size(), 1) << device;
  }
  // A manifest's pattern may match these; they are passed over.
  for (const auto* pattern : {"/dev/tty", "/dev/zer*", "/dev/console"})
    EXPECT_THAT(grants({{"serial", {pattern}}}).devices, IsEmpty()) << pattern;
  EXPECT_THAT(grants({{"serial", {"/dev/none*"}}}).left_out, ElementsAre(HasSubstr("no such device")));
  ::close(line);
}

TEST_F(Granting, GivesNoDeviceAsAFile) {
  const auto g = grants({{"files", {"config:/file"}}}, {{"file", "/dev/zero"}});
  EXPECT_THAT(g.files, IsEmpty());
  EXPECT_THAT(g.left_out, ElementsAre(HasSubstr("under `serial`")));
}

TEST_F(Granting, GivesWhatNameLookupsReadWithTheNetwork) {
  EXPECT_THAT(grants({{"network", {"local"}}}).files, IsEmpty());
  const auto g = grants({{"network", {"tcp-connect:502"}}});
  EXPECT_THAT(paths(g.files), testing::Contains("/etc/hosts"));
  EXPECT_THAT(g.left_out, IsEmpty());
}

TEST_F(Granting, CrossesToTheChildAsText) {
  auto g = grants({{"files", {path("outside"), path("none")}}, {"network", {"tcp-connect:502", "udp"}}});
  g.descriptors = {3, 4};
  g.parent = 7;
  g.programs = {"/bin/true"};
  g.devices = {{"/dev/ttyUSB0", 5, true}};
  const auto back = grants_from(to_text(g));
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(*back, g);
  EXPECT_FALSE(grants_from("{}"));
}

}  // namespace
}  // namespace myriad::plugin_runner
