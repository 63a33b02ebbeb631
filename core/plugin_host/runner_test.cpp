// A runner, wherever its plugin runs; and what only one with a process of its own must withstand.
#include "plugin_host/runner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "model/abi_batch.h"
#include "plugin_host/make_runner.h"
#include "plugin_host/testing.h"
#include "plugin_runner/codec.h"

namespace myriad::plugin_host {
namespace {

using namespace testing;
using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr Timings brisk{.stop = 2s, .control = 5s, .setup = 20s, .call = 5s, .grace = 100ms, .heartbeat = 1500ms};

// One plugin with its host, without a supervisor.
struct Stage {
  explicit Stage(Isolation home, const json& over, const std::string& quota = "", Limits limits = {},
                 const Timings& timings = brisk)
      : record{"it", "talker", "", true, 0} {
    record.isolation = isolation_name(home);
    record.quota = quota;
    json config{{"thing", "t"}};
    config.update(over);
    config = *site.plugins->configure(*site.plugins->find("talker"), config);
    HostTable::Parts host{"it",       *site.registry, *site.spine,        *site.points,
                          site.clock, telemetry,      scheduler.strand(), [this](bool up) { connected = up; }};
    host.limits = limits;
    host.history = remembered;
    host.secret = [](std::string_view name) -> Result<std::string> {
      if (name == "word") return std::string("sesame");
      return Error{Code::unavailable, "there is no such secret: set it"};
    };
    parts.timings = timings;
    auto made = make_runner(
        {parts, hub, *site.plugins->find("talker"), record, config, std::move(host), [this] { ended = true; }});
    EXPECT_TRUE(made) << made.error().message;
    runner = *std::move(made);
    const auto created = runner->create(config.dump());
    EXPECT_TRUE(created.ok()) << created.message;
    const auto started = runner->start();
    EXPECT_TRUE(started.ok()) << started.message;
  }
  Nanos in(std::chrono::milliseconds limit) { return site.clock.now() + std::chrono::nanoseconds(limit).count(); }
  Outcome poll(std::chrono::milliseconds limit = 5s) { return runner->poll(in(limit)); }
  std::string logged() {
    std::string all;
    for (const auto& line : telemetry->lines(200)) all += line.text + "\n";
    return all;
  }
  // The latest reading of a point; waits for it.
  model::Reading last(const std::string& point) {
    model::Reading out{};
    EXPECT_TRUE(eventually([&] {
      const auto id = site.points->find(point);
      for (auto at = site.spine->begin(); id && at < site.spine->end();) {
        const auto block = *site.spine->read(at);
        if (!block) break;
        for (const auto& r : block->batch.readings)
          if (r.point == static_cast<std::uint32_t>(*id)) {
            out = r;
            if (model::has_blob(r)) text = block->batch.view().text(r);
          }
        at = block->end();
      }
      return out.point != 0;
    })) << point;
    return out;
  }
  std::string text_of(const std::string& point) {
    last(point);
    return text;
  }

