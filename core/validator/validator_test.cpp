#include "validator/validator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/utsname.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "base/temp_dir.h"

namespace myriad::validator {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::HasSubstr;

json read_json(const fs::path& file) {
  return json::parse(std::ifstream(file));
}

// A folder with the plugin of test_plugin/, whose fault sample.json names.
class Faulty {
 public:
  explicit Faulty(const std::string& fault) {
    fs::create_directories(folder());
    fs::copy_file(fs::path(FAULTY_PLUGIN) / "faulty.so", library());
    manifest = read_json(fs::path(FAULTY_PLUGIN) / "manifest.json");
    sample = {{"fault", fault}};
  }
  fs::path folder() const { return home_ / "faulty"; }
  fs::path library() const { return folder() / "faulty.so"; }

  Result<Report> check(const Options& options = {}) const {
    std::ofstream(folder() / "manifest.json") << manifest;
    if (!sample.is_null()) std::ofstream(folder() / "sample.json") << sample.dump(2);
    return run_validator(MYRIAD_PROGRAM, folder(), options);
  }

  json manifest, sample;

 private:
  const TempDir home_;
};

std::vector<std::string> failed(const Report& report) {
  std::vector<std::string> out;
  for (const auto& c : report.checks)
    if (c.verdict == Verdict::fail) out.push_back(c.name);
  return out;
}

TEST(Validator, PassesAGoodPlugin) {
  const auto report = Faulty("none").check();
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->count(Verdict::ok), report->checks.size()) << to_text(*report, false);
  EXPECT_EQ(report->plugin, "faulty");
  EXPECT_EQ(report->version, "1.0.0");
}

TEST(Validator, AManifestMayAskForANewerHostThanItsLibrary) {
  Faulty plugin("none");
  plugin.manifest["abi"]["min"] = "1.1";
  const auto report = plugin.check();
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->count(Verdict::ok), report->checks.size()) << to_text(*report, false);
}

struct Case {
  const char *fault, *check, *says;
  int seconds = 10;  // for each check
};

void PrintTo(const Case& c, std::ostream* out) {
  *out << c.fault;
}

class EachFault : public ::testing::TestWithParam<Case> {};

TEST_P(EachFault, FailsInTheCheckThatNamesIt) {
  const auto& c = GetParam();
  const auto report = Faulty(c.fault).check({.time = std::chrono::seconds(c.seconds), .only = {c.check}});
  ASSERT_TRUE(report) << report.error().message;
  const auto* check = report->find(c.check);
  ASSERT_TRUE(check);
  EXPECT_EQ(check->verdict, Verdict::fail) << to_text(*report, false);
  EXPECT_THAT(check->detail, HasSubstr(c.says));
  EXPECT_FALSE(check->mend.empty());
}

