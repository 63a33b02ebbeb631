#include "plugin_host/instances.h"

#include <gtest/gtest.h>

#include <mutex>
#include <set>

#include "plugin_host/testing.h"

namespace myriad::plugin_host {
namespace {

using namespace testing;
using nlohmann::json;

std::size_t threads_of_process() {
  return static_cast<std::size_t>(
      std::distance(std::filesystem::directory_iterator("/proc/self/task"), std::filesystem::directory_iterator()));
}

// What holds wherever the plugin runs.
class InstancesTest : public ::testing::TestWithParam<Isolation> {
 protected:
  struct Site : testing::Site {
    explicit Site(Timings timings = quick) : testing::Site(timings, GetParam()) {}
  };
};

INSTANTIATE_TEST_SUITE_P(, InstancesTest, ::testing::Values(Isolation::in_process, Isolation::process),
                         [](const auto& tested) { return std::string(isolation_name(tested.param)); });

// ---- What belongs to whom

TEST_P(InstancesTest, AThingThatAnotherServesIsNotTakenOver) {
  Site site;
  ASSERT_EQ(site.create("first", "fickle", {{"thing", "meter"}})->state, State::running);
  const auto second = site.create("second", "fickle", {{"thing", "meter"}});
  ASSERT_TRUE(second);
  EXPECT_EQ(second->state, State::faulted);
  EXPECT_NE(second->last_error->message.find("belongs to instance 'first'"), std::string::npos)
      << second->last_error->message;
  EXPECT_EQ(site.registry->property("meter/count")->owner, "first");
  ASSERT_TRUE(site.instances->stop("first"));
  EXPECT_EQ(site.instances->restart("second")->state, State::running);
  EXPECT_EQ(site.registry->property("meter/count")->owner, "second");
}

TEST_P(InstancesTest, ReadingsOfAPropertyThatAnotherServesAreRefused) {
  Site site;
  ASSERT_TRUE(site.create("first", "fickle", {{"thing", "t"}}));
  ASSERT_TRUE(site.registry->describe_thing("t", json::parse(R"({"properties":{"burst":{}}})"), "first"));
  const json config{{"thing", "t"}, {"poll", "burst"}, {"size", 2}, {"interval_ms", 5}};
  ASSERT_EQ(site.create("second", "talker", config)->state, State::running);
  EXPECT_TRUE(eventually([&] { return !site.values("t/taken").empty(); }));
  EXPECT_TRUE(eventually([&] {
    const auto lines = site.instances->logs("second", 200);
    return std::any_of(lines.begin(), lines.end(), [](const LogLine& line) {
      return line.text.find("point 't/burst' belongs to instance 'first'") != std::string::npos;
    });
  }));
  EXPECT_TRUE(site.values("t/burst").empty());
}

// ---- Configuration

TEST_P(InstancesTest, CreatesStartsAndPolls) {
  Site site;
  const auto made = site.create("meter", "fickle", {{"thing", "meter"}, {"interval_ms", 5}});
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(made->state, State::running);
  EXPECT_TRUE(eventually([&] { return site.values("meter/count").size() >= 3; }));
  EXPECT_EQ(site.registry->things_of("meter"), std::vector<std::string>{"meter"});
  EXPECT_EQ(site.registry->property("meter/count")->unit, "polls");
  EXPECT_GE(site.instances->get("meter")->polls, 3u);
  EXPECT_GE(site.instances->get("meter")->readings, 3u);
}

TEST_P(InstancesTest, RefusesAWrongConfigurationBeforeAnythingIsStored) {
  struct Case {
    const char *name, *id, *plugin, *config, *field, *message;
  };
  Site site;
  for (const Case& c : std::vector<Case>{
           {"id", "a/b", "fickle", R"({"thing":"t"})", "/id", "letters"},
           {"unknown plugin", "x", "nobody", "{}", "/plugin", "use one of aborts"},
           {"refused plugin", "x", "wrong_major", "{}", "/plugin", "built for ABI 2.0"},
           {"no object", "x", "fickle", "[]", "/config", "no JSON object"},
           {"schema", "x", "fickle", R"({"thing":"t","poll":"often"})", "/config/poll", "use one of publish"},
           {"missing", "x", "fickle", R"({})", "/config/thing", "'thing' is missing"},
           {"the plugin's create", "x", "fickle", R"({"thing":"t","create":"invalid"})", "/config/create",
            "refused by create()"}}) {
    const auto made = site.instances->create({c.id, c.plugin, c.config, true, 0});
    ASSERT_FALSE(made) << c.name;
    EXPECT_EQ(made.error().code, Code::invalid) << c.name;
    EXPECT_EQ(made.error().field, c.field) << c.name << ": " << made.error().message;
    EXPECT_NE(made.error().message.find(c.message), std::string::npos) << c.name << ": " << made.error().message;
  }
  EXPECT_TRUE(site.instances->list().empty());
  EXPECT_TRUE(site.registry->instances().empty());
  EXPECT_EQ(site.points->size(), 0u) << "a refused configuration leaves no point behind";
}

TEST_P(InstancesTest, AnExceptionInCreateIsInternal) {
  Site site;
  const auto made = site.create("x", "fickle", {{"thing", "t"}, {"create", "throw"}});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, Code::internal);
  EXPECT_EQ(made.error().message, "create throws");
}

TEST_P(InstancesTest, RefusesAnIdTwice) {
  Site site;
  ASSERT_TRUE(site.create("x", "fickle", {{"thing", "t"}}));
  EXPECT_EQ(site.create("x", "fickle", {{"thing", "u"}}).error().code, Code::exists);
}

TEST_P(InstancesTest, ReplaceChecksFirstAndStopsNothingWhenItIsWrong) {
  Site site;
  const auto made = site.create("x", "fickle", {{"thing", "t"}, {"interval_ms", 2}});
  ASSERT_TRUE(made);
  const auto version = made->record.version;
  const auto wrong = site.instances->replace({"x", "fickle", R"({"thing":"t","interval_ms":-1})", true, 0}, version);
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().field, "/config/interval_ms");
  EXPECT_EQ(site.instances->replace({"x", "fickle", R"({"thing":"t"})", true, 0}, version + 7).error().code,
            Code::conflict);
  EXPECT_EQ(site.state("x"), State::running);
  const auto polls = site.instances->get("x")->polls;
  EXPECT_TRUE(eventually([&] { return site.instances->get("x")->polls > polls; }));
  const auto right = site.instances->replace({"x", "fickle", R"({"thing":"u","interval_ms":2})", true, 0}, version);
  ASSERT_TRUE(right) << right.error().message;
  EXPECT_GT(right->record.version, version);
  EXPECT_TRUE(eventually([&] { return !site.values("u/count").empty(); }));
}

