// Tests of the GoogleTest harness, with the probe of abi/ as the plugin.
#include "myriad/test_host.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using myriad::Failure;
using myriad::TestHost;
using ::testing::HasSubstr;

class Harness : public ::testing::Test {
 protected:
  TestHost::Instance started() {
    host_.give_secret("word", "sesame");
    auto plugin = host_.create(myriad_plugin_entry_v1(MYRIAD_ABI), "{}");
    plugin.start();
    return plugin;
  }
  myriad::Batch numbers(const std::vector<std::int64_t>& values) {
    myriad::Batch out;
    for (const auto v : values) out.add(host_.point("probe/number"), 1, v);
    return out;
  }
  template <class F>
  std::string failure(myriad_status wanted, F&& f) {
    try {
      f();
    } catch (const Failure& e) {
      EXPECT_EQ(e.status(), wanted);
      return e.what();
    }
    return "it did not fail";
  }

  TestHost host_;
};

TEST_F(Harness, RecordsWhatADeviceDoes) {
  host_.keep("starts", "4");
  host_.set_now(1000);
  auto plugin = started();
  EXPECT_EQ(host_.kept("starts"), "5");
  EXPECT_EQ(host_.events().at(0).event, "began");
  EXPECT_EQ(host_.things()["probe"]["properties"]["number"]["unit"], "lx");
  EXPECT_TRUE(host_.is_connected());
  EXPECT_EQ(host_.logs().back(), "probe: started");

  plugin.poll();
  EXPECT_EQ(host_.seen().size(), 8u);
  EXPECT_EQ(host_.last("probe/number").reading.time_ns, 1000);
  EXPECT_EQ(host_.last("probe/all").text, "{}");
  EXPECT_EQ(host_.metrics()["polls"], 1);
  host_.advance(std::chrono::seconds(1));
  plugin.poll();
  EXPECT_EQ(host_.last("probe/number").reading.time_ns, 1'000'001'000);

  plugin.discover();
  EXPECT_TRUE(host_.things().contains("probe_found"));
  plugin.read({host_.point("probe/number")});
  EXPECT_EQ(host_.last("probe/number").reading.value.i64, -1);
  EXPECT_EQ(plugin.write(numbers({7, -7})), (std::vector<myriad_status>{MYRIAD_OK, MYRIAD_E_INVALID}));
}

TEST_F(Harness, InvokesAndServes) {
  auto plugin = started();
  const auto answer = plugin.invoke("probe", "echo", "[7]");
  EXPECT_EQ(answer.status, MYRIAD_OK);
  EXPECT_EQ(answer.output, "[7]");
  EXPECT_THAT(failure(MYRIAD_E_UNSUPPORTED, [&] { plugin.invoke("probe", "dance"); }), HasSubstr("echo"));
  const auto page = plugin.serve({"GET", "/page", "", "", "", "admin"});
  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(page.output, "/page");
  EXPECT_EQ(page.content_type, "text/plain");
  EXPECT_THAT(failure(MYRIAD_E_INVALID,
                      [&] {
                        plugin.serve({"GET", "/page", "a=b", "", "", "admin"});
                      }),
              HasSubstr("plain"));
}

TEST_F(Harness, FeedsASinkAndAProcessor) {
  auto plugin = started();
  EXPECT_EQ(host_.patterns(), std::vector<std::string>{"probe/number"});
  plugin.deliver(numbers({1, 2}));
  EXPECT_EQ(host_.logs().back(), "probe: delivered 2");
  plugin.process(numbers({1, 2}));
  EXPECT_EQ(host_.last("probe/sum").reading.value.i64, 3);
  auto second = host_.create(myriad_plugin_entry_v1(MYRIAD_ABI), "{}");
  second.load(plugin.save());
  second.start();
  second.process(numbers({4}));
  EXPECT_EQ(host_.last("probe/sum").reading.value.i64, 7);
}

TEST_F(Harness, FailsAsTold) {
  auto plugin = started();
  const std::vector<std::uint32_t> points{host_.point("probe/number")};
  host_.answer_publish(MYRIAD_E_AGAIN, 1);
  EXPECT_THAT(failure(MYRIAD_E_INTERNAL, [&] { plugin.read(points); }), HasSubstr("publish() failed"));
  EXPECT_TRUE(host_.seen().empty());
  plugin.read(points);
  EXPECT_EQ(host_.seen().size(), 1u);
  host_.answer_durable(MYRIAD_E_UNAVAILABLE);
  EXPECT_THAT(failure(MYRIAD_E_INTERNAL, [&] { plugin.poll(); }), HasSubstr("did not reach the disk"));
}

TEST_F(Harness, SaysWhatThePluginDoesNotServe) {
  auto api = *myriad_plugin_entry_v1(MYRIAD_ABI);
  api.get_extension = [](myriad_instance*, const char*) -> const void* { return nullptr; };
  auto plugin = host_.create(&api, "{}");
  EXPECT_THAT(failure(MYRIAD_E_UNSUPPORTED, [&] { plugin.poll(); }), HasSubstr("myriad.device/1"));
  EXPECT_THAT(failure(MYRIAD_E_UNSUPPORTED, [&] { plugin.deliver({}); }), HasSubstr("myriad.sink/1"));
}

// Lets the test call the host as a plugin does.
struct Open : myriad::Plugin {
  Open(myriad::Host given_host, std::string_view) : Plugin(given_host) { given = host().raw(); }
  static inline const myriad_host* given = nullptr;
};

TEST_F(Harness, LetsTimePass) {
  auto plugin = started();
  plugin.elapse(std::chrono::milliseconds(15));
  EXPECT_EQ(host_.metrics()["ticks"], 2);
  plugin.elapse(std::chrono::seconds(1));
  EXPECT_EQ(host_.metrics()["ticks"], 3) << "the third ends the timer";
  EXPECT_EQ(host_.timer_count(), 0u);
}

// A plugin of C++ with timers, and what it asks the host.
struct Clockwork : myriad::Plugin {
  Clockwork(myriad::Host given, std::string_view) : Plugin(given) {}
  void start() override {
    second_ = every(std::chrono::seconds(1), [this] {
      if (++seconds == 3) cancel_timer(second_);
    });
    after(std::chrono::milliseconds(2'500), [this] {
      late_at = host().now_ns();
      after(std::chrono::hours(1), [] { throw Failure(MYRIAD_E_UNAVAILABLE, "an hour later"); });
    });
  }
  static inline int seconds = 0;
  static inline std::int64_t late_at = 0;
  TimerId second_ = 0;
};

TEST_F(Harness, TimersOfAPluginInCpp) {
  const auto api = myriad::plugin_api<Clockwork>("clockwork", "1.0.0");
  auto plugin = host_.create(&api, "{}");
  host_.set_now(1'000'000'000);
  plugin.start();
  plugin.elapse(std::chrono::minutes(1));
  EXPECT_EQ(Clockwork::seconds, 3);
  EXPECT_EQ(Clockwork::late_at, 3'500'000'000);
  EXPECT_THAT(failure(MYRIAD_E_UNAVAILABLE, [&] { plugin.elapse(std::chrono::hours(1)); }), HasSubstr("an hour later"));
  plugin.stop();
  plugin.start();
  EXPECT_EQ(host_.timer_count(), 2u) << "stop() ended all";
}

// What a timer's task holds goes with it: when it has ticked once, was cancelled, or the plugin was stopped.
struct Holder : myriad::Plugin {
  Holder(myriad::Host given, std::string_view) : Plugin(given) {}
  void start() override {
    const auto hold = [](std::weak_ptr<int>& watch) {
      auto held = std::make_shared<int>();
      watch = held;
      return [held] {};
    };
    after(std::chrono::seconds(1), hold(once));
    every(std::chrono::hours(1), hold(running));
    cancel_timer(every(std::chrono::hours(1), hold(cancelled)));
  }
  static inline std::weak_ptr<int> once, running, cancelled;
};

TEST_F(Harness, ATaskIsLetGoWithItsTimer) {
  const auto api = myriad::plugin_api<Holder>("holder", "1.0.0");
  auto plugin = host_.create(&api, "{}");
  plugin.start();
  EXPECT_TRUE(Holder::cancelled.expired());
  EXPECT_FALSE(Holder::once.expired());
  plugin.elapse(std::chrono::seconds(2));
  EXPECT_TRUE(Holder::once.expired());
  EXPECT_FALSE(Holder::running.expired());
  plugin.stop();
  EXPECT_TRUE(Holder::running.expired());
}

TEST_F(Harness, RemembersAndKeepsSecrets) {
  const auto api = myriad::plugin_api<Open>("open", "1.0.0");
  const auto plugin = host_.create(&api, "{}");
  const myriad::Host host(Open::given);
  EXPECT_THAT(failure(MYRIAD_E_UNAVAILABLE, [&] { host.secret("plc"); }), HasSubstr("no such secret"));
  host_.give_secret("plc", "sesame");
  EXPECT_EQ(host.secret("plc"), "sesame");

  for (std::int64_t i = 0; i < 20; ++i) host_.remember("a/b", i * 1'000'000'000, static_cast<double>(i));
  myriad::Batch batch;
  const auto point = host_.point("a/b");
  batch.add(point, 4'000'000'000, std::int64_t{100});
  batch.add(point, 21'000'000'000, "text");
  ASSERT_EQ(host.publish(batch), MYRIAD_OK);
  std::vector<std::pair<std::int64_t, double>> got;
  const auto take = [&](const myriad::BatchView& readings) {
    got.clear();
    for (std::uint32_t i = 0; i < readings.size(); ++i) {
      const auto& r = readings[i];
      got.emplace_back(r.time_ns / 1'000'000'000,
                       r.type == MYRIAD_I64 ? static_cast<double>(r.value.i64) : r.value.f64);
    }
  };
  host.history({.point = point, .from_ns = 3'000'000'000, .limit = 2}, take);
  EXPECT_EQ(got, (std::vector<std::pair<std::int64_t, double>>{{3, 3}, {4, 100}}));
  host.history({.point = point, .step_ns = 10'000'000'000, .aggregate = MYRIAD_AGGREGATE_MAX}, take);
  EXPECT_EQ(got, (std::vector<std::pair<std::int64_t, double>>{{0, 100}, {10, 19}}));
  host.history({.point = point, .step_ns = 10'000'000'000}, take);
  EXPECT_EQ(got, (std::vector<std::pair<std::int64_t, double>>{{0, 14.1}, {10, 14.5}}));
  EXPECT_THROW(host.history({.point = point, .limit = 0}, take), Failure);
  EXPECT_THROW(host.history({.point = point}, [](const myriad::BatchView&) { throw std::runtime_error("mine"); }),
               std::runtime_error);
}

TEST_F(Harness, RefusesWhatTheRealHostRefuses) {
  const auto api = myriad::plugin_api<Open>("open", "1.0.0");
  const auto plugin = host_.create(&api, "{}");
  const myriad::Host host(Open::given);
  const auto point = host.intern("a", "b");
  const auto publish = [&](std::uint32_t id, std::int64_t time, auto value) {
    myriad::Batch batch;
    batch.add(id, time, value);
    return host.publish(batch);
  };
  EXPECT_EQ(publish(point, 1, 1.0), MYRIAD_OK);
  EXPECT_EQ(publish(point, 1, std::nan("")), MYRIAD_E_INVALID);
  EXPECT_EQ(publish(point, -1, 1.0), MYRIAD_E_INVALID);
  EXPECT_EQ(publish(point + 1, 1, 1.0), MYRIAD_E_INVALID);
  EXPECT_EQ(publish(0, 1, 1.0), MYRIAD_E_INVALID);
  EXPECT_EQ(host.emit("a", "no slug!", "", 1), MYRIAD_E_INVALID);
  EXPECT_EQ(host.emit("a", "b", "no JSON", 1), MYRIAD_E_INVALID);
  EXPECT_THROW(host.put_thing("a", "7"), Failure);
  EXPECT_THROW(host.intern("a/b", "c"), Failure);
  EXPECT_EQ(host_.seen().size(), 1u);
}

}  // namespace
