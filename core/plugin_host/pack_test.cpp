#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <fstream>

#include "base/files.h"
#include "plugin_host/package_testing.h"

namespace myriad::plugin_host {
namespace {

namespace fs = std::filesystem;

// A folder as a build leaves it, with a real library: that of a test plugin.
class Pack : public ::testing::Test {
 protected:
  Pack() {
    fs::create_directories(folder);
    fs::copy_file(fs::path(BROKEN_PLUGINS) / "fickle/manifest.json", folder / "manifest.json");
    fs::copy_file(library, folder / "fickle.so");
  }
  void write(const std::string& name, const std::string& text) {
    fs::create_directories((folder / name).parent_path());
    std::ofstream(folder / name) << text;
  }
  std::string why_not() {
    const auto packed = pack(folder, out);
    return packed ? "it was packed" : packed.error().message;
  }
  void expect_refusal(const std::string& part) {
    const auto message = why_not();
    EXPECT_NE(message.find(part), std::string::npos) << message;
    EXPECT_FALSE(fs::exists(out));
  }

  TempDir home;
  const fs::path folder = home / "anywhere", out = home / "fickle.mpk",
                 library = fs::path(BROKEN_PLUGINS) / "fickle/fickle.so";
};

TEST_F(Pack, PutsTheLibraryWhereItsMachinesAre) {
  write("README.md", "# Fickle\n");
  write("translations/zh.json", "{}");
  const auto packed = pack(folder, out);
  ASSERT_TRUE(packed) << packed.error().message;
  const auto read = Package::open(out);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->files(), packed->files());
  ASSERT_EQ(read->architectures().size(), 1u);
  EXPECT_TRUE(read->files().contains("lib/" + read->architectures()[0] + "/fickle.so"));
  EXPECT_TRUE(read->files().contains("translations/zh.json"));
}

TEST_F(Pack, SameFilesSameBytes) {
  write("README.md", "x");
  ASSERT_EQ(why_not(), "it was packed");
  const auto first = *read_file(out, 64 << 20);
  fs::rename(folder, home / "elsewhere");
  fs::create_directories(folder);
  for (const char* name : {"README.md", "fickle.so", "manifest.json"})
    fs::copy_file(home / "elsewhere" / name, folder / name);
  ::chmod((folder / "fickle.so").c_str(), 0755);
  ASSERT_EQ(why_not(), "it was packed") << "over what is there";
  EXPECT_EQ(*read_file(out, 64 << 20), first);
}

TEST_F(Pack, UnpacksToWhatWasPacked) {
  const auto packed = pack(folder, out);
  ASSERT_TRUE(packed);
  ASSERT_TRUE(packed->unpack(home / "unpacked"));
  EXPECT_EQ(*read_file(home / "unpacked/lib/" / fs::path(packed->architectures()[0]) / "fickle.so", 64 << 20),
            *read_file(library, 64 << 20));
}

TEST_F(Pack, TarReadsIt) {
  ASSERT_EQ(why_not(), "it was packed");
  EXPECT_EQ(std::system(("tar --zstd -tvf " + out.string() + " > " + (home / "list").string()).c_str()), 0);
  const auto list = *read_file(home / "list", 4096);
  EXPECT_NE(list.find("-rw-r--r-- 0/0"), std::string::npos) << list;
  EXPECT_NE(list.find("1970-01-01"), std::string::npos) << list;
}

TEST_F(Pack, AlsoTakesLibrariesOfSeveralMachines) {
  ASSERT_EQ(why_not(), "it was packed");
  const auto machine = Package::open(out)->architectures()[0];
  fs::create_directories(folder / "lib" / machine);
  fs::rename(folder / "fickle.so", folder / "lib" / machine / "fickle.so");
  std::string other = *read_file(library, 64 << 20);
  other[18] = '\x16';  // e_machine: EM_S390
  write("lib/s390x/fickle.so", other);
  const auto packed = pack(folder, out);
  ASSERT_TRUE(packed) << packed.error().message;
  EXPECT_EQ(packed->architectures().size(), 2u);
}

TEST_F(Pack, RefusesWhatNoPackageHolds) {
  write("fickle.o", "x");
  expect_refusal("'fickle.o' has no place in a package: leave it out");
}

TEST_F(Pack, RefusesALink) {
  fs::create_symlink("/etc/passwd", folder / "README.md");
  expect_refusal("README.md is a link");
}

TEST_F(Pack, RefusesALibraryOfAnotherMachine) {
  fs::create_directories(folder / "lib/s390x");
  fs::rename(folder / "fickle.so", folder / "lib/s390x/fickle.so");
  expect_refusal(": put it into lib/");
}

TEST_F(Pack, RefusesALibraryTwice) {
  ASSERT_EQ(why_not(), "it was packed");
  const auto machine = Package::open(out)->architectures()[0];
  fs::remove(out);
  fs::create_directories(folder / "lib" / machine);
  fs::copy_file(library, folder / "lib" / machine / "fickle.so");
  expect_refusal("leave one out");
}

TEST_F(Pack, RefusesWhatIsNoBuiltPlugin) {
  write("fickle.so", "text");
  expect_refusal("fickle.so is no shared library: build the plugin first");
  fs::remove(folder / "fickle.so");
  expect_refusal("fickle.so is missing: build the plugin");
  fs::remove(folder / "manifest.json");
  expect_refusal("name the folder of a built plugin");
}

TEST_F(Pack, TakesAScriptForNode) {
  auto manifest = testing::meter_manifest();
  manifest["runtime"] = "node";
  manifest["library"] = "meter.mjs";
  fs::remove(folder / "fickle.so");
  write("manifest.json", manifest.dump());
  write("meter.mjs", "export default class {}\n");
  const auto packed = pack(folder, out);
  ASSERT_TRUE(packed) << packed.error().message;
  EXPECT_TRUE(packed->architectures().empty());
}

}  // namespace
}  // namespace myriad::plugin_host