TEST_P(InstancesTest, AReplacedOneThatDoesNotStartIsFaultedAndStored) {
  Site site;
  ASSERT_TRUE(site.create("x", "fickle", {{"thing", "t"}}));
  const auto replaced =
      site.instances->replace({"x", "fickle", R"({"thing":"t","start":"unavailable"})", true, 0}, std::nullopt);
  ASSERT_TRUE(replaced);
  EXPECT_EQ(replaced->last_error->message, "start fails as told");
  EXPECT_EQ(site.registry->instance("x")->version, replaced->record.version);
  EXPECT_TRUE(eventually([&] { return site.instances->get("x")->restarts >= 3; })) << "UNAVAILABLE is tried again";
}

TEST_P(InstancesTest, ReconfiguringOneLeavesTheOthersTheirSequence) {
  Site site;
  for (const char* id : {"a", "b", "c"}) ASSERT_TRUE(site.create(id, "fickle", {{"thing", id}, {"interval_ms", 2}}));
  for (int i = 0; i < 10; ++i)
    ASSERT_TRUE(site.instances->replace({"b", "fickle", R"({"thing":"b","interval_ms":2})", true, 0}, std::nullopt));
  ASSERT_TRUE(site.instances->stop("b"));
  for (const char* point : {"a/count", "c/count"}) {
    EXPECT_TRUE(eventually([&] { return site.values(point).size() > 20; }));
    const auto seen = site.values(point);
    for (std::size_t i = 0; i < seen.size(); ++i) ASSERT_EQ(seen[i], static_cast<std::int64_t>(i + 1)) << point;
  }
}

