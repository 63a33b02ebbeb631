#include "security/security.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <fstream>
#include <iterator>
#include <thread>
#include <vector>

#include "base/temp_dir.h"
#include "security/accounts.h"

namespace myriad::security {
namespace {

constexpr Nanos second = 1'000'000'000;
using namespace std::string_literals;
const std::string good = "correct horse";

class SecurityTest : public ::testing::Test {
 protected:
  void SetUp() override {
    open();
    ASSERT_TRUE(security_->ensure_admin(good));
  }
  void open() {
    security_.reset();
    Log log([this](Level, std::string_view, std::string_view text) { logged_ += std::string(text) + "\n"; },
            "security");
    auto opened = Security::open({dir_ / "security.db", dir_ / "keys", std::chrono::minutes(60), 4}, clock_, log);
    ASSERT_TRUE(opened) << opened.error().message;
    security_ = *std::move(opened);
  }
  Session sign_in(const std::string& password = good) {
    auto session = security_->sign_in("admin", password, "10.0.0.1:5000");
    EXPECT_TRUE(session) << session.error().message;
    return session ? *session : Session{};
  }
  Code code(std::string_view name, std::string_view password, std::string_view peer = "10.0.0.2:1") {
    const auto session = security_->sign_in(name, password, peer);
    return session ? Code::internal : session.error().code;
  }
  std::vector<std::string> audit() {
    const SQLite::Database db((dir_ / "security.db").string());
    SQLite::Statement rows(db, "SELECT who || '|' || what || '|' || origin FROM audit ORDER BY id");
    std::vector<std::string> out;
    while (rows.executeStep()) out.push_back(rows.getColumn(0));
    return out;
  }

