#include "security/secrets.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <iterator>
#include <regex>
#include <thread>

#include "base/temp_dir.h"
#include "security/private_file.h"
#include "storage/salvage.h"

namespace myriad::security {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using namespace std::string_literals;
using Patterns = std::vector<std::string>;

const std::string password = "hunter2 hunter2";

class SecretsTest : public ::testing::Test {
 protected:
  void SetUp() override { open(); }
  void open() {
    secrets_.reset();
    complaints_.clear();
    auto opened =
        Secrets::open({file_, keys_, [this](const std::string& what) { complaints_ += what + '\n'; }}, clock_);
    ASSERT_TRUE(opened) << opened.error().message;
    secrets_ = *std::move(opened);
  }
  SecretInfo put(const std::string& name, const std::string& value = password, Patterns instances = {"plc-*"}) {
    const auto info = secrets_->put(name, value, std::move(instances), std::nullopt);
    EXPECT_TRUE(info) << info.error().message;
    return info ? *info : SecretInfo{};
  }
  // What `get` answers, or the error's words.
  std::string get(const std::string& name, const std::string& instance = "plc-1") {
    const auto value = secrets_->get(name, instance);
    if (value) return *value;
    EXPECT_EQ(value.error().code, Code::unavailable) << value.error().message;
    return value.error().message;
  }
  std::vector<std::string> names() {
    std::vector<std::string> out;
    for (const auto& info : secrets_->list()) out.push_back(info.name);
    return out;
  }
  // Every byte of the data directory but the key.
  std::string bytes_on_disk() {
    std::string all;
    for (const auto& entry : std::filesystem::directory_iterator(dir_.path())) {
      if (!entry.is_regular_file()) continue;
      std::ifstream in(entry.path(), std::ios::binary);
      all.append(std::istreambuf_iterator<char>(in), {});
    }
    return all;
  }
  void move_value(const std::string& from, const std::string& to) {
    SQLite::Database db(file_.string(), SQLite::OPEN_READWRITE);
    db.exec("UPDATE secrets SET sealed = (SELECT sealed FROM secrets WHERE name = '" + from + "') WHERE name = '" + to +
            "'");
  }