constexpr Case cases[] = {
    {"thread_at_load", "scan", "started a thread"},
    {"file_at_load", "scan", "opened a file"},
    {"slow_load", "scan", "loading took 2"},
    {"signal_at_load", "scan", "the handler of SIGTERM"},
    {"another_table", "scan", "another table"},
    {"crash_at_load", "loads", "crashed with SIGSEGV in myriad_plugin_entry_v1()"},
    {"crash_in_entry", "loads", "crashed with SIGSEGV in myriad_plugin_entry_v1()"},
    {"sink_not_served", "instance", "the manifest provides myriad.sink/1"},
    {"serves_everything", "instance", "get_extension(\"myriad.unheard_of/1\") gives a table"},
    {"no_instance", "instance", "gave no instance"},
    {"throw_in_create", "instance", "an exception left create(): thrown as told"},
    {"exit_in_create", "instance", "exit code 3 in create()"},
    {"crash_in_stop", "lifecycle", "crashed with SIGSEGV in stop()"},
    {"abort_in_start", "lifecycle", "crashed with SIGABRT in start()"},
    {"exit_in_poll", "lifecycle", "exit code 3 in poll()"},
    {"throw_in_poll", "lifecycle", "an exception left poll(): thrown as told"},
    {"throw_in_stop", "lifecycle", "an exception left stop()"},
    {"hang_in_stop", "lifecycle", "did not return within 3 s in stop()", 3},
    {"hang_in_poll", "lifecycle", "did not return within 3 s in poll()", 3},
    {"start_waits", "lifecycle", "start() took 1", 6},
    {"start_refuses", "lifecycle", "start() failed the first time: invalid: the address is wrong"},
    {"starts_once", "lifecycle", "start() failed after stop()"},
    {"stop_needs_start", "lifecycle", "crashed with SIGSEGV in stop()"},
    {"same_instance", "lifecycle", ""},
    {"breaks_others", "lifecycle", "fails since another one was destroyed"},
    {"crash_on_odd_config", "config", "crashed with SIGSEGV in create() with an empty text"},
    {"crash_on_long_config", "config", "crashed with SIGSEGV in create() with"},
    {"deep_recursion", "config", "10,000 nested objects"},
    {"strict_host_size", "hosts", "fails in a host of ABI"},
    {"strict_stride", "hosts", "another stride"},
    {"refuses_newer_host", "hosts", "refuses a host of ABI"},
    {"refuses_older_host", "hosts", "its own /abi/min"},
    {"needs_every_extension", "hosts", "crashed with SIGSEGV in"},
    {"crash_when_full", "refusals", "crashed with SIGSEGV in poll()"},
    {"never_recovers", "refusals", "does not recover"},
    {"deaf_to_deadline", "deadline", "poll() with a deadline 1 s ago took 1"},
    {"deaf_to_cancel", "deadline", "did not return within 3 s in poll() after cancel()", 3},
    {"stays_cancelled", "deadline", "every poll() answers CANCELLED"},
    {"crash_in_cancel", "lifecycle", "crashed with SIGSEGV in cancel()"},
    {"bound_to_a_thread", "threads", "one thread after another fail"},
    {"calls_after_stop", "threads", "publish() was called after stop() had returned"},
    {"thread_stays", "threads", "thread(s) of it still run"},
    {"changes_signals", "threads", "the handler of SIGINT"},
    {"not_a_number", "readings", "NaN or infinite"},
    {"unknown_point", "readings", "a point id that intern_point never gave"},
    {"negative_time", "readings", "from before 1970"},
    {"unknown_type", "readings", "type"},
    {"beyond_blob", "readings", "blob"},
    {"small_stride", "readings", "stride"},
    {"bad_description", "readings", "no JSON object"},
    {"bad_metric", "readings", "metric 'Bad Metric'"},
    {"bad_timer", "readings", "timer/1 set() of 0 and 1000000 ns"},
    {"bad_secret", "readings", "a secret's name 'no slug!'"},
    {"bad_query", "readings", "history/1 query() breaks the rules"},
    {"throw_in_tick", "readings", "an exception left a tick of timer/1"},
    {"crash_in_tick", "readings", "crashed with SIGSEGV in a tick of timer/1"},
    {"slot_too_many", "calls", "outside of its slots"},
    {"slot_left_out", "calls", "left a slot"},
    {"changes_batch", "calls", "changed the batch"},
    {"replies_twice", "calls", "replied to twice"},
    {"responds_twice", "calls", "responded 2 times"},
    {"no_response", "calls", "responded 0 times"},
    {"odd_http_status", "calls", "status 7"},
    {"crash_in_write", "calls", "crashed with SIGSEGV in write()"},
    {"crash_in_invoke", "calls", "crashed with SIGSEGV in invoke() of 'echo'"},
    {"refuses_readings", "flow", "only integers are sent"},
    {"refuses_state", "flow", "load() refuses what save() wrote"},
    {"crash_on_odd_state", "flow", "crashed with SIGSEGV in load()"},
    {"crash_in_save", "flow", "crashed with SIGSEGV in save()"},
    {"no_message", "errors", "without saying why"},
    {"unterminated_message", "errors", "without NUL"},
    {"long_message", "errors", "outside of its myriad_error"},
    {"odd_status", "errors", "answered 5, which is no status"},
    {"leak", "leaks", "bytes allocated"},
    {"leak_some", "leaks", "bytes allocated"},
    {"leak_file", "leaks", "leaves a file or socket open"},
};

std::string case_name(const ::testing::TestParamInfo<Case>& info) {
  return info.param.fault;
}
INSTANTIATE_TEST_SUITE_P(Validator, EachFault, ::testing::ValuesIn(cases), case_name);

// A fault is not told again by every check after it.
TEST(Validator, FailsInOneCheckOnly) {
  for (const auto& [fault, check] : std::vector<std::pair<const char*, const char*>>{{"another_table", "scan"},
                                                                                     {"stop_needs_start", "lifecycle"},
                                                                                     {"start_refuses", "lifecycle"},
                                                                                     {"deep_recursion", "config"},
                                                                                     {"strict_stride", "hosts"},
                                                                                     {"never_recovers", "refusals"},
                                                                                     {"stays_cancelled", "deadline"},
                                                                                     {"calls_after_stop", "threads"},
                                                                                     {"not_a_number", "readings"},
                                                                                     {"slot_too_many", "calls"},
                                                                                     {"refuses_state", "flow"},
                                                                                     {"leak", "leaks"}}) {
    const auto report = Faulty(fault).check();
    ASSERT_TRUE(report);
    EXPECT_THAT(failed(*report), ::testing::ElementsAre(check)) << to_text(*report, false);
  }
}