  TempDir dir_;
  ManualClock clock_{1'800'000'000 * second};
  std::string logged_;
  std::unique_ptr<Security> security_;
};

TEST_F(SecurityTest, NeverMakesAnAdministratorInSilenceWhereAccountsWereLost) {
  sign_in();
  security_.reset();
  for (const char* part : {"-wal", "-shm"}) std::filesystem::remove((dir_ / "security.db").string() + part);
  std::ofstream(dir_ / "security.db", std::ios::trunc) << std::string(20'000, 'x');
  for (int start = 0; start < 2; ++start) {
    open();
    const auto made = security_->ensure_admin("attacker's own password");
    ASSERT_TRUE(made) << made.error().message;
    EXPECT_FALSE(*made);
    const auto session = security_->sign_in("admin", "attacker's own password", "10.0.0.1:5000");
    ASSERT_FALSE(session);
    EXPECT_EQ(session.error().code, Code::unavailable);
    EXPECT_NE(session.error().message.find("security.db.damaged-"), std::string::npos) << session.error().message;
  }
  for (const auto& entry : std::filesystem::directory_iterator(dir_.path()))
    if (entry.path().filename().string().starts_with("security.db.damaged-")) std::filesystem::remove(entry.path());
  open();
  ASSERT_TRUE(security_->ensure_admin(good));
  sign_in();
}

TEST_F(SecurityTest, KeepsAccountsThoughTheAuditIsDamaged) {
  for (int i = 0; i < 200; ++i) sign_in();
  security_.reset();
  {
    SQLite::Database db((dir_ / "security.db").string(), SQLite::OPEN_READWRITE);
    db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  }
  std::filesystem::resize_file(dir_ / "security.db", std::filesystem::file_size(dir_ / "security.db") - 4'096);
  open();
  EXPECT_FALSE(*security_->ensure_admin(std::nullopt));
  sign_in();
}

TEST_F(SecurityTest, SignsInAndKnowsTheSession) {
  const auto session = sign_in();
  const auto identity = security_->verify(session.token);
  ASSERT_TRUE(identity) << identity.error().message;
  EXPECT_EQ(identity->name, "admin");
  EXPECT_EQ(identity->role, "administrator");
  EXPECT_FALSE(identity->must_change_password);
  EXPECT_EQ(identity->expires, clock_.now() + 3600 * second);
  EXPECT_EQ(identity->csrf, session.identity.csrf);
  EXPECT_NE(identity->csrf, sign_in().identity.csrf) << "each session has its own";
}

TEST_F(SecurityTest, OutlivesARestart) {
  const auto session = sign_in();
  open();
  EXPECT_TRUE(security_->verify(session.token));
  EXPECT_FALSE(security_->ensure_admin("another password")->has_value());
  EXPECT_EQ(code("admin", "another password"), Code::denied);
}

TEST_F(SecurityTest, EndsSessions) {
  const auto session = sign_in(), other = sign_in();
  security_->sign_out(session.token);
  security_->sign_out("no token");
  EXPECT_FALSE(security_->verify(session.token));
  EXPECT_TRUE(security_->verify(other.token));
  clock_.advance(3600 * second);
  const auto late = security_->verify(other.token);
  ASSERT_FALSE(late);
  EXPECT_NE(late.error().message.find("expired"), std::string::npos);
}

TEST_F(SecurityTest, ChangesPasswords) {
  const auto before = sign_in();
  struct Case {
    const char *name, *current, *fresh, *field;
    Code code;
  };
  const Case cases[] = {{"wrong current", "wrong password", "a new password", "current", Code::denied},
                        {"short", good.c_str(), "short", "new", Code::invalid},
                        {"the same", good.c_str(), good.c_str(), "new", Code::invalid}};
  for (const auto& c : cases) {
    const auto changed = security_->change_password("admin", c.current, c.fresh);
    ASSERT_FALSE(changed) << c.name;
    EXPECT_EQ(changed.error().code, c.code) << c.name;
    EXPECT_EQ(changed.error().field, c.field) << c.name;
  }
  EXPECT_TRUE(security_->verify(before.token));
  ASSERT_TRUE(security_->change_password("admin", good, "a new password"));
  EXPECT_FALSE(security_->verify(before.token)) << "earlier sessions end";
  EXPECT_EQ(code("admin", good), Code::denied);
  EXPECT_TRUE(security_->verify(sign_in("a new password").token));
  open();
  EXPECT_TRUE(security_->verify(sign_in("a new password").token)) << "and on disk";
}

TEST_F(SecurityTest, SlowsGuessingDownByNameAndByAddress) {
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(code("admin", "wrong password", "10.0.0." + std::to_string(i) + ":1"), Code::denied);
  const auto waits = security_->sign_in("admin", good, "10.9.9.9:1");
  ASSERT_FALSE(waits) << "by name, even with the right password";
  EXPECT_EQ(waits.error().code, Code::again);
  EXPECT_EQ(waits.error().field, "1");
  clock_.advance(second);
  EXPECT_TRUE(security_->sign_in("admin", good, "10.9.9.9:1"));

  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(code("user" + std::to_string(i), good, "[::1]:" + std::to_string(i)), Code::denied);
  EXPECT_EQ(code("user9", good, "[::1]:7"), Code::again) << "by address, whatever the port";
  EXPECT_EQ(code("user9", good, "[::2]:7"), Code::denied);
}

TEST_F(SecurityTest, SlowsGuessingThroughPasswordChanges) {
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(security_->change_password("admin", "wrong password", "a new password"));
  const auto changed = security_->change_password("admin", good, "a new password");
  ASSERT_FALSE(changed);
  EXPECT_EQ(changed.error().code, Code::again);
}

TEST_F(SecurityTest, KeepsAnAuditTrailAndNoSecrets) {
  const auto session = sign_in();
  code("admin", "wrong password 1");
  code("wrong password 2", "x");
  security_->sign_out(session.token);
  EXPECT_FALSE(security_->change_password("admin", "wrong password 3", "a new password"));
  EXPECT_TRUE(security_->change_password("admin", good, "a new password"));
  EXPECT_EQ(audit(), (std::vector<std::string>{"admin|account made|", "admin|signed in|10.0.0.1:5000",
                                               "admin|sign in failed|10.0.0.2:1", "|sign in failed|10.0.0.2:1",
                                               "admin|signed out|", "admin|password change failed|",
                                               "admin|password changed|"}));
  EXPECT_EQ(logged_.find("password 1"), std::string::npos);
  for (const char* file : {"security.db", "security.db-wal"}) {
    std::ifstream in(dir_ / file, std::ios::binary);
    const std::string bytes(std::istreambuf_iterator<char>(in), {});
    for (const std::string& secret : {good, "a new password"s, "wrong password"s, session.token})
      EXPECT_EQ(bytes.find(secret), std::string::npos) << file;
  }
}

TEST_F(SecurityTest, SignsManyInAtOnce) {
  std::atomic<int> in = 0, again = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 10; ++i) {
        const auto session = security_->sign_in("admin", good, "10.0.0." + std::to_string(t) + ":1");
        if (session && security_->verify(session->token)) ++in;
        if (!session && session.error().code == Code::again) ++again;
        if (session) security_->sign_out(session->token);
      }
    });
  for (auto& t : threads) t.join();
  EXPECT_EQ(in + again, 80) << "too many at once are told to wait";
  EXPECT_GT(in, 0);
}

TEST(SecurityStart, MakesTheFirstPassword) {
  const TempDir dir;
  const SystemClock clock;
  const Security::Options options{dir / "security.db", dir / "keys", std::chrono::minutes(60), 4};
  auto security = *Security::open(options, clock, Log::none());
  EXPECT_FALSE(security->ensure_admin("")) << "an empty one";
  const auto made = security->ensure_admin(std::nullopt);
  ASSERT_TRUE(made && *made);
  const auto session = security->sign_in("admin", **made, "10.0.0.1");
  ASSERT_TRUE(session);
  EXPECT_TRUE(session->identity.must_change_password);
  ASSERT_TRUE(security->change_password("admin", **made, "a new password"));
  EXPECT_FALSE(security->sign_in("admin", "a new password", "10.0.0.1")->identity.must_change_password);
}

TEST(SecurityStart, TakesAWeakFirstPasswordOnlyToBeChanged) {
  const TempDir dir;
  const SystemClock clock;
  auto security = *Security::open({dir / "security.db", dir / "keys", std::chrono::minutes(60), 4}, clock, Log::none());
  ASSERT_TRUE(security->ensure_admin("weak"));
  EXPECT_TRUE(security->sign_in("admin", "weak", "10.0.0.1")->identity.must_change_password);
}

TEST(SecurityStart, KeepsItsKeyPrivate) {
  const TempDir dir;
  const SystemClock clock;
  const Security::Options options{dir / "security.db", dir / "keys", std::chrono::minutes(60), 4};
  ASSERT_TRUE(Security::open(options, clock, Log::none()));
  const auto key = options.keys / "token.key";
  struct stat about {};
  ASSERT_EQ(::stat(key.c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777, 0600u);
  ASSERT_EQ(::stat(options.keys.c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777, 0700u);
  ::chmod(key.c_str(), 0644);
  const auto open_to_others = Security::open(options, clock, Log::none());
  ASSERT_FALSE(open_to_others);
  EXPECT_NE(open_to_others.error().message.find("chmod 600"), std::string::npos);
  ::chmod(key.c_str(), 0600);
  std::ofstream(key) << "short";
  const auto damaged = Security::open(options, clock, Log::none());
  ASSERT_FALSE(damaged);
  EXPECT_NE(damaged.error().message.find("token.key"), std::string::npos);
}

TEST(AccountsAudit, IsBounded) {
  const TempDir dir;
  {
    auto accounts = *Accounts::open(dir / "a.db", 0, {});
    ASSERT_TRUE(accounts->audit(1, "", "first", ""));
  }
  SQLite::Database db((dir / "a.db").string(), SQLite::OPEN_READWRITE);
  db.exec("UPDATE sqlite_sequence SET seq = 100000 WHERE name = 'audit'");
  auto accounts = *Accounts::open(dir / "a.db", 0, {});
  ASSERT_TRUE(accounts->audit(2, "", "last", ""));
  EXPECT_EQ(db.execAndGet("SELECT group_concat(what) FROM audit").getString(), "last");
}

}  // namespace
}  // namespace myriad::security
