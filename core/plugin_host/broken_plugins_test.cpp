// Every plugin of tests/broken_plugins that has one fault, in a process of its own: what becomes of it is told, and the
// instance beside it does not notice.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plugin_host/testing.h"

namespace myriad::plugin_host {
namespace {

using namespace testing;
using ::testing::HasSubstr;

struct Fault {
  const char* plugin;
  const char* told;  // in last_error, in the end; empty: it counts on, and did not escape
  const char* quota = "";
};

constexpr Fault faults[] = {
    {"aborts", "crashed with SIGABRT"},
    {"segfaults", "crashed with SIGSEGV"},
    {"throws", "crashed with SIGABRT"},
    {"exits", "ended by itself with exit code 0 in poll()"},
    {"quits_in_start", "ended by itself with exit code 3 in start()"},
    {"hangs_in_poll", "did not return in time in poll()"},
    {"spins_in_poll", "did not return in time in poll()"},
    {"leaks", "its quota is 64 MiB", R"({"memory_mb":64})"},
    {"closes_descriptors", "its process"},
    {"floods", "", R"({"readings_per_s":20000})"},
    {"emits_without_end", ""},
    {"makes_points_without_end", ""},
    {"never_stops_logging", ""},
    {"prints", ""},
    {"writes_out_of_blob", ""},
    {"unknown_points", ""},
    {"threads_after_stop", ""},
    {"forks", ""},
    {"opens_forbidden_file", ""},
    {"connects_out", ""},
    {"kills_parent", ""},
};

class BrokenPlugins : public ::testing::TestWithParam<Fault> {};

INSTANTIATE_TEST_SUITE_P(, BrokenPlugins, ::testing::ValuesIn(faults),
                         [](const auto& tested) { return std::string(tested.param.plugin); });

TEST_P(BrokenPlugins, IsContainedAndTold) {
  const auto& fault = GetParam();
  auto timings = quick;
  timings.poll = 200ms;
  timings.grace = 100ms;
  Site site(timings, Isolation::process);
  ASSERT_TRUE(site.create("calm", "fickle", {{"thing", "calm"}, {"interval_ms", 5}}));
  registry::InstanceRecord record{"broken", fault.plugin, R"({"thing":"broken","interval_ms":5,"after":3})", true, 0};
  record.quota = fault.quota;
  const auto made = site.instances->create(record);
  ASSERT_TRUE(made) << made.error().message;
  const auto now = [&] { return *site.instances->get("broken"); };
  if (*fault.told) {
    EXPECT_TRUE(eventually([&] {
      const auto error = now().last_error;
      return error && error->message.find(fault.told) != std::string::npos;
    })) << (now().last_error ? now().last_error->message : "no error");
  } else {
    EXPECT_TRUE(eventually([&] { return now().polls >= 20; }));
    EXPECT_TRUE(eventually([&] { return site.values("broken/count").size() >= 10; }));
    for (const auto escaped : site.values("broken/escaped")) EXPECT_EQ(escaped, 0);
  }
  const auto before = site.values("calm/count").size();
  EXPECT_TRUE(eventually([&] { return site.values("calm/count").size() > before + 5; }));
  const auto seen = site.values("calm/count");
  for (std::size_t i = 0; i < seen.size(); ++i) ASSERT_EQ(seen[i], static_cast<std::int64_t>(i + 1));
  EXPECT_EQ(site.state("calm"), State::running);
  EXPECT_EQ(site.instances->get("calm")->restarts, 0u);
}

TEST(BrokenPluginsTest, OneThatHangsInCreateIsRefused) {
  auto timings = quick;
  timings.control = 300ms;
  Site site(timings, Isolation::process);
  const auto made = site.create("broken", "hangs_in_create", {{"thing", "broken"}, {"interval_ms", 5}});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, Code::timeout);
}

TEST(BrokenPluginsTest, OneThatHangsInStopIsEnded) {
  auto timings = quick;
  timings.stop = 400ms;
  Site site(timings, Isolation::process);
  ASSERT_TRUE(site.create("broken", "hangs_in_stop", {{"thing", "broken"}, {"interval_ms", 5}}));
  EXPECT_EQ(site.instances->stop("broken")->state, State::stopped);
  EXPECT_EQ(site.instances->start("broken")->state, State::running);
}

TEST(BrokenPluginsTest, OneThatLiesAboutSizesIsEndedOrRefused) {
  Site site(quick, Isolation::process);
  ASSERT_TRUE(site.create("calm", "fickle", {{"thing", "calm"}, {"interval_ms", 5}}));
  ASSERT_TRUE(site.create("broken", "lies_about_sizes", {{"thing", "broken"}, {"interval_ms", 5}, {"after", 3}}));
  EXPECT_TRUE(eventually([&] {
    const auto now = *site.instances->get("broken");
    return now.errors > 0 || now.restarts > 0;
  }));
  EXPECT_EQ(site.state("calm"), State::running);
}

}  // namespace
}  // namespace myriad::plugin_host