TEST(Validator, StopsWhenOneCheckAfterAnotherHangs) {
  const auto report = Faulty("hang_in_stop").check({.time = std::chrono::seconds(2)});
  ASSERT_TRUE(report);
  EXPECT_EQ(report->count(Verdict::fail), 3u) << to_text(*report, false);
  EXPECT_THAT(report->find("leaks")->detail, HasSubstr("three checks did not end"));
}

TEST(Validator, WarnsOfWhatIsPrinted) {
  const auto report = Faulty("prints").check();
  ASSERT_TRUE(report);
  EXPECT_TRUE(report->passed());
  EXPECT_EQ(report->find("quiet")->verdict, Verdict::warn);
  EXPECT_THAT(report->find("quiet")->detail, HasSubstr("polled"));
}

TEST(Validator, WarnsOfAReplyThatNeverComes) {
  const auto report = Faulty("never_replies").check();
  ASSERT_TRUE(report);
  EXPECT_TRUE(report->passed());
  EXPECT_THAT(report->find("calls")->detail, HasSubstr("no reply came"));
}

// What is wrong with the manifest or the sample, before anything runs.
TEST(Validator, ReadsTheFiles) {
  struct File {
    const char *name, *check, *says;
    std::function<void(Faulty&)> spoil;
  };
  for (const File& f : std::vector<File>{
           {"no licence", "manifest", "/licence", [](Faulty& p) { p.manifest.erase("licence"); }},
           {"no title", "manifest", "/titles/en", [](Faulty& p) { p.manifest["titles"].erase("en"); }},
           {"no permissions", "manifest", "/permissions", [](Faulty& p) { p.manifest.erase("permissions"); }},
           {"no version", "manifest", "/version", [](Faulty& p) { p.manifest.erase("version"); }},
           {"a newer host", "manifest", "asks for ABI 1.9",
            [](Faulty& p) {
              p.manifest["abi"] = {{"built", "1.9"}, {"min", "1.9"}};
            }},
           {"another version", "loads", "'1.0.0', the manifest '1.0.1'",
            [](Faulty& p) { p.manifest["version"] = "1.0.1"; }},
           {"one served too many", "instance", "which the manifest does not provide",
            [](Faulty& p) { p.manifest["provides"] = {"myriad.device/1"}; }},
           {"a schema that is none", "schema", "no JSON Schema",
            [](Faulty& p) { p.manifest["config_schema"]["properties"] = 7; }},
           {"a sample that does not fit", "schema", "sample.json: /fault", [](Faulty& p) { p.sample["fault"] = 7; }},
           {"no sample, and no way to make one", "schema", "no configuration could be made up",
            [](Faulty& p) {
              p.sample = nullptr;
              p.manifest["config_schema"]["properties"]["fault"]["pattern"] = "^q{7}$";
            }},
       }) {
    Faulty plugin("none");
    f.spoil(plugin);
    const auto report = plugin.check();
    ASSERT_TRUE(report) << f.name;
    ASSERT_EQ(report->find(f.check)->verdict, Verdict::fail) << f.name << '\n' << to_text(*report, false);
    EXPECT_THAT(report->find(f.check)->detail, HasSubstr(f.says)) << f.name;
  }
}

TEST(Validator, SkipsWhatCannotBeKnown) {
  Faulty plugin("none");
  fs::remove(plugin.library());
  const auto report = plugin.check();
  ASSERT_TRUE(report);
  EXPECT_THAT(failed(*report), ::testing::ElementsAre("library"));
  EXPECT_THAT(report->find("leaks")->detail, HasSubstr("not made, since 'library' failed"));
  EXPECT_EQ(report->find("schema")->verdict, Verdict::ok);
}

TEST(Validator, MakesUpAConfiguration) {
  Faulty plugin("");
  plugin.sample = nullptr;
  const auto report = plugin.check();
  ASSERT_TRUE(report);
  EXPECT_TRUE(report->passed()) << to_text(*report, false);
  EXPECT_THAT(report->find("schema")->detail, HasSubstr("made from the schema: {\"fault\":\"sample\"}"));
}

