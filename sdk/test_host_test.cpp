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
