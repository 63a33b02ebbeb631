#include "base/files.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/temp_dir.h"

namespace myriad {
namespace {

mode_t mode_of(const std::filesystem::path& file) {
  struct stat about {};
  ::stat(file.c_str(), &about);
  return about.st_mode & 0777;
}

TEST(Files, ReadsUpToItsLimit) {
  const TempDir home;
  ASSERT_TRUE(write_new_file(home / "a", "12345", 0600));
  EXPECT_EQ(*read_file(home / "a", 5), "12345");
  EXPECT_EQ(read_file(home / "a", 4).error().code, Code::too_large);
  EXPECT_EQ(read_file(home / "b", 4).error().code, Code::not_found);
  EXPECT_EQ(read_file(home.path(), 4).error().code, Code::invalid);
  ASSERT_EQ(::mkfifo((home / "fifo").c_str(), 0600), 0);
  EXPECT_EQ(read_file(home / "fifo", 4).error().code, Code::invalid);
}

TEST(Files, NeverWritesOverOneThatIsThere) {
  const TempDir home;
  ASSERT_TRUE(write_new_file(home / "key", "old", 0600));
  EXPECT_EQ(mode_of(home / "key"), 0600u);
  EXPECT_EQ(write_new_file(home / "key", "new", 0600).error().code, Code::exists);
  EXPECT_EQ(*read_file(home / "key", 9), "old");
  std::filesystem::create_symlink(home / "elsewhere", home / "link");
  EXPECT_FALSE(write_new_file(home / "link", "x", 0600));
  EXPECT_FALSE(std::filesystem::exists(home / "elsewhere"));
}

TEST(Files, ReplacesWholeAndLeavesNothingBeside) {
  const TempDir home;
  ASSERT_TRUE(replace_file(home / "list", "one", 0600));
  ASSERT_TRUE(replace_file(home / "list", "two", 0644));
  EXPECT_EQ(*read_file(home / "list", 9), "two");
  EXPECT_EQ(mode_of(home / "list"), 0644u);
  EXPECT_FALSE(replace_file(home / "nowhere/list", "x", 0600));
  std::filesystem::create_directory(home / "folder");
  EXPECT_FALSE(replace_file(home / "folder", "x", 0600));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(home.path()), {}), 2);
}

}  // namespace
}  // namespace myriad
