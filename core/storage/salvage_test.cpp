#include "storage/salvage.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <gtest/gtest.h>

#include <fstream>
#include <set>

#include "base/temp_dir.h"
#include "storage/integrity.h"

namespace myriad::storage {
namespace {

constexpr std::size_t page = 4'096;
constexpr const char* schema[] = {
    "CREATE TABLE a(id INTEGER PRIMARY KEY, text TEXT NOT NULL);"
    "CREATE TABLE b(name TEXT PRIMARY KEY, value BLOB NOT NULL);"
    "CREATE TABLE c(name TEXT PRIMARY KEY, next INTEGER NOT NULL) WITHOUT ROWID;"};
constexpr const char* probes[] = {"SELECT sum(length(text)) FROM a"};

class SalvageTest : public ::testing::Test {
 protected:
  // 2,000 rows a table; only files without a log are damaged at known places.
  void SetUp() override {
    auto db = *open(file_, schema);
    SQLite::Transaction transaction(*db);
    SQLite::Statement a(*db, "INSERT INTO a VALUES (?, ?)"), b(*db, "INSERT INTO b VALUES (?, ?)"),
        c(*db, "INSERT INTO c VALUES (?, ?)");
    for (int i = 0; i < rows; ++i) {
      const auto name = "name" + std::to_string(i);
      for (auto* s : {&a, &b, &c}) s->reset();
      a.bind(1, i * 1'000);
      a.bind(2, std::string(100, 'x') + std::to_string(i));
      b.bind(1, name);
      b.bind(2, name);
      c.bind(1, name);
      c.bind(2, i);
      for (auto* s : {&a, &b, &c}) s->exec();
    }
    transaction.commit();
    db->exec("PRAGMA wal_checkpoint(TRUNCATE)");
  }
  void spoil(std::size_t number) {
    std::fstream file(file_, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(number * page));
    file << std::string(page, '\x5a');
  }
  std::size_t pages() const { return std::filesystem::file_size(file_) / page; }
  Result<std::unique_ptr<SQLite::Database>> mend() {
    said_.clear();
    return open_or_mend(file_, schema, Sync::normal, probes, clock_.now(),
                        [this](const std::string& what) { said_ = what; });
  }
  static std::int64_t count(SQLite::Database& db, const std::string& table) {
    return db.execAndGet("SELECT count(*) FROM " + table).getInt64();
  }
  static std::int64_t all(SQLite::Database& db) { return count(db, "a") + count(db, "b") + count(db, "c"); }

  static constexpr int rows = 2'000;
  const TempDir dir_;
  const ManualClock clock_{1'700'000'000'000'000'000};
  const std::filesystem::path file_ = dir_ / "x.db";
  std::string said_;
};

TEST_F(SalvageTest, LeavesASoundFileAlone) {
  const auto db = mend();
  ASSERT_TRUE(db) << db.error().message;
  EXPECT_EQ(all(**db), 3 * rows);
  EXPECT_EQ(said_, "");
  EXPECT_TRUE(aside(file_).empty());
  EXPECT_EQ(*check(file_, [] { return true; }), "");
}

// Whatever page is spoiled: the file opens, and most rows are there.
TEST_F(SalvageTest, KeepsWhatLiesAroundAnyDamagedPage) {
  const auto good = dir_ / "good.db";
  std::filesystem::copy_file(file_, good);
  int noticed = 0;
  for (std::size_t number = 0; number < pages(); ++number) {
    for (const char* part : {"", "-wal", "-shm"}) std::filesystem::remove(file_.string() + part);
    std::filesystem::copy_file(good, file_);
    spoil(number);
    const auto found = check(file_, [] { return true; });
    ASSERT_TRUE(found) << found.error().message;
    EXPECT_NE(*found, "") << "page " << number;
    mark_for_mending(file_);
    const auto db = mend();
    ASSERT_TRUE(db) << number << ": " << db.error().message;
    EXPECT_NE(said_, "");
    EXPECT_EQ((*db)->execAndGet("PRAGMA integrity_check").getString(), "ok") << number;
    const auto kept = all(**db);
    if (number > 0 && kept >= 3 * rows - 400) ++noticed;
    (*db)->exec("INSERT OR REPLACE INTO a VALUES (1, 'y')");
  }
  // All but the page of the schema and the roots of the three tables.
  EXPECT_GE(noticed, static_cast<int>(pages()) - 6);
}

TEST_F(SalvageTest, KeepsWhatIsLeftOfATruncatedFile) {
  std::filesystem::resize_file(file_, pages() / 2 * page);
  const auto db = mend();
  ASSERT_TRUE(db) << db.error().message;
  EXPECT_GT(all(**db), rows / 2);
  EXPECT_NE(said_.find("x.db.damaged-20231114T221320Z"), std::string::npos) << said_;
  EXPECT_EQ(aside(file_).size(), 1u);
}

TEST_F(SalvageTest, BeginsAnewWhereNothingIsLeft) {
  std::ofstream(file_, std::ios::trunc) << std::string(3 * page, 'x');
  const auto db = mend();
  ASSERT_TRUE(db) << db.error().message;
  EXPECT_EQ(all(**db), 0);
  EXPECT_NE(said_.find("something is missing from a, b, c"), std::string::npos) << said_;
}

TEST_F(SalvageTest, RefusesAFileFromTheFutureAsBefore) {
  SQLite::Database(file_.string(), SQLite::OPEN_READWRITE).exec("PRAGMA user_version = 7");
  EXPECT_FALSE(mend());
  EXPECT_TRUE(aside(file_).empty());
}

TEST_F(SalvageTest, IntegrityChecksEachFileAndRemembersDamage) {
  const auto second = dir_ / "y.db";
  std::filesystem::copy_file(file_, second);
  spoil(pages() - 1);
  Integrity integrity(clock_, Log::none());
  integrity.watch(second);
  integrity.watch(file_);
  EXPECT_EQ(state_name(integrity.files()[0].state), "checking");
  integrity.start();
  const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (integrity.files()[1].checked_at == 0 && std::chrono::steady_clock::now() < limit)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  EXPECT_EQ(state_name(integrity.files()[0].state), "ok");
  EXPECT_EQ(state_name(integrity.files()[1].state), "damaged");
  EXPECT_NE(integrity.files()[1].detail, "");
  EXPECT_TRUE(is_marked_for_mending(file_));
  EXPECT_FALSE(is_marked_for_mending(second));
}

}  // namespace
}  // namespace myriad::storage
