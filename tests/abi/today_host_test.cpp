// Plugins built with every released plugin.h, and with today's, live in today's host: its loader, its host table over a
// real registry and spine, its runner. sdk/abi/probe.c judges what the host does, this test what the plugin does.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <sstream>
#include <thread>

#include "base/temp_dir.h"
#include "historian/abi_query.h"
#include "plugin_host/loader.h"
#include "plugin_host/local_runner.h"
#include "plugin_host/manifest.h"

namespace myriad::plugin_host {
namespace {

namespace fs = std::filesystem;

// A host with one instance of the probe in it.
class TodaysHost {
 public:
  explicit TodaysHost(const myriad_plugin_api& api) : api_(api), runner_(api, parts()) {}

  HostTable::Parts parts() {
    HostTable::Parts out{"probe", *registry_, *spine_, points_, clock_, telemetry_, scheduler_.strand(), {}};
    out.timers = timers_;
    out.history = [this](std::string_view point, const myriad_history_query& q) {
      return historian::answer(*history_, point, q);
    };
    out.secret = [](std::string_view name) -> Result<std::string> {
      if (name == "word") return std::string("sesame");
      return Error{Code::unavailable, "there is no such secret"};
    };
    return out;
  }
  void run(const Outcome& outcome) { EXPECT_TRUE(outcome.ok()) << outcome.message; }

  // Readings of probe/number with these values, as the spine would deliver them.
  myriad_batch numbers(const std::vector<std::int64_t>& values) {
    readings_.clear();
    for (const auto v : values) {
      myriad_reading r{};
      r.time_ns = clock_.now();
      r.point = static_cast<std::uint32_t>(*points_.find("probe/number"));
      r.type = MYRIAD_I64;
      r.value.i64 = v;
      readings_.push_back(r);
    }
    return {sizeof(myriad_batch),
            sizeof(myriad_reading),
            readings_.data(),
            nullptr,
            static_cast<std::uint32_t>(readings_.size()),
            0,
            1};
  }
  double metric(std::string_view name) const {
    for (const auto& [known, value] : telemetry_->metrics())
      if (known == name) return value;
    return 0;
  }
  // Of one point, in the order of the log.
  std::vector<myriad_reading> stored(const char* point) {
    std::vector<myriad_reading> out;
    const myriad_reading last{
        clock_.now(), static_cast<std::uint32_t>(*points_.intern("test/last")), MYRIAD_I64, 0, {}};
    EXPECT_TRUE(spine_->append_and_wait({{&last, 1}, {}}));
    for (auto at = spine_->begin(); at < spine_->end();) {
      const auto block = *spine_->read(at);
      for (const auto& r : block->batch.readings)
        if (points_.name(model::point_of(r)) == point) out.push_back(r);
      at = block->end();
    }
    return out;
  }

  const myriad_plugin_api& api_;
  TempDir home_;
  SystemClock clock_;
  Scheduler scheduler_;
  model::Points points_;
  std::unique_ptr<registry::Registry> registry_ = *registry::Registry::open(home_ / "registry.db");
  std::unique_ptr<spine::Spine> spine_ = *spine::Spine::open(spine_options(), points_, clock_, Log::none());
  std::unique_ptr<historian::Historian> history_ =
      *historian::Historian::open({.file = home_ / "history.db"}, *spine_, points_, clock_, Log::none());
  std::shared_ptr<Telemetry> telemetry_ = std::make_shared<Telemetry>(clock_, Log::none());
  bool ticks_ = false;  // set before it is started
  std::shared_ptr<Strand> strand_ = scheduler_.strand();
  std::shared_ptr<Timers> timers_ = std::make_shared<Timers>(strand_, [this](std::uint64_t timer) {
    if (ticks_) run(runner_.fire(timer));
  });
  std::vector<myriad_reading> readings_;
  LocalRunner runner_;

