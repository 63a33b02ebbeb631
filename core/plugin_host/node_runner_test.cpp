// Plugins for Node.js, in real processes: the example, and what only JavaScript does.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <future>

#include "model/abi_batch.h"
#include "plugin_host/make_runner.h"
#include "plugin_host/node_command.h"
#include "plugin_host/testing.h"

namespace myriad::plugin_host {
namespace {

namespace fs = std::filesystem;
using namespace testing;
using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr Timings patient{.stop = 5s, .control = 30s, .setup = 60s, .call = 30s, .grace = 100ms, .heartbeat = 60s};

// One plugin with its host, without a supervisor.
class Stage {
 public:
  Stage(const std::string& id, const json& config, const std::string& quota = "") : record_{id, id, "", true, 0} {
    record_.quota = quota;
    plugins_ = Plugins::scan({folder()}, Log::none());
    const auto* plugin = plugins_->find(id);
    EXPECT_EQ(plugin->refused, "");
    HostTable::Parts host{id,         *site.registry, *site.spine,         *site.points,
                          site.clock, telemetry,      scheduler_.strand(), [this](bool up) { connected = up; }};
    host.history = remembered;
    host.secret = [](std::string_view name) -> Result<std::string> {
      if (name == "word") return std::string("sesame");
      return Error{Code::unavailable, "there is no such secret: set it"};
    };
    auto made = make_runner({parts_, hub_, *plugin, record_, config, std::move(host), [] {}});
    EXPECT_TRUE(made) << made.error().message;
    runner = *std::move(made);
    created = runner->create(config.dump());
  }
  // A plugin whose class has this body.
  static std::string written(const std::string& id, const std::string& body) {
    const auto home = folder() / id;
    fs::create_directories(home);
    const json manifest{{"id", id},
                        {"version", "1.0.0"},
                        {"kind", "device"},
                        {"runtime", "node"},
                        {"library", id + ".mjs"},
                        {"abi", {{"built", "1.1"}, {"min", "1.0"}}},
                        {"config_schema", {{"type", "object"}}}};
    std::ofstream(home / "manifest.json") << manifest;
    std::ofstream(home / (id + ".mjs")) << "export default class {\n  constructor(host) { this.host = host; }\n  " +
                                               body + "\n}\n";
    return id;
  }
  static std::string example() {
    const std::string id = "wave_js";
    fs::create_directories(folder() / id);
    for (const auto* name : {"manifest.json", "wave_js.mjs"})
      fs::copy_file(fs::path(EXAMPLE_IN_JAVASCRIPT) / name, folder() / id / name, fs::copy_options::overwrite_existing);
    return id;
  }

  Outcome poll(std::chrono::milliseconds limit = 30s) {
    return runner->poll(site.clock.now() + std::chrono::nanoseconds(limit).count());
  }
  void start() {
    ASSERT_TRUE(created.ok()) << created.message;
    const auto started = runner->start();
    ASSERT_TRUE(started.ok()) << started.message;
  }
  std::uint32_t point(const std::string& thing, const std::string& property) {
    return static_cast<std::uint32_t>(*site.points->intern(thing, property));
  }
  std::vector<double> numbers(const std::string& point) {
    std::vector<double> out;
    for (const auto bits : site.values(point)) out.push_back(std::bit_cast<double>(bits));
    return out;
  }
  Outcome write(std::uint32_t point, double value) {
    model::Batch batch;
    model::append(batch, model::PointId{point}, {site.clock.now(), value, MYRIAD_GOOD});
    return runner->write(model::to_abi(batch.view()));
  }
  std::string logged() {
    std::string all;
    for (const auto& line : telemetry->lines(200)) all += line.text + "\n";
    return all;
  }

  Site site;
  std::shared_ptr<Telemetry> telemetry = std::make_shared<Telemetry>(site.clock, Log::none());
  std::atomic<bool> connected = false;
  std::unique_ptr<Runner> runner;
  Outcome created;

