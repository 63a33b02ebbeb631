#include "validator/elf_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "base/temp_dir.h"

namespace myriad::validator {
namespace {

namespace fs = std::filesystem;

TEST(ElfFile, ReadsALibrary) {
  const auto elf = read_elf(fs::path(FAULTY_PLUGIN) / "faulty.so");
  ASSERT_TRUE(elf) << elf.error().message;
  EXPECT_TRUE(elf->shared);
  EXPECT_EQ(elf->shown, std::vector<std::string>{"myriad_plugin_entry_v1"});
  EXPECT_THAT(elf->needed, ::testing::Contains("libc.so.6"));
  EXPECT_EQ(elf->machine, read_elf("/proc/self/exe")->machine);
}

TEST(ElfFile, SaysWhatIsNone) {
  const TempDir home;
  EXPECT_FALSE(read_elf(home / "none.so"));
  EXPECT_FALSE(read_elf(home.path()));
  for (const std::string text : {"", "text",
                                 "\x7f"
                                 "ELF",
                                 "!<arch>\n"}) {
    std::ofstream(home / "file.so") << text;
    EXPECT_FALSE(read_elf(home / "file.so")) << text;
  }
}

// Whatever is cut off or changed: an answer, and no crash.
TEST(ElfFile, BearsDamage) {
  const TempDir home;
  std::ifstream in(fs::path(FAULTY_PLUGIN) / "faulty.so", std::ios::binary);
  const std::string whole{std::istreambuf_iterator<char>(in), {}};
  for (std::size_t i = 0; i < 64; ++i) {
    auto damaged = whole.substr(0, i % 2 ? whole.size() : whole.size() * i / 64);
    for (std::size_t at = i; at < damaged.size(); at += 97 + i) damaged[at] = static_cast<char>(i * 37);
    if (damaged.size() > 16) damaged.replace(0, 16, whole, 0, 16);
    std::ofstream(home / "file.so", std::ios::binary) << damaged;
    (void)read_elf(home / "file.so");
  }
}

}  // namespace
}  // namespace myriad::validator