 private:
  spine::Options spine_options() const {
    spine::Options options;
    options.file = home_ / "spine.db";
    options.commit_interval = std::chrono::milliseconds(2);
    return options;
  }
};

class Probe : public ::testing::TestWithParam<std::string> {
 protected:
  const myriad_plugin_api* api() {
    const auto loaded = load(fs::path(PROBES) / GetParam() / "probe.so", "probe");
    EXPECT_TRUE(loaded) << loaded.error().message;
    return loaded ? *loaded : nullptr;
  }
};

TEST_P(Probe, WasBuiltForItsVersion) {
  ASSERT_TRUE(api());
  EXPECT_EQ(abi_text(api()->abi), GetParam() == "today" ? abi_text(MYRIAD_ABI) : GetParam());
}

TEST_P(Probe, LivesAsADevice) {
  ASSERT_TRUE(api());
  TodaysHost host(*api());
  auto& runner = host.runner_;
  host.run(runner.create("{}"));
  host.run(runner.start());
  using Serves = Runner::Serves;
  ASSERT_TRUE(runner.serves(Serves::device) && runner.serves(Serves::sink) && runner.serves(Serves::processor));
  host.run(runner.poll(INT64_MAX));
  host.run(runner.poll(INT64_MAX));
  EXPECT_EQ(host.stored("probe/all").size(), 14u);
  ASSERT_EQ(host.stored("probe/number").size(), 2u);
  EXPECT_EQ(host.stored("probe/number")[1].value.i64, 2);
  EXPECT_EQ(host.metric("polls"), 2);
  EXPECT_TRUE(host.telemetry_->connection()->up);
  EXPECT_EQ(host.registry_->property("probe/number")->unit, "lx");

  host.run(runner.read(static_cast<std::uint32_t>(*host.points_.find("probe/number")), INT64_MAX));
  EXPECT_EQ(host.stored("probe/number").back().value.i64, -1);
  host.run(runner.write(host.numbers({7})));
  EXPECT_EQ(host.stored("probe/number").back().value.i64, 7);
  EXPECT_EQ(runner.write(host.numbers({-7})).status, MYRIAD_E_INVALID);
  runner.cancel();
  EXPECT_TRUE(runner.destroy());
}

TEST_P(Probe, LivesAsASinkAndAProcessor) {
  ASSERT_TRUE(api());
  TodaysHost host(*api());
  auto& runner = host.runner_;
  host.run(runner.create("{}"));
  host.run(runner.start());
  ASSERT_EQ(runner.host().patterns(), std::vector<std::string>{"probe/number"});
  host.run(runner.deliver(host.numbers({1, 2, 3})));
  host.run(runner.process(host.numbers({1, 2, 3})));
  EXPECT_EQ(host.stored("probe/sum").back().value.i64, 6);
  std::string state;
  host.run(runner.save(state));
  EXPECT_TRUE(runner.destroy());

  host.run(runner.create("{}"));
  host.run(runner.load(state));
  host.run(runner.start());
  host.run(runner.process(host.numbers({4})));
  EXPECT_EQ(host.stored("probe/sum").back().value.i64, 10);
  EXPECT_EQ(host.telemetry_->lines(10).back().text, "probe: started");
}

TEST_P(Probe, DiscoversAndActs) {
  ASSERT_TRUE(api());
  TodaysHost host(*api());
  auto& runner = host.runner_;
  host.run(runner.create("{}"));
  host.run(runner.start());
  host.run(runner.discover(INT64_MAX));
  EXPECT_TRUE(host.registry_->thing("probe_found"));
  std::string output;
  const auto reply = [&](const Outcome& outcome, std::string json) {
    host.run(outcome);
    output = std::move(json);
  };
  host.run(runner.invoke("probe", "echo", "[7]", reply));
  EXPECT_EQ(output, "[7]");
  EXPECT_EQ(runner.invoke("probe", "dance", "[7]", reply).status, MYRIAD_E_UNSUPPORTED);
}

TEST_P(Probe, ServesHttpSinceOneDotOne) {
  ASSERT_TRUE(api());
  TodaysHost host(*api());
  auto& runner = host.runner_;
  host.run(runner.create("{}"));
  host.run(runner.start());
  ASSERT_EQ(runner.serves(Runner::Serves::http), api()->abi >= 0x10001);
  HttpResponse response;
  const auto outcome = runner.serve({"GET", "/a", "", "", "", "admin"}, response);
  EXPECT_EQ(outcome.ok(), api()->abi >= 0x10001) << outcome.message;
  EXPECT_EQ(response.body, outcome.ok() ? "/a" : "");
}

TEST_P(Probe, TicksSinceOneDotOne) {
  ASSERT_TRUE(api());
  TodaysHost host(*api());
  auto& runner = host.runner_;
  host.ticks_ = true;
  host.run(runner.create("{}"));
  // As the supervisor does: on the strand, so that no tick comes beside another call.
  ASSERT_EQ(host.strand_->call([&] { host.run(runner.start()); }, Scheduler::Clock::now() + std::chrono::seconds(20)),
            Strand::Call::done);
  const auto ticks = [&] { return host.metric("ticks"); };
  const double wanted = api()->abi >= 0x10001 ? 3 : 0;
  for (int i = 0; i < 2'000 && ticks() < wanted; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_EQ(ticks(), wanted);
  host.timers_->end();
  ASSERT_EQ(host.strand_->call([] {}, Scheduler::Clock::now() + std::chrono::seconds(20)), Strand::Call::done);
  EXPECT_TRUE(runner.destroy());
}

// The folders that the build makes: "today 1.0 …".
std::vector<std::string> versions() {
  std::vector<std::string> out;
  std::istringstream listed(VERSIONS);
  for (std::string version; listed >> version;) out.push_back(version);
  return out;
}
std::string test_name(const ::testing::TestParamInfo<std::string>& info) {
  auto name = "abi_" + info.param;
  std::replace(name.begin(), name.end(), '.', '_');
  return name;
}
INSTANTIATE_TEST_SUITE_P(Abi, Probe, ::testing::ValuesIn(versions()), test_name);

}  // namespace
}  // namespace myriad::plugin_host