 private:
  // Outlives each test, so that a plugin can be written before its stage.
  static fs::path folder() {
    static const TempDir folder;
    return folder / "plugins";
  }
  Scheduler scheduler_;
  Hub hub_;
  std::unique_ptr<Plugins> plugins_;
  Instances::Parts parts_{
      *site.plugins, *site.registry, *site.spine, *site.points,
      site.clock,    Log::none(),    patient,     {MYRIAD_PROGRAM, site.home / "instances", NODE_HOST}};
  registry::InstanceRecord record_;
};

TEST(NodeRunnerTest, TheExampleIsADevice) {
  const json config{{"thing", "pier"}, {"period_s", 10}, {"limit", 100}};
  Stage stage(Stage::example(), config);
  stage.start();
  EXPECT_TRUE(stage.runner->serves(Runner::Serves::device));
  EXPECT_FALSE(stage.runner->serves(Runner::Serves::http));
  EXPECT_THAT(stage.site.registry->thing("pier")->td, HasSubstr("Wave"));
  EXPECT_TRUE(eventually([&] { return stage.connected.load(); }));

  const auto polled = stage.poll();
  ASSERT_TRUE(polled.ok()) << polled.message;
  EXPECT_TRUE(eventually([&] { return stage.numbers("pier/level").size() == 1; }));

  const auto amplitude = stage.point("pier", "amplitude");
  const auto written = stage.write(amplitude, 2.5);
  EXPECT_TRUE(written.ok()) << written.message;
  EXPECT_EQ(stage.write(amplitude, 200).status, MYRIAD_E_INVALID);
  EXPECT_EQ(stage.write(stage.point("pier", "level"), 1).status, MYRIAD_E_UNSUPPORTED);
  EXPECT_TRUE(stage.runner->read(amplitude, stage.site.clock.now() + 30'000'000'000).ok());
  EXPECT_TRUE(eventually([&] { return stage.numbers("pier/amplitude") == std::vector<double>{2.5, 2.5}; }));
  EXPECT_EQ(stage.site.registry->get("instance/wave_js", "amplitude"), "2.5");

  std::promise<std::string> output;
  const auto reply = [&](const Outcome&, const std::string& text) { output.set_value(text); };
  EXPECT_TRUE(stage.runner->invoke("pier", "reset", "", reply).ok());
  EXPECT_EQ(output.get_future().get(), "2.5");
  EXPECT_THAT(stage.runner->invoke("pier", "dance", "", [](auto&&...) {}).message, HasSubstr("dance"));
}

TEST(NodeRunnerTest, ItIsGivenSecretsAndHistory) {
  Stage stage(Stage::written("asks", R"(async poll() {
    const { host } = this, point = await host.intern('t', 'level');
    const before = [...await host.history(point), ...await host.history(point, { aggregate: 'max', step: 10n ** 9n })];
    host.log.info(`${await host.secret('word')} ${before.map(({ value }) => value)}`);
    await host.secret('other');
  })"),
              json::object());
  stage.start();
  const auto polled = stage.poll();
  EXPECT_EQ(polled.status, MYRIAD_E_UNAVAILABLE);
  EXPECT_EQ(polled.message, "there is no such secret: set it");
  EXPECT_THAT(stage.logged(), HasSubstr("sesame 1.5,2.5\n"));
}

TEST(NodeRunnerTest, AnExceptionIsToldAndThePluginLives) {
  Stage stage(Stage::written("thrower",
                             "async poll() { throw new RangeError('the tide is out'); }\n"
                             "async discover() { throw this.host.failure('unavailable', 'no carrier'); }"),
              json::object());
  stage.start();
  for (int i = 0; i < 2; ++i) {
    const auto polled = stage.poll();
    EXPECT_EQ(polled.status, MYRIAD_E_INTERNAL);
    EXPECT_EQ(polled.message, "the tide is out");
  }
  const auto discovered = stage.runner->discover(stage.site.clock.now() + 30'000'000'000);
  EXPECT_EQ(discovered.status, MYRIAD_E_UNAVAILABLE);
  EXPECT_EQ(discovered.message, "no carrier");
}

TEST(NodeRunnerTest, ADeathShowsItsWords) {
  const std::pair<const char*, const char*> cases[] = {
      {"async poll() { setImmediate(() => { throw new Error('the late one'); }); await new Promise(() => {}); }",
       "uncaught Error: the late one"},
      {"async poll() { process.exit(7); }", "process.exit(7)"},
  };
  for (const auto& [body, words] : cases) {
    Stage stage(Stage::written("dies", body), json::object());
    stage.start();
    EXPECT_THAT(stage.poll().message, AllOf(HasSubstr("its process"), HasSubstr(words)));
  }
}

TEST(NodeRunnerTest, OneThatDoesNotReturnIsEnded) {
  Stage stage(Stage::written("spins", "async poll() { for (;;); }"), json::object());
  stage.start();
  EXPECT_THAT(stage.poll(100ms).message, HasSubstr("did not return in time"));
}

TEST(NodeRunnerTest, OneThatIsNoModuleSaysSo) {
  Stage stage(Stage::written("garbled", "async poll( {"), json::object());
  EXPECT_EQ(stage.created.status, MYRIAD_E_UNSUPPORTED);
  EXPECT_THAT(stage.created.message, AllOf(HasSubstr("SyntaxError"), HasSubstr("node --check")));
}

// WebAssembly reserves addresses by the GiB, and fetch() needs it.
TEST(NodeRunnerTest, ConfinedYetAbleToWork) {
  Stage stage(Stage::written("tries", R"(async poll() {
    const fs = (await import('node:fs')).promises, { log } = this.host;
    const module = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 5, 3, 1, 0, 1]);
    const tries = {
      own: () => fs.writeFile('own.txt', 'mine'),
      foreign: () => fs.readFile('/etc/passwd'),
      program: async () => (await import('node:child_process')).execFileSync('/bin/true'),
      wasm: () => new WebAssembly.Instance(new WebAssembly.Module(module)),
      worker: async () => {
        const { Worker } = await import('node:worker_threads');
        await new Promise((resolve, reject) => new Worker('0', { eval: true }).on('exit', resolve).on('error', reject));
      },
    };
    for (const [name, attempt] of Object.entries(tries))
      try { await attempt(); log.info(name + ' can'); } catch (e) { log.info(name + ' cannot'); }
  })"),
              json::object());
  stage.start();
  const auto polled = stage.poll();
  ASSERT_TRUE(polled.ok()) << polled.message;
  const auto logged = stage.logged();
  for (const char* line : {"own can\n", "program cannot\n", "wasm can\n", "worker can\n"})
    EXPECT_THAT(logged, HasSubstr(line));
  const bool confines_files = logged.find("not confined: this kernel has no Landlock") == std::string::npos;
  EXPECT_THAT(logged, HasSubstr(confines_files ? "foreign cannot\n" : "foreign can\n"));
}

TEST(NodeRunnerTest, AHeapThatGrowsEndsIt) {
  Stage stage(
      Stage::written("hoards", "poll() { for (const all = [];;) all.push(new Array(1000).fill(Math.random())); }"),
      json::object(), R"({"memory_mb": 128})");
  stage.start();
  EXPECT_THAT(stage.poll().message, AllOf(HasSubstr("its process"), HasSubstr("heap out of memory")));
}

TEST(NodeRunnerTest, MemoryBesideItsHeapEndsIt) {
  Stage stage(Stage::written("hoards_buffers",
                             "async poll() { for (const all = [];; await new Promise((done) => setTimeout(done, 20))) "
                             "all.push(Buffer.alloc(4 << 20, 1)); }"),
              json::object(), R"({"memory_mb": 128})");
  stage.start();
  EXPECT_THAT(stage.poll().message, AllOf(HasSubstr("its process"), HasSubstr("memory")));
}

TEST(NodeCommandTest, SaysWhatIsMissing) {
  EXPECT_THAT(node_command("/nowhere", usual_quota).error().message,
              AllOf(HasSubstr("/nowhere/host.mjs"), HasSubstr("install Myriad again")));
  const auto command = node_command(NODE_HOST, usual_quota);
  ASSERT_TRUE(command) << command.error().message;
  EXPECT_THAT(command->front(), HasSubstr("/node"));
  EXPECT_THAT(*command, ::testing::Contains("--max-old-space-size=128"));
  EXPECT_THAT(*node_command(NODE_HOST, Quota{}), Not(::testing::Contains(HasSubstr("--max-old-space-size"))));
}

}  // namespace
}  // namespace myriad::plugin_host
