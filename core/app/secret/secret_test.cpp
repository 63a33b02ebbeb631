// `myriad secret` against a site in this process: every floor is the real one.
#include "app/secret/secret.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>

#include "app/bench/flow.h"
#include "base/temp_dir.h"

namespace myriad::app::secret {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* password = "correct horse battery";

struct Said {
  int code = 0;
  std::string out, err;
};

class SecretCommands : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    dir_ = new TempDir;
    auto flow = bench::Flow::open(*dir_ / "data");
    ASSERT_TRUE(flow) << flow.error().message;
    flow_ = (*flow).release();
    const auto port = flow_->serve(password);
    ASSERT_TRUE(port) << port.error().message;
    ::setenv("MYRIAD_URL", ("http://127.0.0.1:" + std::to_string(*port)).c_str(), 1);
    const auto session = flow_->floors().security->sign_in("admin", password, "127.0.0.1:1");
    ASSERT_TRUE(session) << session.error().message;
    ::setenv("MYRIAD_TOKEN", session->token.c_str(), 1);
  }
  static void TearDownTestSuite() {
    delete flow_;
    delete dir_;
    for (const char* name : {"MYRIAD_URL", "MYRIAD_TOKEN"}) ::unsetenv(name);
  }

  // With `input` as standard input.
  static Said say(const std::vector<std::string>& args, const std::string& input = "") {
    const auto file = *dir_ / "input";
    std::ofstream(file, std::ios::binary) << input;
    const int before = ::dup(STDIN_FILENO), fd = ::open(file.c_str(), O_RDONLY);
    ::dup2(fd, STDIN_FILENO);
    ::testing::internal::CaptureStdout();
    ::testing::internal::CaptureStderr();
    const int code = run(args);
    ::dup2(before, STDIN_FILENO);
    ::close(before);
    ::close(fd);
    const Said said{code, ::testing::internal::GetCapturedStdout(), ::testing::internal::GetCapturedStderr()};
    EXPECT_THAT(said.out + said.err, Not(HasSubstr("hunter2")));
    return said;
  }
  static std::string value(const std::string& name, const std::string& instance) {
    const auto got = flow_->floors().secrets->get(name, instance);
    return got ? *got : "none";
  }

  static inline TempDir* dir_ = nullptr;
  static inline bench::Flow* flow_ = nullptr;
};

TEST_F(SecretCommands, SetsListsAndRemoves) {
  EXPECT_THAT(say({"list"}).out, HasSubstr("no secrets: set one"));
  const auto set = say({"set", "plc", "--instance", "plc-*", "--instance=scada"}, "hunter2\n");
  EXPECT_EQ(set.code, 0) << set.err;
  EXPECT_EQ(set.out, "plc is set, for plc-*, scada\n");
  EXPECT_EQ(value("plc", "scada"), "hunter2");

  const auto list = say({"list"});
  EXPECT_THAT(list.out, ::testing::StartsWith("plc  for plc-*, scada, since 20"));
  const auto facts = nlohmann::json::parse(say({"list", "--json"}).out);
  EXPECT_EQ(facts[0]["instances"], nlohmann::json::parse(R"(["plc-*","scada"])"));

  EXPECT_EQ(say({"set", "plc", "--instance", "line-1"}, "hunter2 again").out, "plc is replaced, for line-1\n");
  EXPECT_EQ(value("plc", "line-1"), "hunter2 again");
  EXPECT_EQ(value("plc", "scada"), "none");

  EXPECT_EQ(say({"remove", "plc"}).out, "removed plc\n");
  EXPECT_EQ(value("plc", "line-1"), "none");
  const auto gone = say({"remove", "plc"});
  EXPECT_EQ(gone.code, 1);
  EXPECT_THAT(gone.err, HasSubstr("there is no secret 'plc': `myriad secret list` shows all"));
}

TEST_F(SecretCommands, CutsOneNewlineAndNothingElse) {
  for (const auto& [sent, kept] : std::vector<std::pair<std::string, std::string>>{{"a", "a"},
                                                                                   {"a\n", "a"},
                                                                                   {"a\n\n", "a\n"},
                                                                                   {" a \r\n", " a \r"},
                                                                                   {"a\nb\n", "a\nb"},
                                                                                   {"万物", "万物"},
                                                                                   {std::string("\0\n", 2), {'\0'}}}) {
    EXPECT_EQ(say({"set", "cut", "--instance", "*"}, sent).code, 0);
    EXPECT_EQ(value("cut", "any"), kept);
  }
  const std::string longest(64 << 10, 'x');
  EXPECT_EQ(say({"set", "cut", "--instance", "*"}, longest + '\n').code, 0);
  EXPECT_EQ(value("cut", "any"), longest);
}

TEST_F(SecretCommands, SaysWhatIsWrong) {
  const struct {
    std::string name, instance, input;
    const char* said;
  } cases[] = {{"wrong", "*", "", "the value is empty"},
               {"wrong", "*", "\n", "the value is empty"},
               {"wrong", "*", std::string((64 << 10) + 1, 'x'), "holds at most 65536"},
               {"wrong", "*", std::string((64 << 10) + 2, 'x'), "more than the 65536 bytes"},
               {"wrong", "*", "hunter2\xff", "no UTF-8 text"},
               {"wrong", "a/b", "hunter2", "give an instance's id"},
               {"a/b", "*", "hunter2", "name 'a/b': use letters"}};
  for (const auto& c : cases) {
    const auto said = say({"set", c.name, "--instance", c.instance}, c.input);
    EXPECT_EQ(said.code, 1) << c.said;
    EXPECT_THAT(said.err, HasSubstr(c.said));
    EXPECT_EQ(value("wrong", "any"), "none") << c.said;
  }
  const auto away = say({"list", "--site", "http://127.0.0.1:1"});
  EXPECT_EQ(away.code, 1);
  EXPECT_THAT(away.err, HasSubstr("is the site running there?"));
}

TEST_F(SecretCommands, MisuseAnswersTwoAndTeaches) {
  for (const std::vector<std::string>& args :
       std::vector<std::vector<std::string>>{{},
                                             {"nonsense"},
                                             {"set"},
                                             {"set", "plc"},
                                             {"set", "plc", "--instance"},
                                             {"set", "", "--instance", "*"},
                                             {"set", "plc", "x", "--instance", "*"},
                                             {"remove"},
                                             {"list", "x"}}) {
    const auto said = say(args, "hunter2");
    EXPECT_EQ(said.code, 2) << ::testing::PrintToString(args);
    EXPECT_THAT(said.err, ::testing::AnyOf(HasSubstr("--help"), HasSubstr("usage:")));
  }
  for (const char* command : {"set", "list", "remove"}) {
    EXPECT_THAT(say({"--help"}).out, HasSubstr(command));
    const auto help = say({command, "--help"});
    EXPECT_EQ(help.code, 0) << command;
    EXPECT_THAT(help.out, HasSubstr(std::string("usage: myriad secret ") + command));
    EXPECT_THAT(help.out, HasSubstr("MYRIAD_TOKEN"));
  }
}

}  // namespace
}  // namespace myriad::app::secret
