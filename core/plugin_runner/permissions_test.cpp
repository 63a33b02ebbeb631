#include "plugin_runner/permissions.h"

#include <gtest/gtest.h>

namespace myriad::plugin_runner {
namespace {

using nlohmann::json;
using Kind = Permissions::Network::Kind;

TEST(Permissions, ReadsEveryWord) {
  const auto p = parse_permissions(json::parse(R"({
    "network": ["tcp-connect", "tcp-connect:502", "tcp-listen:8000-8010", "udp", "local"],
    "serial": ["/dev/ttyUSB*", "/dev/serial/by-id/*", "config:/device"],
    "files": ["/sys/class/thermal", "write:/var/lib/acme", "config:/tls/ca_file", "write:config:/folder"],
    "things": "own"})"));
  ASSERT_TRUE(p) << p.error().message;
  const std::vector<Permissions::Network> network{
      {Kind::tcp_connect}, {Kind::tcp_connect, 502, 502}, {Kind::tcp_listen, 8000, 8010}, {Kind::udp}, {Kind::local}};
  EXPECT_EQ(p->network, network);
  EXPECT_TRUE(p->network[0].every_port());
  EXPECT_FALSE(p->network[1].every_port());
  EXPECT_EQ(p->serial, (std::vector<std::string>{"/dev/ttyUSB*", "/dev/serial/by-id/*"}));
  EXPECT_EQ(p->config_devices, std::vector<std::string>{"/device"});
  EXPECT_EQ(p->files, (std::vector<Permissions::File>{{"/sys/class/thermal"}, {"/var/lib/acme", true}}));
  EXPECT_EQ(p->config_files, (std::vector<Permissions::File>{{"/tls/ca_file"}, {"/folder", true}}));
}

TEST(Permissions, WithoutWordsNothingIsAsked) {
  for (const auto* text : {"null", "{}", R"({"network":[],"serial":[],"files":[],"things":"own"})"}) {
    const auto p = parse_permissions(json::parse(text));
    ASSERT_TRUE(p) << text;
    EXPECT_EQ(*p, Permissions()) << text;
  }
}

TEST(Permissions, RefusesEverythingElseWithTheFieldAndTheMend) {
  struct Case {
    const char *name, *text, *field, *mend;
  };
  for (const Case& c : std::vector<Case>{
           {"no object", R"([])", "/permissions", "write {"},
           {"unknown member", R"({"exec":["/bin/sh"]})", "/permissions/exec", "use network, serial, files"},
           {"no list", R"({"network":"udp"})", "/permissions/network", "write ["},
           {"no text", R"({"files":["/a", 3]})", "/permissions/files/1", "write \""},
           {"things of others", R"({"things":"all"})", "/permissions/things", "\"own\""},
           {"unknown network", R"({"network":["icmp"]})", "/permissions/network/0", "use tcp-connect"},
           {"capitals", R"({"network":["UDP"]})", "/permissions/network/0", "use tcp-connect"},
           {"empty network", R"({"network":[""]})", "/permissions/network/0", "use tcp-connect"},
           {"port 0", R"({"network":["tcp-connect:0"]})", "/permissions/network/0", "1 to 65535"},
           {"port 65536", R"({"network":["tcp-connect:65536"]})", "/permissions/network/0", "1 to 65535"},
           {"no port", R"({"network":["tcp-connect:"]})", "/permissions/network/0", "1 to 65535"},
           {"port and more", R"({"network":["tcp-connect:80x"]})", "/permissions/network/0", "1 to 65535"},
           {"port with sign", R"({"network":["tcp-connect:+80"]})", "/permissions/network/0", "1 to 65535"},
           {"range backwards", R"({"network":["tcp-listen:9-8"]})", "/permissions/network/0", "1 to 65535"},
           {"open range", R"({"network":["tcp-listen:9-"]})", "/permissions/network/0", "1 to 65535"},
           {"range too wide", R"({"network":["tcp-listen:1-1025"]})", "/permissions/network/0", "at most 1024"},
           {"udp port", R"({"network":["udp:53"]})", "/permissions/network/0", "only TCP has ports"},
           {"every device", R"({"serial":["/dev/*"]})", "/permissions/serial/0", "three letters"},
           {"hidden star", R"({"serial":["/dev/tt*"]})", "/permissions/serial/0", "three letters"},
           {"device elsewhere", R"({"serial":["/tmp/tty"]})", "/permissions/serial/0", "below /dev"},
           {"device by dots", R"({"serial":["/dev/tty/../sda"]})", "/permissions/serial/0", "below /dev"},
           {"terminals", R"({"serial":["/dev/pts/*"]})", "/permissions/serial/0", "never granted"},
           {"many stars", R"({"serial":["/dev/tty*a*b*c"]})", "/permissions/serial/0", "at most two"},
           {"relative file", R"({"files":["replay"]})", "/permissions/files/0", "absolute path"},
           {"dots", R"({"files":["/var/lib/../../etc"]})", "/permissions/files/0", "absolute path"},
           {"slash at the end", R"({"files":["/var/lib/"]})", "/permissions/files/0", "absolute path"},
           {"two slashes", R"({"files":["//var/lib"]})", "/permissions/files/0", "absolute path"},
           {"NUL", R"({"files":["/var/lib\u0000/x"]})", "/permissions/files/0", "absolute path"},
           {"turned writing", R"({"files":["/var/\u202elib"]})", "/permissions/files/0", "absolute path"},
           {"everything", R"({"files":["/"]})", "/permissions/files/0", "name the files"},
           {"every process", R"({"files":["/proc"]})", "/permissions/files/0", "name the files"},
           {"device as file", R"({"files":["/dev/sda"]})", "/permissions/files/0", "under `serial`"},
           {"write everything", R"({"files":["write:/"]})", "/permissions/files/0", "name the files"},
           {"write to the system", R"({"files":["write:/etc/cron.d"]})", "/permissions/files/0", "read only"},
           {"unknown verb", R"({"files":["exec:/bin/sh"]})", "/permissions/files/0", "absolute path"},
           {"whole configuration", R"({"files":["config:"]})", "/permissions/files/0", "JSON pointer"},
           {"no pointer", R"({"files":["config:tls"]})", "/permissions/files/0", "JSON pointer"},
           {"no pointer for writing", R"({"files":["write:config:"]})", "/permissions/files/0", "JSON pointer"},
           {"no device's pointer", R"({"serial":["config:x"]})", "/permissions/serial/0", "JSON pointer"},
           {"configuration to be written", R"({"files":["config:write:/x"]})", "/permissions/files/0", "JSON pointer"},
           {"wrong escape", R"({"files":["config:/a~2"]})", "/permissions/files/0", "JSON pointer"},
           {"escape cut short", R"({"files":["config:/a~"]})", "/permissions/files/0", "JSON pointer"},
       }) {
    const auto p = parse_permissions(json::parse(c.text));
    ASSERT_FALSE(p) << c.name;
    EXPECT_EQ(p.error().field, c.field) << c.name;
    EXPECT_NE(p.error().message.find(c.mend), std::string::npos) << c.name << ": " << p.error().message;
  }
}

TEST(Permissions, FindsTheTextsBeneathAPointer) {
  const auto config = json::parse(R"({"tls":{"ca":"/a","nested":[1,"/b",{"c":"x"}]},"list":["/d"],"a/b":"/e"})");
  using Texts = std::vector<std::string>;
  EXPECT_EQ(texts_at(config, "/tls"), (Texts{"/a", "/b", "x"}));
  EXPECT_EQ(texts_at(config, "/list/0"), Texts{"/d"});
  EXPECT_EQ(texts_at(config, "/a~1b"), Texts{"/e"});
  for (const auto* nowhere :
       {"/none", "/tls/ca/x", "/list/1", "/list/-", "/list/x", "/list/00", "/list/99999999999999999999"})
    EXPECT_EQ(texts_at(config, nowhere), Texts()) << nowhere;
}

TEST(Permissions, KnowsWhatIsWithinAFolder) {
  EXPECT_TRUE(is_within("/a/b", "/a"));
  EXPECT_TRUE(is_within("/a", "/a"));
  EXPECT_TRUE(is_within("/a", "/"));
  EXPECT_FALSE(is_within("/ab", "/a"));
  EXPECT_FALSE(is_within("/a", "/a/b"));
}

}  // namespace
}  // namespace myriad::plugin_runner