// As packages hold it: lib/<architecture>/, and the schema in a file of its own.
TEST(Validator, ChecksAPackagesFolder) {
  Faulty plugin("none");
  utsname machine{};
  ::uname(&machine);
  fs::create_directories(plugin.folder() / "lib" / machine.machine);
  fs::rename(plugin.library(), plugin.folder() / "lib" / machine.machine / "faulty.so");
  std::ofstream(plugin.folder() / "schema.json") << plugin.manifest["config_schema"];
  plugin.manifest.erase("config_schema");
  const auto report = plugin.check();
  ASSERT_TRUE(report);
  EXPECT_TRUE(report->passed()) << to_text(*report, false);
  EXPECT_EQ(report->find("leaks")->verdict, Verdict::ok);
}

TEST(Validator, SaysWhenThereIsNothingToCheck) {
  const TempDir home;
  const auto empty = run_validator(MYRIAD_PROGRAM, home.path());
  ASSERT_FALSE(empty);
  EXPECT_THAT(empty.error().message, HasSubstr("holds no manifest.json"));
  EXPECT_FALSE(run_validator(MYRIAD_PROGRAM, home / "none.so"));
  const auto unstarted = run_validator(home / "no_program", fs::path(FAULTY_PLUGIN));
  ASSERT_FALSE(unstarted);
  EXPECT_THAT(unstarted.error().message, HasSubstr("cannot start"));
}

// The plugins that the daemon refuses to load.
TEST(Validator, RefusesWhatTheLoaderRefuses) {
  struct Refused {
    const char *id, *check, *says;
  };
  for (const auto& r : std::vector<Refused>{{"wrong_major", "loads", "built for ABI 2.0"},
                                            {"needs_newer_host", "loads", "ABI 1.7 or newer"},
                                            {"wrong_layout", "loads", "layout is 0x40808"},
                                            {"short_table", "loads", "has 40 bytes"},
                                            {"no_entry", "symbols", "does not export myriad_plugin_entry_v1"},
                                            {"null_entry", "loads", "does not accept a host"},
                                            {"other_id", "loads", "'somebody_else'"},
                                            {"no_library", "library", "no ELF file"},
                                            {"missing_library", "library", "is missing"}}) {
    const auto report = run_validator(MYRIAD_PROGRAM, fs::path(BROKEN_PLUGINS) / r.id);
    ASSERT_TRUE(report) << r.id;
    EXPECT_EQ(report->find(r.check)->verdict, Verdict::fail) << r.id;
    EXPECT_THAT(report->find(r.check)->detail, HasSubstr(r.says)) << r.id;
    EXPECT_EQ(report->find("lifecycle")->verdict, Verdict::skipped) << r.id;
  }
}

// Those that would take the daemon along: isolation contains them, and this tells of them before.
struct Broken {
  const char *id, *check, *says;
};
void PrintTo(const Broken& b, std::ostream* out) {
  *out << b.id;
}
class EachBroken : public ::testing::TestWithParam<Broken> {};

TEST_P(EachBroken, Fails) {
  const auto& b = GetParam();
  const TempDir home;
  const auto folder = home / b.id;
  fs::copy(fs::path(BROKEN_PLUGINS) / b.id, folder);
  std::ofstream(folder / "sample.json") << R"({"thing": "broken", "after": 0})";
  const auto report = run_validator(MYRIAD_PROGRAM, folder, {.time = std::chrono::seconds(4), .only = {b.check}});
  ASSERT_TRUE(report);
  EXPECT_EQ(report->find(b.check)->verdict, Verdict::fail) << to_text(*report, false);
  EXPECT_THAT(report->find(b.check)->detail, HasSubstr(b.says));
}

constexpr Broken broken[] = {
    {"aborts", "lifecycle", "crashed with SIGABRT in poll()"},
    {"segfaults", "lifecycle", "crashed with SIGSEGV in poll()"},
    {"throws", "lifecycle", "an exception left poll()"},
    {"exits", "lifecycle", "exit code 0 in poll()"},
    {"quits_in_start", "lifecycle", "exit code 3 in start()"},
    {"hangs_in_create", "instance", "within 4 s in create()"},
    {"hangs_in_poll", "lifecycle", "within 4 s in poll()"},
    {"hangs_in_stop", "lifecycle", "within 4 s in stop()"},
    {"spins_in_poll", "lifecycle", "in poll()"},
    {"leaks", "leaks", "keeps 83"},
    {"writes_out_of_blob", "readings", "rules"},
    {"lies_about_sizes", "readings", ""},
    {"unknown_points", "readings", "a point id that intern_point never gave"},
    {"threads_after_stop", "threads", "after stop()"},
    {"closes_descriptors", "lifecycle", "closed descriptors"},
};
std::string broken_name(const ::testing::TestParamInfo<Broken>& info) {
  return info.param.id;
}
INSTANTIATE_TEST_SUITE_P(Validator, EachBroken, ::testing::ValuesIn(broken), broken_name);

}  // namespace
}  // namespace myriad::validator
