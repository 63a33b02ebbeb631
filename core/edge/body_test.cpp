#include "edge/body.h"

#include <gtest/gtest.h>

#include "base/temp_dir.h"

namespace myriad::edge {
namespace {

TEST(Body, IsWholeInMemoryAndOnDisk) {
  const TempDir dir;
  for (const std::size_t size : {0, 10, 100, 101, 5000}) {
    Body body(100, dir.path());
    std::string expected;
    while (expected.size() < size) {
      const std::string piece(std::min<std::size_t>(7, size - expected.size()), static_cast<char>('a' + size % 26));
      ASSERT_TRUE(body.append(piece));
      expected += piece;
    }
    EXPECT_EQ(body.size(), size);
    const auto view = body.view();
    ASSERT_TRUE(view);
    EXPECT_EQ(*view, expected) << size;
    EXPECT_TRUE(std::filesystem::is_empty(dir.path())) << "a spooled body has no name";
    body.clear();
    EXPECT_EQ(body.size(), 0u);
    ASSERT_TRUE(body.append("again"));
    EXPECT_EQ(*body.view(), "again");
  }
}

TEST(Body, SaysWhereItCannotSpool) {
  Body body(1, "/nonexistent");
  const auto appended = body.append("abc");
  ASSERT_FALSE(appended);
  EXPECT_EQ(appended.error().code, Code::unavailable);
  EXPECT_NE(appended.error().message.find("/nonexistent"), std::string::npos);
}

}  // namespace
}  // namespace myriad::edge