TEST_P(InstancesTest, StopAndStartAreRememberedOverAReopening) {
  Site site;
  ASSERT_TRUE(site.create("off", "fickle", {{"thing", "off"}, {"interval_ms", 2}}));
  ASSERT_TRUE(site.create("on", "fickle", {{"thing", "on"}, {"interval_ms", 2}}));
  EXPECT_EQ(site.instances->stop("off")->state, State::stopped);
  site.reopen();
  EXPECT_EQ(site.state("off"), State::stopped);
  EXPECT_EQ(site.state("on"), State::running);
  EXPECT_EQ(site.instances->start("off")->state, State::running);
  EXPECT_EQ(site.instances->restart("off")->state, State::running);
}

TEST_P(InstancesTest, RemoveTakesEverythingOfIt) {
  Site site;
  ASSERT_TRUE(site.create("x", "fickle", {{"thing", "t"}}));
  ASSERT_TRUE(site.registry->put("instance/x", "key", "value"));
  EXPECT_EQ(site.instances->remove("x", 999).error().code, Code::conflict);
  EXPECT_EQ(site.state("x"), State::running);
  ASSERT_TRUE(site.instances->remove("x", site.instances->get("x")->record.version));
  EXPECT_EQ(site.instances->get("x").error().code, Code::not_found);
  EXPECT_FALSE(site.registry->get("instance/x", "key"));
  EXPECT_TRUE(site.registry->things_of("x").empty());
  EXPECT_EQ(site.instances->remove("x", std::nullopt).error().code, Code::not_found);
}

TEST_P(InstancesTest, AnUnknownPluginAtTheDaemonsStartIsFaultedAndSaysWhy) {
  Site site;
  ASSERT_TRUE(site.registry->create_instance({"x", "gone", "{}", true, 0}));
  site.reopen();
  EXPECT_EQ(site.state("x"), State::faulted);
  EXPECT_EQ(site.instances->get("x")->last_error->message, "plugin 'gone' is not installed");
}

// ---- Failing polls

TEST_P(InstancesTest, ThePollsStatusDecides) {
  struct Case {
    const char* name;
    int status;
    State state;
    bool restarts;
  };
  const std::vector<Case> cases{{"unavailable", MYRIAD_E_UNAVAILABLE, State::degraded, false},
                                {"timeout", MYRIAD_E_TIMEOUT, State::degraded, false},
                                {"invalid", MYRIAD_E_INVALID, State::faulted, false},
                                {"denied", MYRIAD_E_DENIED, State::faulted, false},
                                {"unknown", -77, State::faulted, true}};
  Site site;
  for (const auto& c : cases) {
    ASSERT_TRUE(
        site.create(c.name, "fickle", {{"thing", c.name}, {"interval_ms", 2}, {"poll", "fail"}, {"status", c.status}}))
        << c.name;
    EXPECT_TRUE(site.reaches(c.name, c.state)) << c.name;
    EXPECT_EQ(site.instances->get(c.name)->last_error->message, "poll fails as told") << c.name;
  }
  EXPECT_TRUE(eventually([&] { return site.instances->get("unknown")->restarts >= 2; }));
  for (const auto& c : cases) EXPECT_EQ(site.instances->get(c.name)->restarts > 0, c.restarts) << c.name;
}

