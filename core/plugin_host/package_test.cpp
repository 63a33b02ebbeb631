#include "plugin_host/package.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include "base/files.h"
#include "plugin_host/package_testing.h"

namespace myriad::plugin_host {
namespace {

namespace fs = std::filesystem;
using namespace testing;
using ::testing::HasSubstr;

std::string why_not(std::string bytes, const PackageLimits& limits = {}) {
  const auto package = Package::read(std::move(bytes), limits);
  return package ? "it was read" : package.error().message;
}

std::set<std::string> names_in(const fs::path& folder) {
  std::set<std::string> names;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    names.insert(entry.path().lexically_relative(folder));
  return names;
}

TEST(Package, ReadsWhatItHolds) {
  const auto package = Package::read(package_with({{"README.md", "# Meter\n"},
                                                   {"translations/", "", '5'},
                                                   {"translations/zh-Hant.json", "{}"},
                                                   {"lib/aarch64/meter.so", "another"},
                                                   {"icon.svg", "<svg/>"},
                                                   {"sample.json", "{}"},
                                                   {"LICENSE", "Apache-2.0"}}));
  ASSERT_TRUE(package) << package.error().message;
  EXPECT_EQ(package->manifest().id, "meter");
  EXPECT_EQ(package->architectures(), (std::vector<std::string>{"aarch64", "x86_64"}));
  EXPECT_EQ(package->files().size(), 8u);
  EXPECT_EQ(package->files().at("sample.json"), "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a");
  EXPECT_TRUE(package->signature().empty());
}

TEST(Package, TheSchemaMayHaveAFileOfItsOwn) {
  const auto package = Package::read(package_with({{"schema.json", R"({"type":"object","title":"own"})"}}));
  ASSERT_TRUE(package) << package.error().message;
  EXPECT_EQ(package->manifest().config_schema["title"], "own");
}

TEST(Package, RefusesEveryEntryThatDoesNotBelongAndNamesIt) {
  struct Case {
    TarEntry entry;
    const char* says;
  };
  const std::string long_name(300, 'a');
  for (const Case& c :
       std::vector<Case>{{{"/etc/passwd", "x"}, "'/etc/passwd' is an absolute name"},
                         {{"../meter.so", "x"}, "'../meter.so' has an empty part, '.' or '..'"},
                         {{"lib/../../x", "x"}, "or '..' in its name"},
                         {{"lib/x86_64/..", "x"}, "or '..' in its name"},
                         {{"./README.md", "x"}, "'.' or '..' in its name: pack the plugin's folder again"},
                         {{"lib//meter.so", "x"}, "has an empty part"},
                         {{"lib\\x86_64\\meter.so", "x"}, "has a backslash"},
                         {{"READ\nME.md", "x"}, "'READ\\x0aME.md' has a control character"},
                         {{"READ\x7fME.md", "x"}, "has a control character"},
                         {{"", "x"}, "has no name"},
                         {{"README.md", "", '2', "/etc/passwd"}, "'README.md' is a symbolic link: put the file itself"},
                         {{"README.md", "", '1', "manifest.json"}, "is a hard link"},
                         {{"README.md", "", '3'}, "is a device"},
                         {{"README.md", "", '4'}, "is a device"},
                         {{"README.md", "", '6'}, "is a FIFO"},
                         {{"manifest.json", "{}"}, "'manifest.json' comes twice"},
                         {{"lib/x86_64/METER.so", "x"}, "'lib/x86_64/METER.so' comes twice"},
                         {{"lib/X86_64/meter.so", "x"}, "has no place in a package: leave it out"},
                         {{"readme.md", "x"}, "has no place"},
                         {{"install.sh", "x"}, "has no place"},
                         {{"lib/x86_64/deep/meter.so", "x"}, "has no place"},
                         {{"lib/meter.so", "x"}, "has no place"},
                         {{"translations/zh/x.json", "x"}, "has no place"},
                         {{"translations/.json", "x"}, "has no place"},
                         {{".mjs", "x"}, "has no place"},
                         {{".git/", "", '5'}, "has no place"},
                         {{"lib/x86_64/gauge.so", "x"}, "should be 'lib/<architecture>/meter.so'"},
                         {{"meter.mjs", "x"}, "should be 'lib/<architecture>/meter.so'"}}) {
    const auto message = why_not(package_with({c.entry}));
    EXPECT_THAT(message, HasSubstr(c.says)) << c.entry.name << ": " << message;
  }
}

// A name longer than ustar has room for, as GNU tar writes it ('L').
TEST(Package, RefusesALongName) {
  const std::string name = "translations/" + std::string(300, 'a') + ".json";
  const auto message = why_not(package_with({{"././@LongLink", name + '\0', 'L'}, {name, "{}"}}));
  EXPECT_THAT(message, HasSubstr("over 255 bytes: shorten it")) << message;
}

TEST(Package, FindsTheSameNameByAnotherCase) {
  const auto message = why_not(package_with({{"translations/zh.json", "{}"}, {"translations/ZH.json", "{}"}}));
  EXPECT_THAT(message, HasSubstr("'translations/ZH.json' comes twice")) << message;
  const auto folder = why_not(package_with({{"translations", "", '5'}, {"translations/", "", '5'}}));
  EXPECT_THAT(folder, HasSubstr("comes twice")) << folder;
}

TEST(Package, RefusesWhatLacksAPart) {
  EXPECT_THAT(why_not(zstd_of(tar_of({}))), HasSubstr("manifest.json is missing"));
  EXPECT_THAT(why_not(zstd_of(tar_of({library_entry()}))), HasSubstr("manifest.json is missing"));
  EXPECT_THAT(why_not(zstd_of(tar_of({manifest_entry()}))), HasSubstr("meter.so is missing: build"));
  EXPECT_THAT(why_not(zstd_of(tar_of({{"manifest.json", "{"}, library_entry()}))), HasSubstr("not JSON"));
  auto script = meter_manifest();
  script["runtime"] = "node";
  script["library"] = "meter.mjs";
  EXPECT_THAT(why_not(zstd_of(tar_of({{"manifest.json", script.dump()}}))), HasSubstr("meter.mjs is missing"));
  EXPECT_EQ(why_not(zstd_of(tar_of({{"manifest.json", script.dump()}, {"meter.mjs", "x"}}))), "it was read");
  EXPECT_THAT(why_not(zstd_of(tar_of({{"manifest.json", script.dump()}, {"other.mjs", "x"}}))),
              HasSubstr("'meter.mjs'"));
}

TEST(Package, RefusesWhatIsNoArchive) {
  EXPECT_THAT(why_not(""), HasSubstr("does not begin as zstd"));
  EXPECT_THAT(why_not("PK\3\4 a zip file"), HasSubstr("does not begin as zstd"));
  EXPECT_THAT(why_not(zstd_of("no tar at all")), HasSubstr("tar is broken"));
  EXPECT_THAT(why_not(tar_of({manifest_entry(), library_entry()})), HasSubstr("does not begin as zstd"));
  const std::string skippable("\x50\x2a\x4d\x18\x01\0\0\0x", 9);
  EXPECT_THAT(why_not(skippable + package_with({})), HasSubstr("does not begin as zstd"));
}

TEST(Package, RefusesEveryTruncation) {
  const std::string good = package_with({{"README.md", std::string(100, 'x')}});
  ASSERT_EQ(why_not(good), "it was read");
  for (std::size_t size = 0; size < good.size(); ++size)
    EXPECT_NE(why_not(good.substr(0, size)), "it was read") << size;
}

TEST(Package, RefusesWhatFollows) {
  EXPECT_THAT(why_not(package_with({}) + "x"), HasSubstr("1 bytes follow its archive"));
  EXPECT_THAT(why_not(package_with({}) + package_with({})), HasSubstr("bytes follow its archive"));
  const std::string tar = tar_of({manifest_entry(), library_entry()});
  EXPECT_EQ(why_not(zstd_of(tar + std::string(9000, '\0'))), "it was read") << "the padding of a block";
  EXPECT_THAT(why_not(zstd_of(tar + "x")), HasSubstr("something follows the end of its tar"));
  EXPECT_THAT(why_not(zstd_of(tar + std::string(500'000, '\0') + "x")),
              HasSubstr("something follows the end of its tar"));
  EXPECT_THAT(why_not(zstd_of(tar + tar_of({{"README.md", "x"}}))), HasSubstr("something follows the end of its tar"));
}

TEST(Package, KeepsItsLimits) {
  const PackageLimits limits{.archive = 4096, .unpacked = 2 << 20, .file = 1 << 20, .entries = 3};
  const auto sized = [](std::size_t bytes) { return TarEntry{"LICENSE", std::string(bytes, '\0')}; };
  EXPECT_EQ(why_not(package_with({sized(1 << 20)}), limits), "it was read");
  EXPECT_THAT(why_not(package_with({sized((1 << 20) + 1)}), limits), HasSubstr("'LICENSE' is larger than 1 MiB"));
  EXPECT_THAT(why_not(package_with({sized(1), {"README.md", "x"}}), limits), HasSubstr("more than 3 entries"));
  EXPECT_THAT(why_not(package_with({}) + std::string(4096, 'x'), limits), HasSubstr("larger than 0 MiB"));
  const PackageLimits tight{.archive = 4096, .unpacked = 1 << 20, .file = 1 << 20, .entries = 9};
  EXPECT_THAT(why_not(package_with({sized(1 << 19), {"README.md", std::string(1 << 19, '\0')}}), tight),
              HasSubstr("its files are larger than 1 MiB"));
}

TEST(Package, TheTarMayEndInTheMiddleOfItsEndMark) {
  const std::string tar = tar_of({manifest_entry(), library_entry()});
  for (const std::size_t lost : {1, 511, 512, 1024})
    EXPECT_EQ(why_not(zstd_of(tar.substr(0, tar.size() - lost))), "it was read") << lost;
  EXPECT_THAT(why_not(zstd_of(tar.substr(0, tar.size() - 600))), HasSubstr("tar is broken"));
}

// 2 GiB of zeros are 190 KiB of zstd: reading stops early and takes no memory for them.
TEST(Package, ABombStopsAtTheLimit) {
  const std::string zeros(64 << 20, '\0');
  const std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> zstd(ZSTD_createCCtx(), ZSTD_freeCCtx);
  std::string bomb(1 << 20, '\0');
  ZSTD_outBuffer out{bomb.data(), bomb.size(), 0};
  const auto feed = [&](std::string_view bytes, ZSTD_EndDirective end) {
    ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
    while (ZSTD_compressStream2(zstd.get(), &out, &in, end) != 0 && end == ZSTD_e_end) {
    }
  };
  feed(tar_entry({"LICENSE", "", '0', "", std::uint64_t{2} << 30}), ZSTD_e_continue);
  for (int i = 0; i < 32; ++i) feed(zeros, ZSTD_e_continue);
  feed(std::string(1024, '\0'), ZSTD_e_end);
  bomb.resize(out.pos);
  ASSERT_LT(bomb.size(), 1u << 20);
  rusage before{}, after{};
  ::getrusage(RUSAGE_SELF, &before);
  const auto message = why_not(bomb);
  ::getrusage(RUSAGE_SELF, &after);
  EXPECT_THAT(message, HasSubstr("'LICENSE' is larger than 128 MiB")) << message;
  EXPECT_LT(after.ru_maxrss - before.ru_maxrss, 32 << 10) << "KiB";
}

TEST(Package, AClaimCostsNoMemory) {
  const auto claimed = why_not(zstd_of(tar_entry({"README.md", "x", '0', "", std::uint64_t{7} << 30})));
  EXPECT_THAT(claimed, HasSubstr("Truncated tar archive"));
  const std::string much = tar_of({manifest_entry(), library_entry(), {"LICENSE", std::string(9 << 20, 'x')}});
  EXPECT_EQ(why_not(zstd_of(much)), "it was read");
  EXPECT_THAT(why_not(zstd_of(much, 1, 27)), HasSubstr("pack it again without --long"));
}

// As `tar --sparse` writes it (GNU, type 'S'): no data, a size of a terabyte.
TEST(Package, RefusesAFileWithHoles) {
  std::string head = tar_entry({"README.md", "", 'S'});
  const auto put = [&](std::size_t at, std::string_view text) { head.replace(at, text.size(), text); };
  put(257, std::string_view("ustar  \0", 8));
  put(386, "00000000000");  // one piece: offset 0, size 0
  put(398, "00000000000");
  put(483, "17777777777");  // the real size
  put(148, "        ");
  unsigned sum = 0;
  for (const char c : head) sum += static_cast<unsigned char>(c);
  char text[8];
  std::snprintf(text, sizeof text, "%06o", sum);
  put(148, std::string_view(text, 7));
  const auto message = why_not(zstd_of(head + tar_of({manifest_entry(), library_entry()})));
  EXPECT_THAT(message, HasSubstr("'README.md' has holes")) << message;
}

TEST(Package, UnpacksAllOrNothing) {
  const TempDir home;
  const auto package = Package::read(package_with({{"README.md", std::string(300'000, 'x')}}));
  ASSERT_TRUE(package);
  const auto unpacked = package->unpack(home / "meter");
  ASSERT_TRUE(unpacked) << unpacked.error().message;
  EXPECT_EQ(names_in(home.path()), (std::set<std::string>{"meter", "meter/README.md", "meter/lib", "meter/lib/x86_64",
                                                          "meter/lib/x86_64/meter.so", "meter/manifest.json"}));
  EXPECT_EQ(*read_file(home / "meter/README.md", 1 << 20), std::string(300'000, 'x'));
  const auto again = package->unpack(home / "meter");
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, Code::exists);
  EXPECT_EQ(names_in(home.path()).size(), 6u) << "no staging folder stays";
  fs::create_directory_symlink(home / "meter", home / "link");
  EXPECT_FALSE(package->unpack(home / "link"));
  EXPECT_FALSE(package->unpack(home / "nowhere/meter"));
}

}  // namespace
}  // namespace myriad::plugin_host
