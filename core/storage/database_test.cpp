#include "storage/database.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "base/temp_dir.h"

namespace myriad::storage {
namespace {

constexpr const char* one[] = {"CREATE TABLE a(x)"};
constexpr const char* two[] = {"CREATE TABLE a(x)", "CREATE TABLE b(y); INSERT INTO b VALUES (7)"};

TEST(Database, MigratesStepByStep) {
  const TempDir dir;
  { ASSERT_TRUE(open(dir / "x.db", one)); }
  auto db = open(dir / "x.db", two);
  ASSERT_TRUE(db) << db.error().message;
  EXPECT_EQ((*db)->execAndGet("SELECT y FROM b").getInt(), 7);
}

TEST(Database, RefusesAFileFromTheFuture) {
  const TempDir dir;
  { ASSERT_TRUE(open(dir / "x.db", two)); }
  const auto db = open(dir / "x.db", one);
  ASSERT_FALSE(db);
  EXPECT_NE(db.error().message.find("newer Myriad"), std::string::npos) << db.error().message;
}

TEST(Database, RefusesWhatIsNoDatabase) {
  const TempDir dir;
  std::ofstream(dir / "x.db") << std::string(4096, 'x');
  const auto db = open(dir / "x.db", one);
  ASSERT_FALSE(db);
  EXPECT_NE(db.error().message.find("damaged"), std::string::npos) << db.error().message;
}

TEST(Database, SaysWhichFolderIsMissing) {
  const auto db = open("/nonexistent/x.db", one);
  ASSERT_FALSE(db);
  EXPECT_EQ(db.error().code, Code::denied);
  EXPECT_NE(db.error().message.find("/nonexistent/x.db"), std::string::npos);
}

TEST(Database, IsPrivate) {
  const TempDir dir;
  ASSERT_TRUE(open(dir / "x.db", one));
  struct stat s {};
  ASSERT_EQ(::stat((dir / "x.db").c_str(), &s), 0);
  EXPECT_EQ(s.st_mode & 0777, 0600u);
}

}  // namespace
}  // namespace myriad::storage