TEST_P(InstancesTest, RestartsComeEverLater) {
  auto timings = quick;
  timings.restart_first = 20ms;
  timings.restart_most = 60'000ms;
  timings.quarantine_after = 1'000;
  Site site(timings);
  ASSERT_TRUE(site.create("x", "fickle", {{"thing", "x"}, {"interval_ms", 1}, {"poll", "fail"}, {"status", -77}}));
  std::this_thread::sleep_for(1'200ms);
  EXPECT_TRUE(eventually([&] { return site.instances->get("x")->restarts >= 3; }));
  EXPECT_LE(site.instances->get("x")->restarts, 8u) << "20 ms, 40, 80 and so on are 2.5 s for seven";
}

TEST_P(InstancesTest, ADeviceThatComesBackIsRunningAgain) {
  Site site;
  ASSERT_TRUE(site.create("x", "fickle",
                          {{"thing", "back"}, {"interval_ms", 2}, {"poll", "fail"}, {"status", -3}, {"times", 20}}));
  EXPECT_TRUE(eventually([&] { return !site.values("back/count").empty(); }));
  EXPECT_TRUE(site.reaches("x", State::running));
  const auto status = *site.instances->get("x");
  EXPECT_EQ(status.last_error->status, "unavailable");
  EXPECT_EQ(status.errors, 20u);
  std::size_t complaints = 0;
  for (const auto& line : site.instances->logs("x", 200)) complaints += line.text.find("as told") != std::string::npos;
  EXPECT_EQ(complaints, 1u) << "a failure is logged when it begins, not at each poll";
}

TEST(InstancesInProcess, AFaultedOneIsRestartedUntilItRecovers) {
  Site site;
  ASSERT_TRUE(site.create("x", "fickle", {{"thing", "heals"}, {"interval_ms", 2}, {"poll", "fail"}, {"times", 3}}));
  EXPECT_TRUE(eventually([&] { return !site.values("heals/count").empty(); }));
  EXPECT_TRUE(site.reaches("x", State::running));
  EXPECT_EQ(site.instances->get("x")->restarts, 3u);
  EXPECT_EQ(site.instances->get("x")->last_error->status, "internal");
}

// ---- Timers

TEST_P(InstancesTest, TimersTickWhileItRuns) {
  Site site;
  ASSERT_EQ(site.create("it", "talker", {{"thing", "t"}, {"poll", "ticks"}})->state, State::running);
  EXPECT_TRUE(eventually([&] { return site.values("t/tick").size() == 5 && site.values("t/once").size() == 1; }));
  std::this_thread::sleep_for(50ms);
  EXPECT_EQ(site.values("t/tick"), (std::vector<std::int64_t>{1, 2, 3, 4, 5})) << "the fifth ends its timer";
  EXPECT_TRUE(site.values("t/never").empty());
  ASSERT_EQ(site.instances->restart("it")->state, State::running);
  EXPECT_TRUE(eventually([&] { return site.values("t/tick").size() == 10; }));
}

TEST_P(InstancesTest, NoTimerTicksWhenItIsStopped) {
  Site site;
  ASSERT_TRUE(site.create("it", "talker", {{"thing", "t"}, {"poll", "ticks"}}));
  EXPECT_TRUE(eventually([&] { return !site.values("t/tick").empty(); }));
  ASSERT_EQ(site.instances->stop("it")->state, State::stopped);
  const auto seen = site.values("t/tick").size();
  std::this_thread::sleep_for(50ms);
  EXPECT_EQ(site.values("t/tick").size(), seen);
}

TEST_P(InstancesTest, ATickThatFailsIsShownAndOneThatBreaksIsAFault) {
  Site site;
  ASSERT_EQ(site.create("fails", "talker", {{"thing", "f"}, {"poll", "tick_fails"}})->state, State::running);
  EXPECT_TRUE(eventually([&] { return site.instances->get("fails")->errors >= 3; }));
  EXPECT_EQ(site.instances->get("fails")->last_error->message, "the tick fails as told");
  EXPECT_EQ(site.instances->get("fails")->restarts, 0u);
  const auto lines = site.instances->logs("fails", 200);
  EXPECT_EQ(std::count_if(lines.begin(), lines.end(),
                          [](const LogLine& line) { return line.text.find("as told") != std::string::npos; }),
            1)
      << "said once";
  ASSERT_TRUE(site.create("breaks", "talker", {{"thing", "b"}, {"poll", "tick_breaks"}}));
  EXPECT_TRUE(eventually([&] { return site.instances->get("breaks")->restarts >= 2; }));
  EXPECT_EQ(site.instances->get("breaks")->last_error->message, "the tick breaks as told");
}

TEST_P(InstancesTest, APluginThatNeverStopsLoggingFloodsNobody) {
  Site site;
  std::atomic<int> passed = 0;
  auto instances = Instances::make({*site.plugins, *site.registry, *site.spine, *site.points, site.clock,
                                    Log([&](Level, std::string_view, std::string_view) { ++passed; }, ""), quick});
  ASSERT_TRUE(instances->create({"x", "fickle", R"({"thing":"t","interval_ms":1,"poll":"flood"})", true, 0}));
  EXPECT_TRUE(eventually([&] { return instances->get("x")->polls >= 3; }));
  EXPECT_EQ(instances->logs("x", 1000).size(), 200u);
  EXPECT_EQ(instances->logs("x", 7).size(), 7u);
  EXPECT_LT(passed, 1000);
}

// ---- Stopping

TEST_P(InstancesTest, AHungPollEndsWhenTheInstanceIsStopped) {
  Site site;
  ASSERT_TRUE(site.create("x", "fickle", {{"thing", "t"}, {"interval_ms", 1}, {"poll", "hang"}}));
  EXPECT_TRUE(eventually([&] { return site.instances->get("x")->polls == 1; }));
  EXPECT_EQ(site.instances->stop("x")->state, State::stopped);
  EXPECT_FALSE(site.instances->get("x")->last_error);
}

TEST(InstancesInProcess, APluginThatDoesNotReturnIsLeftBehind) {
  auto timings = quick;
  timings.stop = 50ms;
  Site site(timings);
  ASSERT_TRUE(site.create("x", "fickle", {{"thing", "t"}, {"interval_ms", 1}, {"poll", "stuck"}}));
  EXPECT_TRUE(eventually([&] { return site.instances->get("x")->polls == 1; }));
  const auto stopped = site.instances->stop("x");
  EXPECT_EQ(stopped->state, State::stopped);
  EXPECT_EQ(stopped->last_error->status, "timeout");
  // Another life begins beside it.
  ASSERT_TRUE(site.instances->replace({"x", "fickle", R"({"thing":"t","interval_ms":1})", true, 0}, std::nullopt));
  EXPECT_EQ(site.instances->start("x")->state, State::running);
  EXPECT_TRUE(eventually([&] { return !site.values("t/count").empty(); }));
  site.close();
  std::this_thread::sleep_for(3s);  // the poll returns to a site that is gone
}

TEST_P(InstancesTest, ManyHungPollsStopTogether) {
  auto timings = quick;
  timings.poll = 600s;  // none is ended before
  Site site(timings);
  for (int i = 0; i < 30; ++i) {
    const auto id = "h" + std::to_string(i);
    ASSERT_TRUE(site.create(id, "fickle", {{"thing", id}, {"interval_ms", 1}, {"poll", "hang"}}));
  }
  EXPECT_TRUE(eventually([&] {
    for (const auto& s : site.instances->list())
      if (s.polls == 0) return false;
    return true;
  }));
  site.instances->stop_all(10s);
  for (const auto& s : site.instances->list()) {
    EXPECT_EQ(s.state, State::stopped) << s.record.id;
    EXPECT_FALSE(s.last_error) << s.record.id;
  }
}

TEST(InstancesInProcess, OneThatDoesNotReturnSpoilsNoOthersStop) {
  Site site;
  ASSERT_TRUE(site.create("a", "fickle", {{"thing", "a"}, {"interval_ms", 1}, {"poll", "stuck"}}));
  for (const char* id : {"b", "c"}) ASSERT_TRUE(site.create(id, "fickle", {{"thing", id}, {"interval_ms", 1}}));
  EXPECT_TRUE(eventually([&] { return site.instances->get("a")->polls == 1; }));
  site.instances->stop_all(500ms);
  EXPECT_TRUE(site.instances->get("a")->last_error);
  for (const char* id : {"b", "c"}) EXPECT_FALSE(site.instances->get(id)->last_error) << id;
}

TEST(InstancesInProcess, FourHundredPollOnFewThreads) {
  Site site;
  for (int i = 0; i < 400; ++i) {
    const auto id = "m" + std::to_string(i);
    ASSERT_TRUE(
        site.registry->create_instance({id, "fickle", json{{"thing", id}, {"interval_ms", 1000}}.dump(), true, 0}));
  }
  site.reopen();
  EXPECT_TRUE(eventually([&] {
    for (const auto& s : site.instances->list())
      if (s.state != State::running || s.polls < 2) return false;
    return true;
  }));
  EXPECT_EQ(site.instances->list().size(), 400u);
  EXPECT_LE(threads_of_process(), 80u);
}

// ---- Requests

TEST_P(InstancesTest, WritesReachTheOwnerAndSayWhenTheyDoNot) {
  Site site;
  ASSERT_TRUE(site.create("x", "fickle", {{"thing", "t"}}));
  const auto wrote = site.instances->write("t/relay", true, 5s);
  ASSERT_TRUE(wrote) << wrote.error().message;
  EXPECT_TRUE(eventually([&] { return site.values("t/relay") == std::vector<std::int64_t>{1}; }));
  ASSERT_TRUE(site.instances->read("t/count", 5s));
  EXPECT_TRUE(eventually([&] { return site.values("t/count") == std::vector<std::int64_t>{-1}; }));

  EXPECT_EQ(site.instances->write("t/none", true, 5s).error().code, Code::not_found);
  EXPECT_EQ(site.instances->write("t/count", std::int64_t{1}, 5s).error().code, Code::denied);
  ASSERT_TRUE(site.instances->stop("x"));
  const auto stopped = site.instances->write("t/relay", true, 5s);
  EXPECT_EQ(stopped.error().code, Code::conflict);
  EXPECT_NE(stopped.error().message.find("'x' is stopped: start it"), std::string::npos) << stopped.error().message;
}

TEST_P(InstancesTest, TheDevicesAnswerToAWriteIsTheCallers) {
  struct Case {
    int status;
    Code code;
  };
  Site site;
  ASSERT_TRUE(site.create("x", "fickle", {{"thing", "t"}}));
  for (const Case& c : std::vector<Case>{{MYRIAD_E_UNAVAILABLE, Code::unavailable},
                                         {MYRIAD_E_TIMEOUT, Code::timeout},
                                         {MYRIAD_E_INVALID, Code::invalid},
                                         {MYRIAD_E_DENIED, Code::denied},
                                         {MYRIAD_E_UNSUPPORTED, Code::unsupported}}) {
    const json config{{"thing", "t"}, {"write_status", c.status}};
    ASSERT_TRUE(site.instances->replace({"x", "fickle", config.dump(), true, 0}, std::nullopt));
    const auto wrote = site.instances->write("t/relay", true, 5s);
    ASSERT_FALSE(wrote);
    EXPECT_EQ(wrote.error().code, c.code) << c.status;
    EXPECT_FALSE(wrote.error().message.empty()) << c.status;
  }
}

TEST_P(InstancesTest, AWriteBehindAHungPollGivesUpAndIsNotDoneLater) {
  Site site;
  ASSERT_TRUE(site.create("x", "fickle", {{"thing", "t"}, {"interval_ms", 1}, {"poll", "hang"}}));
  EXPECT_TRUE(eventually([&] { return site.instances->get("x")->polls == 1; }));
  const auto wrote = site.instances->write("t/relay", true, 20ms);
  ASSERT_FALSE(wrote);
  EXPECT_EQ(wrote.error().code, Code::timeout);
  ASSERT_TRUE(site.instances->stop("x"));
  EXPECT_TRUE(site.values("t/relay").empty());
}

TEST_P(InstancesTest, TellsOfEachChangeOfState) {
  Site site;
  std::mutex mutex;
  std::multiset<std::string> told;
  auto handle = site.instances->on_change([&](std::string_view id) {
    const std::lock_guard lock(mutex);
    told.insert(std::string(id));
  });
  ASSERT_TRUE(site.create("x", "fickle", {{"thing", "t"}}));
  ASSERT_TRUE(site.instances->stop("x"));
  {
    const std::lock_guard lock(mutex);
    EXPECT_GE(told.count("x"), 4u) << "starting, running, stopping, stopped";
  }
  handle.reset();
  const auto before = told.size();
  ASSERT_TRUE(site.instances->start("x"));
  EXPECT_EQ(told.size(), before);
}

}  // namespace
}  // namespace myriad::plugin_host