  TempDir dir_;
  const std::filesystem::path file_ = dir_ / "secrets.db", keys_ = dir_ / "keys", key_ = keys_ / "secrets.key";
  ManualClock clock_{1'800'000'000'000'000'000};
  std::string complaints_;
  std::unique_ptr<Secrets> secrets_;
};

TEST_F(SecretsTest, GivesInstancesWhatIsForThem) {
  const auto made = put("plc", "a\0b\n"s, {"plc-*", "scada"});
  EXPECT_EQ(made.name, "plc");
  EXPECT_EQ(made.updated, clock_.now());
  EXPECT_EQ(made.version, 1u);
  EXPECT_EQ(get("plc", "plc-7"), "a\0b\n"s);
  EXPECT_EQ(get("plc", "scada"), "a\0b\n"s);
  put("everybody", "x", {"*"});
  EXPECT_EQ(get("everybody", "whoever"), "x");
}

TEST_F(SecretsTest, TellsNobodyWhatIsForOthers) {
  put("plc", password, {"plc-*"});
  const std::string foreign = get("plc", "meter"), missing = get("plb", "meter");
  EXPECT_THAT(foreign, HasSubstr("`myriad secret set plc --instance meter`"));
  EXPECT_THAT(foreign, Not(HasSubstr("hunter2")));
  EXPECT_EQ(std::regex_replace(foreign, std::regex("plc"), "plb"), missing) << "the same words, whichever it is";
  for (const char* other : {"", "plc", "Plc-1", "xplc-1", "*", "plc-*x/y"})
    EXPECT_THAT(get("plc", other), Not(HasSubstr("hunter2"))) << other;
}

TEST_F(SecretsTest, OutlivesARestart) {
  put("b");
  put("a", "other", {"x", "y*"});
  open();
  EXPECT_THAT(names(), ElementsAre("a", "b"));
  EXPECT_THAT(secrets_->find("a")->instances, ElementsAre("x", "y*"));
  EXPECT_EQ(secrets_->find("a")->updated, clock_.now());
  EXPECT_EQ(secrets_->find("a")->version, 2u);
  EXPECT_EQ(get("b"), password);
  EXPECT_EQ(complaints_, "");
}

TEST_F(SecretsTest, LeavesNothingReadableOnDisk) {
  put("plc");
  EXPECT_THAT(bytes_on_disk(), HasSubstr("plc-*"));
  EXPECT_THAT(bytes_on_disk(), Not(HasSubstr("hunter2")));
  struct stat about {};
  for (const auto& [path, mode] : {std::pair{file_, 0600u}, {keys_, 0700u}, {key_, 0600u}}) {
    ASSERT_EQ(::stat(path.c_str(), &about), 0) << path;
    EXPECT_EQ(about.st_mode & 0777, mode) << path;
  }
  EXPECT_EQ(std::filesystem::file_size(key_), 32u);
}

TEST_F(SecretsTest, WhatIsRemovedIsGoneFromDisk) {
  put("plc");
  const auto sealed = SQLite::Database(file_.string()).execAndGet("SELECT sealed FROM secrets").getString();
  open();  // into the file itself
  ASSERT_THAT(bytes_on_disk(), HasSubstr(sealed));
  ASSERT_TRUE(secrets_->remove("plc", std::nullopt));
  secrets_.reset();
  EXPECT_THAT(bytes_on_disk(), Not(HasSubstr(sealed)));
}

TEST_F(SecretsTest, AValueCannotBePassedOffAsAnother) {
  put("plc");
  put("cloud", "token", {"plc-*"});
  move_value("plc", "cloud");
  EXPECT_THAT(get("cloud"), HasSubstr("set it again: `myriad secret set cloud --instance"));
  EXPECT_EQ(get("plc"), password);
}

TEST_F(SecretsTest, ReplacesRemovesAndCountsVersions) {
  const auto first = put("plc");
  clock_.advance(1);
  const auto moved = secrets_->put("plc", std::nullopt, {"line-*"}, first.version);
  ASSERT_TRUE(moved) << moved.error().message;
  EXPECT_GT(moved->version, first.version);
  EXPECT_EQ(moved->updated, clock_.now());
  EXPECT_EQ(get("plc", "line-1"), password) << "the value stays";
  EXPECT_THAT(get("plc", "plc-1"), HasSubstr("there is no secret"));

  EXPECT_EQ(secrets_->put("plc", "new", {"*"}, first.version).error().code, Code::conflict);
  EXPECT_EQ(secrets_->put("plc", "new", {"*"}, 0).error().code, Code::conflict) << "0: it is not there yet";
  EXPECT_EQ(secrets_->remove("plc", first.version).error().code, Code::conflict);
  EXPECT_EQ(get("plc", "line-1"), password);
  ASSERT_TRUE(secrets_->remove("plc", moved->version));
  EXPECT_EQ(secrets_->remove("plc", std::nullopt).error().code, Code::not_found);
  EXPECT_EQ(secrets_->find("plc").error().code, Code::not_found);
  EXPECT_EQ(secrets_->put("plc", "new", {"*"}, moved->version).error().code, Code::conflict);
  EXPECT_GT(secrets_->put("plc", "new", {"*"}, 0)->version, moved->version) << "no version comes twice";
}

TEST_F(SecretsTest, RefusesWhatBreaksARule) {
  const auto refused = [&](const std::string& name, std::optional<std::string> value, const Patterns& instances) {
    const auto info = secrets_->put(name, value, instances, std::nullopt);
    if (info) return "taken"s;
    EXPECT_EQ(info.error().code, Code::invalid) << info.error().message;
    EXPECT_THAT(info.error().message, Not(HasSubstr("hunter2")));
    return info.error().field;
  };
  const struct {
    const char* what;
    std::string name;
    std::optional<std::string> value;
    Patterns instances;
    const char* field;
  } cases[] = {{"no name", "", password, {"*"}, "name"},
               {"a path", "../plc", password, {"*"}, "name"},
               {"a long name", std::string(129, 'x'), password, {"*"}, "name"},
               {"an empty value", "plc", "", {"*"}, "/value"},
               {"a long value", "plc", std::string((64 << 10) + 1, 'x'), {"*"}, "/value"},
               {"a new one without value", "plc", std::nullopt, {"*"}, "/value"},
               {"nobody", "plc", password, {}, "/instances"},
               {"too many", "plc", password, Patterns(257, "x"), "/instances"},
               {"an empty pattern", "plc", password, {"x", ""}, "/instances/1"},
               {"two patterns in one", "plc", password, {"a b"}, "/instances/0"},
               {"a long pattern", "plc", password, {std::string(129, '*')}, "/instances/0"},
               {"the longest value", "plc", std::string(64 << 10, 'x'), {"*"}, "taken"},
               {"the most instances", "plc", password, Patterns(256, "x"), "taken"}};
  for (const auto& c : cases) EXPECT_EQ(refused(c.name, c.value, c.instances), c.field) << c.what;
}

TEST_F(SecretsTest, KeepsAThousand) {
  {
    SQLite::Database db(file_.string(), SQLite::OPEN_READWRITE);
    db.exec(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 999) "
        "INSERT INTO secrets SELECT 's' || i, '*', 0, 0, x'00' FROM n");
  }
  open();
  put("the-last");
  const auto more = secrets_->put("one-more", password, {"*"}, std::nullopt);
  ASSERT_FALSE(more);
  EXPECT_THAT(more.error().message, HasSubstr("at most 1000 secrets"));
  put("the-last", "changed");
}