  Site site;
  Scheduler scheduler;
  Hub hub;
  std::shared_ptr<Telemetry> telemetry = std::make_shared<Telemetry>(site.clock, Log::none());
  Instances::Parts parts{*site.plugins, *site.registry, *site.spine, *site.points,
                         site.clock,    Log::none(),    brisk,       {MYRIAD_PROGRAM, site.home / "instances"}};
  registry::InstanceRecord record;
  std::atomic<bool> connected = false, ended = false;
  std::unique_ptr<Runner> runner;
  std::string text;
};

class RunnerTest : public ::testing::TestWithParam<Isolation> {};

INSTANTIATE_TEST_SUITE_P(, RunnerTest, ::testing::Values(Isolation::in_process, Isolation::process),
                         [](const auto& tested) { return std::string(isolation_name(tested.param)); });

TEST_P(RunnerTest, EverythingThatAHostServesWorks) {
  Stage stage(GetParam(), {{"poll", "everything"}});
  for (int i = 0; i < 2; ++i) {
    const auto polled = stage.poll();
    ASSERT_TRUE(polled.ok()) << polled.message;
  }
  EXPECT_EQ(stage.text_of("t/secret"), "sesame");
  EXPECT_EQ(stage.last("t/remembered").value.i64, 1);
  EXPECT_EQ(stage.last("t/mean").value.f64, 2.5);
  EXPECT_EQ(stage.last("t/number").value.f64, 1.5);
  EXPECT_EQ(stage.last("t/bool").value.i64, 1);
  EXPECT_EQ(stage.last("t/unsigned").value.u64, std::uint64_t{1} << 63);
  EXPECT_EQ(stage.text_of("t/text"), "grüß");
  EXPECT_EQ(stage.text_of("t/name"), "number");
  EXPECT_EQ(stage.text_of("t/unit"), "Cel");
  EXPECT_TRUE(eventually([&] { return stage.text_of("t/stored") == "xx"; }));
  for (const char* point : {"t/bad_event", "t/bad_thing", "t/bad_name", "t/bad_secret", "t/bad_query", "t/landed"})
    EXPECT_EQ(stage.last(point).value.i64, 1) << point;
  EXPECT_EQ(stage.site.registry->get("instance/it", "polls"), "xx");
  EXPECT_EQ(stage.site.registry->thing("t")->td.find("Talker") == std::string::npos, false);
  EXPECT_EQ(stage.telemetry->metrics(), (std::vector<std::pair<std::string, double>>{{"polls", 2}}));
  EXPECT_TRUE(stage.connected);
  EXPECT_EQ(stage.runner->host().patterns(), std::vector<std::string>{"*/wanted"});
  EXPECT_TRUE(eventually([&] { return stage.site.registry->events("t", "", 10).items.size() == 2; }));
  EXPECT_EQ(stage.site.registry->events("t", "", 10).items[0].data, R"({"times":2})");
  const auto logged = stage.logged();
  for (const char* line : {"level 1\n", "level 4\n", "not connected: the cable is out\n", "connected\n"})
    EXPECT_THAT(logged, HasSubstr(line));
}

TEST_P(RunnerTest, WhatItKeepsAndDescribesIsLimited) {
  const Limits limits{.described = 1 << 20, .kept = 1 << 20};
  struct Case {
    const char *poll, *point;
  };
  for (const auto& [poll, point] : {Case{"keep", "t/kept"}, Case{"describe", "t/described"}}) {
    Stage stage(GetParam(), {{"poll", poll}, {"size", 40}}, "", limits);
    for (int i = 0; i < 2; ++i) {
      const auto polled = stage.poll(20s);
      ASSERT_TRUE(polled.ok()) << polled.message;
    }
    ASSERT_TRUE(eventually([&] { return stage.site.values(point).size() == 2; })) << poll;
    const auto taken = stage.site.values(point);
    EXPECT_GE(taken[0], 15) << poll << ": of 64 KiB, 16 are 1 MiB";
    EXPECT_LE(taken[0], 17) << poll;
    EXPECT_LE(taken[1], 17) << poll << ": writing the same again is free, more of it is not";
    EXPECT_THAT(stage.logged(), HasSubstr("1 MiB")) << poll;
  }
}

TEST_P(RunnerTest, ItsTimersAreLimited) {
  Stage stage(GetParam(), {{"poll", "timers"}, {"size", 70}});
  const auto polled = stage.poll();
  ASSERT_TRUE(polled.ok()) << polled.message;
  EXPECT_EQ(stage.last("t/timers").value.i64, 64);
  EXPECT_THAT(stage.logged(), HasSubstr("it has 64 timers, which is an instance's limit"));
}

TEST_P(RunnerTest, DocumentsThatAreNestedWithoutEndAreRefused) {
  Stage stage(GetParam(), json::object());
  auto& host = stage.runner->host();
  const std::string arrays = std::string(1'000'000, '[') + std::string(1'000'000, ']');
  const std::string td = R"({"properties":)" + arrays + "}", data = arrays.substr(980'000, 40'000);
  myriad_error error{sizeof error, 0, ""};
  const auto raw = [](std::string_view s) { return myriad_text{s.data(), s.size()}; };
  EXPECT_EQ(host.put_thing(raw("t"), raw(td), &error), MYRIAD_E_INVALID);
  EXPECT_THAT(error.message, HasSubstr("64 levels"));
  EXPECT_EQ(host.emit(raw("t"), raw("rang"), raw(data), 0), MYRIAD_E_INVALID);
}

TEST_P(RunnerTest, DiscoversReadsAndWrites) {
  Stage stage(GetParam(), json::object());
  EXPECT_TRUE(stage.runner->serves(Runner::Serves::device));
  EXPECT_TRUE(stage.runner->serves(Runner::Serves::http));
  EXPECT_FALSE(stage.runner->serves(Runner::Serves::sink));
  EXPECT_TRUE(stage.runner->discover(stage.in(5s)).ok());
  EXPECT_TRUE(stage.site.registry->thing("t-found"));
  const auto point = static_cast<std::uint32_t>(*stage.site.points->intern("t", "level"));
  EXPECT_TRUE(stage.runner->read(point, stage.in(5s)).ok());
  EXPECT_EQ(stage.last("t/level").value.i64, 42);
  model::Batch batch;
  model::append(batch, model::PointId{point}, {stage.site.clock.now(), std::int64_t{7}, MYRIAD_GOOD});
  EXPECT_TRUE(stage.runner->write(model::to_abi(batch.view())).ok());
  EXPECT_TRUE(eventually([&] { return stage.site.values("t/level") == std::vector<std::int64_t>{42, 7}; }));
}

TEST_P(RunnerTest, AnActionRepliesOnceThoughItsPluginSaysItTwice) {
  Stage stage(GetParam(), json::object());
  std::promise<std::string> output;
  std::atomic<int> replies = 0;
  const auto reply = [&](const Outcome& outcome, const std::string& text) {
    if (++replies == 1) output.set_value(outcome.ok() ? text : "failed");
  };
  if (GetParam() == Isolation::process) {  // in this process a second reply is the plugin's end, and ours
    ASSERT_TRUE(stage.runner->invoke("t", "echo", "[1,2]", reply).ok());
    EXPECT_EQ(output.get_future().get(), R"(["t",[1,2]])");
    EXPECT_TRUE(stage.poll().ok());
    EXPECT_EQ(replies, 1);
  }
  const auto refused = stage.runner->invoke("t", "refuse", "", reply);
  EXPECT_EQ(refused.status, MYRIAD_E_DENIED);
  EXPECT_EQ(refused.message, "this action is refused");
}

TEST_P(RunnerTest, ServesHttp) {
  Stage stage(GetParam(), json::object());
  HttpResponse response;
  const std::string body(200'000, 'b');
  ASSERT_TRUE(stage.runner->serve({"PUT", "/a/b", "c=d", "text/plain", body, "admin"}, response).ok());
  EXPECT_EQ(response.status, 201);
  EXPECT_EQ(response.content_type, "text/x-echo");
  EXPECT_EQ(response.body, "PUT|/a/b|c=d|text/plain|" + body + "|admin|");
  HttpResponse none;
  EXPECT_EQ(stage.runner->serve({"GET", "/fail", "", "", "", "admin"}, none).status, MYRIAD_E_UNAVAILABLE);
}

TEST_P(RunnerTest, ALongTextPassesWhole) {
  Stage stage(GetParam(), {{"poll", "big"}, {"size", 3'000'000}});
  ASSERT_TRUE(stage.poll().ok());
  EXPECT_EQ(stage.text_of("t/big"), std::string(3'000'000, 'x'));
}

TEST_P(RunnerTest, AQuotaSlowsAFloodAndLosesNothing) {
  Stage stage(GetParam(), {{"poll", "burst"}, {"size", 2'000}}, R"({"readings_per_s":100000})");
  ASSERT_TRUE(stage.poll().ok());
  const auto taken = stage.last("t/taken").value.i64;
  EXPECT_LT(taken, 2'000 * 256);
  EXPECT_GE(taken, 50'000);
  EXPECT_TRUE(eventually([&] { return static_cast<std::int64_t>(stage.site.values("t/burst").size()) == taken; }));
  const auto values = stage.site.values("t/burst");
  for (std::size_t i = 0; i < values.size(); ++i) ASSERT_EQ(values[i], static_cast<std::int64_t>(i));
}

// ---- In a process of its own

TEST(IsolatedTest, TheWayItsProcessEndedIsTold) {
  const struct {
    const char *poll, *told;
  } cases[] = {{"crash", "crashed with SIGSEGV"},
               {"exit", "ended by itself with exit code 7 in poll()"},
               {"print", "it printed: these are my last words"},
               {"sleep", "was ended: it did not return in time in poll()"},
               {"freeze", "was ended: it missed its heartbeat"}};
  for (const auto& c : cases) {
    Stage stage(Isolation::process, {{"poll", c.poll}});
    const bool waits = std::string_view(c.poll) == "freeze";
    const auto polled = stage.poll(waits ? 5s : 300ms);
    EXPECT_EQ(polled.status, MYRIAD_E_INTERNAL) << c.poll;
    EXPECT_THAT(polled.message, HasSubstr(c.told)) << c.poll;
  }
}

TEST(IsolatedTest, OneThatEndsOutsideOfACallIsNoticed) {
  Stage stage(Isolation::process, {{"poll", "later"}});
  ASSERT_TRUE(stage.poll().ok());
  EXPECT_TRUE(eventually([&] { return stage.ended.load(); }));
  EXPECT_THAT(stage.runner->why_ended().message, HasSubstr("crashed with SIGSEGV"));
}

std::string hex(const std::string& bytes) {
  std::string out;
  char two[3];
  for (const char c : bytes) {
    std::snprintf(two, sizeof two, "%02x", static_cast<unsigned char>(c));
    out += two;
  }
  return out;
}

std::string packet(plugin_runner::Type type, const std::string& payload, std::uint16_t more = 0) {
  const plugin_runner::Header header{static_cast<std::uint16_t>(type), more, 0, 1};
  return std::string(reinterpret_cast<const char*>(&header), sizeof header) + payload;
}

// Whatever a child sends, the daemon reads nothing beyond it, and goes on.
TEST(IsolatedTest, AHostileChildIsEndedOrIgnored) {
  using plugin_runner::Type;
  using plugin_runner::Writer;
  const auto number = [](std::uint32_t n) { return Writer().number(n).bytes(); };
  const auto head = [](std::uint64_t sequence, std::uint32_t count, std::uint32_t blob) {
    return Writer().number(sequence).number(count).number(blob).bytes();
  };
  const struct {
    const char* name;
    int fd;
    std::string bytes;
    bool ended;
  } cases[] = {
      {"too short for a header", 4, "short", true},
      {"a continuation that is none", 4, packet(Type::log, "x", 7), true},
      {"an unknown type", 4, packet(static_cast<Type>(99), ""), true},
      {"a type of the daemon's", 4, packet(Type::answer, ""), true},
      {"a batch without a head", 4, packet(Type::publish, "x"), true},
      {"more readings than bytes", 4, packet(Type::publish, head(0, 1'000'000'000, 0)), true},
      {"a blob beyond the packet", 4, packet(Type::publish, head(0, 0, 4'000'000'000)), true},
      {"a count that overflows", 4, packet(Type::publish, head(0, 0xffffffff, 0xffffffff)), true},
      {"a reading of an unknown point", 4,
       packet(Type::publish, head(0, 1, 0) + std::string(8, '\0') + number(4'000'000'000) + std::string(12, '\1')),
       false},
      {"text beyond the packet", 4, packet(Type::put_thing, number(4'000'000'000)), false},
      {"a million patterns in no bytes", 4, packet(Type::select, number(1'000'000)), false},
      {"a tick before 1970", 4, packet(Type::timer_set, std::string(24, '\xff')), false},
      {"half a question about history", 4, packet(Type::history_query, number(1)), false},
      {"history without end", 4, packet(Type::history_query, std::string(36, '\xff')), false},
      {"a secret without a name", 4, packet(Type::secret_get, number(0)), false},
      {"half a point's name", 4, packet(Type::intern, number(3) + "ab"), false},
      {"a reply to nothing", 4, packet(Type::invoked, "{}"), false},
      {"an answer to another question", 3, packet(Type::poll, number(0)), true},
      {"an answer without its text", 3, packet(Type::poll, number(999)), true},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    Stage stage(Isolation::process, {{"poll", "raw"}, {"fd", c.fd}, {"hex", hex(c.bytes)}});
    auto outcome = stage.poll();
    if (outcome.ok()) outcome = stage.poll();
    EXPECT_EQ(outcome.ok(), !c.ended) << outcome.message;
    if (c.ended) {
      EXPECT_THAT(outcome.message, HasSubstr("breaks the protocol"));
    }
    EXPECT_TRUE(stage.site.values("t/burst").empty());
  }
}

// 180 MB of questions whose answers wait for the disk.
TEST(IsolatedTest, WhatItAsksWithoutWaitingDoesNotPileUpHere) {
  const auto own = [] {
    std::ifstream in("/proc/self/statm");
    std::size_t size = 0, resident = 0;
    in >> size >> resident;
    return resident * 4096;
  };
  Stage stage(Isolation::process, {{"poll", "stuff"}, {"size", 3'000}});
  [[maybe_unused]] const auto before = own();
  std::size_t most = 0;
  std::jthread watch([&](std::stop_token stop) {
    for (; !stop.stop_requested(); std::this_thread::sleep_for(5ms)) most = std::max(most, own());
  });
  const auto polled = stage.poll(60s);
  EXPECT_TRUE(polled.ok()) << polled.message;
  watch.request_stop();
  watch.join();
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  EXPECT_LT(most - std::min(most, before), std::size_t{64} << 20);
#endif
}

TEST(IsolatedTest, OneThatReadsNoAnswersIsEnded) {
  auto patient = brisk;
  patient.heartbeat = 60s;  // which it does not answer either
  Stage stage(Isolation::process, {{"poll", "deaf"}, {"size", 100}}, "", {}, patient);
  const auto polled = stage.poll(20s);
  EXPECT_THAT(polled.message, HasSubstr("it does not read what it is sent"));
}

TEST(IsolatedTest, MessagesPassAtALimitedRate) {
  Stage stage(Isolation::process, {{"poll", "chatter"}, {"size", 260'000}});
  const auto begin = std::chrono::steady_clock::now();
  const auto polled = stage.poll(60s);
  EXPECT_TRUE(polled.ok()) << polled.message;
  EXPECT_GE(std::chrono::steady_clock::now() - begin, 2s) << "200,000 at once, then 20,000 a second";
}

TEST(IsolatedTest, OneThatComputesBeyondItsQuotaIsEnded) {
  Stage stage(Isolation::process, {{"poll", "spin"}}, R"({"cpu_percent": 10})");
  EXPECT_THAT(stage.poll(60s).message, HasSubstr("% of a core for 10 s, its quota is 10 %"));
}

TEST(IsolatedTest, ItsUsageIsSeen) {
  Stage stage(Isolation::process, json::object());
  EXPECT_TRUE(eventually([&] { return stage.runner->usage() && stage.runner->usage()->memory > 0; }));
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  EXPECT_LT(stage.runner->usage()->memory, 6u << 20) << "an idle runner takes at most 6 MB of its own";
#endif
}

// ---- Under supervision

TEST(IsolatedTest, ACrashIsRestartedAndChangesNothingForOthers) {
  Site site(quick, Isolation::process);
  ASSERT_TRUE(site.create("calm", "fickle", {{"thing", "calm"}, {"interval_ms", 2}}));
  ASSERT_TRUE(site.create("wild", "talker", {{"thing", "wild"}, {"interval_ms", 5}, {"poll", "later"}}));
  EXPECT_TRUE(eventually([&] { return site.instances->get("wild")->restarts >= 3; }));
  EXPECT_THAT(site.instances->get("wild")->last_error->message, HasSubstr("SIGSEGV"));
  const auto seen = site.values("calm/count");
  ASSERT_GT(seen.size(), 10u);
  for (std::size_t i = 0; i < seen.size(); ++i) ASSERT_EQ(seen[i], static_cast<std::int64_t>(i + 1));
  EXPECT_EQ(site.instances->get("calm")->restarts, 0u);
}

TEST(IsolatedTest, OneThatCrashesInATickSaysSo) {
  Site site(quick, Isolation::process);
  ASSERT_TRUE(site.create("it", "talker", {{"thing", "t"}, {"poll", "tick_crashes"}}));
  EXPECT_TRUE(eventually([&] { return site.instances->get("it")->restarts >= 1; }));
  EXPECT_THAT(site.instances->get("it")->last_error->message,
              AllOf(HasSubstr("crashed with SIGSEGV"), HasSubstr("in fire()")));
}

TEST(IsolatedTest, OneThatEndsBetweenItsPollsIsRestartedThen) {
  Site site(quick, Isolation::process);
  ASSERT_TRUE(site.create("it", "talker", {{"thing", "t"}, {"interval_ms", 60'000}, {"poll", "later"}}));
  EXPECT_TRUE(eventually([&] { return site.instances->get("it")->restarts >= 1; }));
}

TEST(IsolatedTest, OneThatFailsAgainAndAgainIsQuarantinedUntilAPersonStartsIt) {
  auto timings = quick;
  timings.quarantine_after = 3;
  Site site(timings, Isolation::process);
  ASSERT_TRUE(site.create("it", "talker", {{"thing", "t"}, {"interval_ms", 2}, {"poll", "exit"}}));
  EXPECT_TRUE(site.reaches("it", State::quarantined));
  EXPECT_EQ(site.instances->get("it")->restarts, 2u);
  EXPECT_THAT(site.instances->get("it")->last_error->message, HasSubstr("exit code 7"));
  std::this_thread::sleep_for(100ms);
  EXPECT_EQ(site.state("it"), State::quarantined);
  ASSERT_TRUE(site.instances->replace({"it", "talker", R"({"thing":"t","interval_ms":2})", true, 0}, std::nullopt));
  EXPECT_EQ(site.state("it"), State::running);
}

TEST(IsolatedTest, OneThatDoesNotReturnIsEndedWhenItIsStopped) {
  auto timings = quick;
  timings.stop = 400ms;
  Site site(timings, Isolation::process);
  ASSERT_TRUE(site.create("it", "talker", {{"thing", "t"}, {"interval_ms", 1}, {"poll", "sleep"}}));
  EXPECT_TRUE(eventually([&] { return site.instances->get("it")->polls == 1; }));
  EXPECT_EQ(site.instances->stop("it")->state, State::stopped);
  EXPECT_FALSE(site.instances->get("it")->last_error);
}

TEST(IsolatedTest, ItsFolderGoesWithIt) {
  Site site(quick, Isolation::process);
  ASSERT_TRUE(site.create("it", "fickle", {{"thing", "t"}}));
  EXPECT_TRUE(std::filesystem::exists(site.home / "instances" / "it"));
  ASSERT_TRUE(site.instances->remove("it", std::nullopt));
  EXPECT_FALSE(std::filesystem::exists(site.home / "instances" / "it"));
}

}  // namespace
}  // namespace myriad::plugin_host