// ---- Keys that went away

TEST_F(SecretsTest, TellsOfALostKeyAndTakesFreshValues) {
  put("plc");
  const auto old_key = *read_private(key_);
  std::filesystem::remove(key_);
  open();
  EXPECT_THAT(complaints_, HasSubstr("secrets.key is missing: restore it from where it was kept"));
  EXPECT_THAT(names(), ElementsAre("plc"));
  EXPECT_THAT(get("plc"), HasSubstr("restore it from where it was kept; or set it again: `myriad secret set plc"));
  EXPECT_FALSE(std::filesystem::exists(key_)) << "reading makes no key";
  EXPECT_TRUE(secrets_->put("plc", std::nullopt, {"*"}, std::nullopt)) << "who may read it needs no key";

  put("cloud", "token");
  EXPECT_EQ(get("cloud"), "token");
  EXPECT_THAT(get("plc"), HasSubstr("sealed with another key"));
  open();
  EXPECT_THAT(complaints_, HasSubstr("1 of 2 secrets cannot be opened: secret 'plc'"));
  put("plc", "set again");
  EXPECT_EQ(get("plc"), "set again");
  open();
  EXPECT_EQ(complaints_, "");
  EXPECT_NE(*read_private(key_), old_key);
}

TEST_F(SecretsTest, ARestoredKeyCountsAtOnce) {
  put("plc");
  const auto kept = *read_private(key_);
  std::filesystem::remove(key_);
  open();
  EXPECT_THAT(get("plc"), HasSubstr("is missing"));
  ASSERT_TRUE(write_private(key_, kept));
  EXPECT_EQ(get("plc"), password);
}

TEST_F(SecretsTest, NeverWritesOverAKeyThatItCannotRead) {
  put("plc");
  const auto good = *read_private(key_);
  ASSERT_TRUE(write_private(key_, "cut"));
  open();
  EXPECT_THAT(complaints_, HasSubstr("3 bytes instead of 32"));
  EXPECT_THAT(get("plc"), HasSubstr("3 bytes instead of 32"));
  EXPECT_FALSE(secrets_->put("cloud", "token", {"*"}, std::nullopt));
  EXPECT_EQ(*read_private(key_), "cut");

  ASSERT_TRUE(write_private(key_, good));
  std::filesystem::permissions(key_, std::filesystem::perms::group_read, std::filesystem::perm_options::add);
  EXPECT_THAT(get("plc"), HasSubstr("chmod 600"));
  EXPECT_EQ(secrets_->put("cloud", "token", {"*"}, std::nullopt).error().code, Code::unavailable);
  EXPECT_THAT(names(), ElementsAre("plc"));
}

TEST_F(SecretsTest, SetsADamagedFileAside) {
  put("plc");
  secrets_.reset();
  for (const char* part : {"-wal", "-shm"}) std::filesystem::remove(file_.string() + part);
  std::ofstream(file_, std::ios::trunc) << std::string(20'000, 'x');
  open();
  EXPECT_THAT(complaints_, HasSubstr("secrets.db.damaged-"));
  EXPECT_THAT(names(), ElementsAre());
  put("plc", "set again");
  open();
  EXPECT_EQ(get("plc"), "set again");
}

TEST_F(SecretsTest, NoVersionComesTwiceAfterDamage) {
  put("a");
  const auto last = put("b").version;
  secrets_.reset();
  SQLite::Database(file_.string(), SQLite::OPEN_READWRITE).exec("UPDATE version SET next = 1");
  storage::mark_for_mending(file_);
  open();
  EXPECT_NE(complaints_, "");
  EXPECT_GT(put("c").version, last);
}

TEST_F(SecretsTest, ReadersMeetWholeValues) {
  put("plc", std::string(1000, 'a'));
  std::thread writer([&] {
    for (int i = 0; i < 50; ++i) put("plc", std::string(1000, i % 2 ? 'a' : 'b'));
  });
  for (int i = 0; i < 200; ++i) {
    const auto value = get("plc");
    EXPECT_TRUE(value == std::string(1000, 'a') || value == std::string(1000, 'b')) << value;
  }
  writer.join();
}

}  // namespace
}  // namespace myriad::security
