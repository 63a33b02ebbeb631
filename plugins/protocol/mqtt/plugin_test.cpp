// The plugin against a real mosquitto, through the C interface that the daemon uses.
#include <gtest/gtest.h>

#include "test_support.h"

namespace mqtt::test {
namespace {

using myriad::Failure;
using myriad::TestHost;
using Seen = std::vector<TestHost::Seen>;

json sample_config(int port) {
  auto config = json::parse(read_file(fs::path(PLUGIN_DIR) / "sample.json"));
  config["port"] = port;
  config["reconnect_min_ms"] = 20;
  config["reconnect_max_ms"] = 100;
  return config;
}

json inbound_config(int port) {
  auto config = sample_config(port);
  config.erase("publish");
  return config;
}

json outbound_config(int port) {
  auto config = sample_config(port);
  config.erase("subscribe");
  return config;
}

TestHost::Instance create(TestHost& host, const json& config) {
  return host.create(myriad_plugin_entry_v1(MYRIAD_ABI), config.dump(), schema());
}

TestHost::Instance started(TestHost& host, const json& config) {
  auto instance = create(host, config);
  instance.start();
  EXPECT_TRUE(eventually([&] { return host.is_connected(); })) << host.disconnect_reason();
  return instance;
}

bool wait_for_readings(TestHost& host, std::size_t count) {
  return host.wait([&](const Seen& seen) { return seen.size() >= count; });
}

myriad::Batch numbers(TestHost& host, const std::string& point, int first, int count) {
  myriad::Batch batch;
  for (int i = first; i < first + count; ++i) batch.add(host.point(point), host.point(point) + i, double(i));
  return batch;
}

// As the host does: the same batch again until it is delivered.
void deliver_until_done(TestHost::Instance& instance, const myriad::Batch& batch, std::uint64_t sequence) {
  EXPECT_TRUE(eventually([&] {
    try {
      instance.deliver(batch, sequence);
      return true;
    } catch (const Failure& failure) {
      EXPECT_EQ(failure.status(), MYRIAD_E_UNAVAILABLE) << failure.what();
      return false;
    }
  }));
}

// ---- In ----

TEST(In, JsonByTheContractConfiguration) {
  const Broker broker;
  TestHost host;
  const auto instance = started(host, sample_config(broker.port()));
  Peer peer(broker.port());
  peer.publish("sensors/roof/telemetry", R"({"t":21.5,"ts":"2025-11-22T08:00:00Z"})");
  ASSERT_TRUE(wait_for_readings(host, 1));
  const auto seen = host.last("roof/temperature");
  EXPECT_EQ(seen.reading.value.f64, 21.5);
  EXPECT_EQ(seen.reading.time_ns, 1'763'798'400'000'000'000);
  EXPECT_EQ(host.things()["roof"]["properties"]["temperature"]["type"], "number");
}

TEST(In, RawPayloadsOverVersion5) {
  const Broker broker;
  TestHost host;
  auto config = inbound_config(broker.port());
  config["version"] = "5";
  config["subscribe"] = {{{"topic", "home/+/+"}, {"thing", "{1}"}, {"property", "{2}"}}};
  const auto instance = started(host, config);
  Peer peer(broker.port());
  peer.publish("home/lamp 1/on", "true");
  peer.publish("home/lamp 1/mode", "dim");
  ASSERT_TRUE(wait_for_readings(host, 2));
  EXPECT_EQ(host.last("lamp_1/on").reading.type, MYRIAD_BOOL);
  EXPECT_EQ(host.last("lamp_1/mode").text, "dim");
  EXPECT_EQ(host.things()["lamp_1"]["title"], "lamp 1");
}

TEST(In, OverlappingFiltersEachTakeTheirPart) {
  const Broker broker;
  TestHost host;
  auto config = inbound_config(broker.port());
  config["subscribe"] = {{{"topic", "s/+/t"}, {"thing", "{1}"}, {"property", "first"}},
                         {{"topic", "s/#"}, {"thing", "all"}, {"property", "second"}}};
  const auto instance = started(host, config);
  Peer peer(broker.port());
  peer.publish("s/a/t", "1");
  peer.publish("s/a/end", "2");
  ASSERT_TRUE(host.wait([](const Seen& seen) {
    return !seen.empty() && seen.back().point == "all/second" && seen.back().reading.value.f64 == 2;
  }));
  EXPECT_EQ(host.seen().size(), 3u) << "one message, two filters, two readings";
}

TEST(In, MalformedMessagesAreCountedAndNamed) {
  const Broker broker;
  TestHost host;
  auto config = inbound_config(broker.port());
  config["max_payload_bytes"] = 64;
  const auto instance = started(host, config);
  Peer peer(broker.port());
  peer.publish("sensors/a/telemetry", "{broken");
  peer.publish("sensors/a/telemetry", R"({"t":"NaN"})");
  peer.publish("sensors/a/telemetry", std::string(65, ' '));
  peer.publish("sensors/a/telemetry", R"({"t":1})");
  ASSERT_TRUE(wait_for_readings(host, 1));
  EXPECT_EQ(host.metrics()["malformed_messages"], 3);
  const auto logs = host.logs();
  ASSERT_EQ(logs.size(), 1u) << "further ones are held back";
  EXPECT_EQ(logs[0], "message on 'sensors/a/telemetry' refused: the payload is no JSON");
}

TEST(In, NewNamesAreBounded) {
  const Broker broker;
  TestHost host;
  auto config = inbound_config(broker.port());
  config["max_things"] = 2;
  const auto instance = started(host, config);
  Peer peer(broker.port());
  for (const char* name : {"a", "b", "c", "d", "a b", "b"})
    peer.publish("sensors/" + std::string(name) + "/telemetry", R"({"t":1})");
  ASSERT_TRUE(wait_for_readings(host, 3));
  EXPECT_EQ(host.things().size(), 2u);
  EXPECT_EQ(host.metrics()["malformed_messages"], 3);
}

TEST(In, TwoDevicesAreNeverMixedInOneThing) {
  const Broker broker;
  TestHost host;
  const auto instance = started(host, inbound_config(broker.port()));
  Peer peer(broker.port());
  peer.publish("sensors/a b/telemetry", R"({"t":1})");
  peer.publish("sensors/a_b/telemetry", R"({"t":2})");
  peer.publish("sensors/c/telemetry", R"({"t":3})");
  ASSERT_TRUE(wait_for_readings(host, 2));
  EXPECT_EQ(host.last("a_b/temperature").reading.value.f64, 1);
  EXPECT_EQ(host.metrics()["malformed_messages"], 1);
}

class Sessions : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Version, Sessions, testing::Values("3.1.1", "5"),
                         [](const auto& p) { return p.param[0] == '5' ? "v5" : "v311"; });

TEST_P(Sessions, WhatCameWhileStoppedArrivesAfterTheStart) {
  const Broker broker;
  TestHost host;
  auto config = inbound_config(broker.port());
  config["version"] = GetParam();
  Peer peer(broker.port());
  started(host, config).stop();
  for (int i = 0; i < 50; ++i) peer.publish("sensors/roof/telemetry", json{{"t", i}}.dump());
  EXPECT_TRUE(host.seen().empty());
  const auto instance = started(host, config);
  ASSERT_TRUE(wait_for_readings(host, 50));
  for (std::size_t i = 0; i < 50; ++i) EXPECT_EQ(host.seen()[i].reading.value.f64, double(i));
}

TEST_P(Sessions, AFullQueueStopsReadingAndLosesNothing) {
  const Broker broker;
  TestHost host;
  auto config = inbound_config(broker.port());
  config["version"] = GetParam();
  auto instance = started(host, config);
  Peer peer(broker.port());
  host.answer_publish(MYRIAD_E_AGAIN);
  for (int i = 0; i < 100; ++i) peer.publish("sensors/roof/telemetry", json{{"t", i}}.dump());
  // Stopped while it waits: the message in hand was not taken, so it must not have been acknowledged.
  instance.stop();
  instance.start();
  host.answer_publish(MYRIAD_OK);
  ASSERT_TRUE(wait_for_readings(host, 100));
  for (std::size_t i = 0; i < 100; ++i) EXPECT_EQ(host.seen()[i].reading.value.f64, double(i));
}

TEST(In, FiltersThatLeftTheConfigurationAreDropped) {
  const Broker broker;
  TestHost host;
  auto config = inbound_config(broker.port());
  started(host, config).stop();
  config["subscribe"][0]["topic"] = "other/+";
  const auto instance = started(host, config);
  Peer peer(broker.port());
  peer.publish("sensors/roof/telemetry", R"({"t":1})");
  peer.publish("other/roof", R"({"t":2})");
  ASSERT_TRUE(wait_for_readings(host, 1));
  ASSERT_TRUE(eventually([&] { return host.metrics()["messages_in"] >= 1; }));
  EXPECT_EQ(host.metrics()["messages_in"], 1);
}

// ---- The connection ----

TEST(Connection, RefusedPortIsSaid) {
  TestHost host;
  auto instance = create(host, inbound_config(free_port()));
  instance.start();
  ASSERT_TRUE(eventually([&] { return host.disconnect_reason().find("refused") != std::string::npos; }))
      << host.disconnect_reason();
  EXPECT_FALSE(host.is_connected());
}

TEST(Connection, UnknownNameIsSaid) {
  TestHost host;
  auto config = inbound_config(1883);
  config["host"] = "no-such-host.invalid";
  auto instance = create(host, config);
  instance.start();
  EXPECT_TRUE(eventually([&] { return host.disconnect_reason().find("is not known") != std::string::npos; }))
      << host.disconnect_reason();
}

TEST(Connection, SilentPeerIsGivenUp) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  bind(fd, reinterpret_cast<sockaddr*>(&address), size);
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  listen(fd, 4);
  TestHost host;
  auto config = inbound_config(ntohs(address.sin_port));
  config["connect_timeout_ms"] = 200;
  auto instance = create(host, config);
  instance.start();
  EXPECT_TRUE(eventually([&] { return host.disconnect_reason().find("did not answer") != std::string::npos; }))
      << host.disconnect_reason();
  instance.stop();
  close(fd);
}

TEST_P(Sessions, PasswordIsCheckedAndTheReasonVisible) {
  TempDir dir;
  fs::permissions(dir.path(), fs::perms::all);
  const auto file = (dir.path() / "passwords").string();
  ASSERT_EQ(Child({"mosquitto_passwd", "-b", "-c", file, "meter", "right"}, dir.path() / "log").wait(), 0);
  fs::permissions(file, fs::perms::all);
  const Broker broker("allow_anonymous false\npassword_file " + file + "\n");
  TestHost host;
  auto config = inbound_config(broker.port());
  config["version"] = GetParam();
  config["username"] = "meter";
  config["password"] = "wrong";
  {
    auto instance = create(host, config);
    instance.start();
    EXPECT_TRUE(eventually([&] {
      return host.disconnect_reason().find("check username and password") != std::string::npos;
    })) << host.disconnect_reason();
  }
  config["password"] = "right";
  { const auto instance = started(host, config); }
  config.erase("password");
  config["password_secret"] = "broker";
  {
    auto instance = create(host, config);
    instance.start();
    EXPECT_TRUE(eventually([&] { return host.disconnect_reason().find("no such secret") != std::string::npos; }))
        << host.disconnect_reason();
    host.give_secret("broker", "right");
    EXPECT_TRUE(eventually([&] { return host.is_connected(); })) << host.disconnect_reason();
  }
}

class Certificates {
 public:
  Certificates() {
    fs::permissions(dir_.path(), fs::perms::all);
    openssl({"req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=Test authority", "-keyout",
             file("ca.key"), "-out", file("ca.pem")});
    openssl({"req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-keyout", file("server.key"), "-out",
             file("server.csr")});
    std::ofstream(file("names")) << "subjectAltName=DNS:localhost,IP:127.0.0.1\n";
    openssl({"x509", "-req", "-in", file("server.csr"), "-CA", file("ca.pem"), "-CAkey", file("ca.key"),
             "-CAcreateserial", "-days", "2", "-extfile", file("names"), "-out", file("server.pem")});
    fs::permissions(file("server.key"), fs::perms::all);
  }
  std::string file(const char* name) const { return (dir_.path() / name).string(); }
  std::string broker_lines() const {
    return "allow_anonymous true\ncertfile " + file("server.pem") + "\nkeyfile " + file("server.key") + "\n";
  }

 private:
  void openssl(std::vector<std::string> words) {
    words.insert(words.begin(), "openssl");
    if (Child(words, dir_.path() / "log").wait() != 0) throw std::runtime_error(read_file(dir_.path() / "log"));
  }
  TempDir dir_;
};

TEST(Connection, TlsTrustsOnlyTheGivenAuthority) {
  const Certificates certificates;
  const Broker broker(certificates.broker_lines());
  TestHost host;
  auto config = sample_config(broker.port());
  config["tls"] = {{"enabled", true}};
  {
    auto instance = create(host, config);
    instance.start();
    EXPECT_TRUE(eventually([&] {
      return host.disconnect_reason().find("certificate verify failed") != std::string::npos;
    })) << host.disconnect_reason();
  }
  config["tls"]["ca_file"] = "/no/such/file.pem";
  {
    auto instance = create(host, config);
    instance.start();
    EXPECT_TRUE(eventually([&] { return host.disconnect_reason().find("cannot be read") != std::string::npos; }))
        << host.disconnect_reason();
  }
  for (const bool verify : {true, false}) {
    config["tls"] = {{"enabled", true}, {"verify", verify}};
    if (verify) config["tls"]["ca_file"] = certificates.file("ca.pem");
    auto instance = started(host, config);
    instance.deliver(numbers(host, "meter/voltage", 0, 300), 300);
  }
}

TEST(Connection, ComesBackAfterABrokerRestart) {
  Broker broker;
  TestHost host;
  const auto instance = started(host, inbound_config(broker.port()));
  broker.stop();
  ASSERT_TRUE(eventually([&] { return !host.is_connected(); }));
  broker.start();
  ASSERT_TRUE(eventually([&] { return host.is_connected(); })) << host.disconnect_reason();
  Peer peer(broker.port());
  peer.publish("sensors/roof/telemetry", R"({"t":1})");
  EXPECT_TRUE(wait_for_readings(host, 1));
}

// ---- Out ----

TEST(Out, DeliveredMeansAtTheBroker) {
  const Broker broker;
  TestHost host;
  auto instance = started(host, sample_config(broker.port()));
  EXPECT_EQ(host.patterns(), std::vector<std::string>{"meter/*"});
  Peer peer(broker.port());
  peer.subscribe("site/#");
  myriad::Batch batch;
  batch.add(host.point("meter/voltage"), 1'763'798'400'000'000'000, 230.5);
  batch.add(host.point("meter/relay"), 1'763'798'400'000'000'000, true, MYRIAD_BAD);
  instance.deliver(batch, 9);
  ASSERT_TRUE(peer.wait([](const auto& m) { return m.size() == 2; }));
  EXPECT_EQ(peer.messages()[0].topic, "site/meter/voltage");
  EXPECT_EQ(peer.messages()[0].payload, R"({"value":230.5,"time":"2025-11-22T08:00:00Z","quality":"good"})");
  EXPECT_EQ(peer.messages()[1].topic, "site/meter/relay");
  EXPECT_EQ(json::parse(peer.messages()[1].payload)["quality"], "bad");
}

TEST(Out, Version5CarriesTheSequence) {
  const Broker broker;
  TestHost host;
  auto config = outbound_config(broker.port());
  config["version"] = "5";
  config["publish"][0]["payload"] = "value";
  config["publish"][0]["retain"] = true;
  auto instance = started(host, config);
  instance.deliver(numbers(host, "meter/voltage", 0, 3), 12);
  Peer peer(broker.port());
  peer.subscribe("site/#");
  ASSERT_TRUE(peer.wait([](const auto& m) { return m.size() == 1; }));
  EXPECT_EQ(peer.messages()[0].payload, "2.0");
  EXPECT_EQ(peer.messages()[0].sequence, "12");
  EXPECT_TRUE(peer.messages()[0].retain);
}

class Qos : public testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Level, Qos, testing::Values(0, 1, 2));

TEST_P(Qos, ALargeBatchGoesThroughTheWindow) {
  const Broker broker("allow_anonymous true\nmax_inflight_messages 0\n");
  TestHost host;
  auto config = outbound_config(broker.port());
  config["publish"][0]["qos"] = GetParam();
  config["max_inflight"] = 7;
  auto instance = started(host, config);
  Peer peer(broker.port());
  peer.subscribe("site/#");
  instance.deliver(numbers(host, "meter/voltage", 0, 1000), 1000);
  ASSERT_TRUE(peer.wait([](const auto& m) { return m.size() == 1000; }));
  for (std::size_t i = 0; i < 1000; ++i) EXPECT_EQ(json::parse(peer.messages()[i].payload)["value"], double(i));
}

TEST(Out, NothingIsLostOrReorderedOverABrokerRestart) {
  Broker broker("allow_anonymous true\nmax_inflight_messages 0\n");
  TestHost host;
  auto config = outbound_config(broker.port());
  config["publish"][0]["payload"] = "value";
  auto instance = started(host, config);
  auto peer = std::make_unique<Peer>(broker.port(), "peer", false);
  peer->subscribe("site/#");
  constexpr int batches = 60, size = 100;
  std::atomic<int> done = 0;
  std::thread restarts([&] {
    for (const int at : {15, 35}) {
      eventually([&] { return done >= at; });
      broker.stop();
      broker.start();
    }
  });
  for (; done < batches; ++done)
    deliver_until_done(instance, numbers(host, "meter/voltage", done * size, size),
                       static_cast<std::uint64_t>(done + 1) * size);
  restarts.join();
  ASSERT_TRUE(
      peer->wait([](const auto& m) { return !m.empty() && std::stod(m.back().payload) == batches * size - 1; }));
  // At least once and in order: each value appears, and first appearances rise by one.
  int next = 0;
  for (const auto& m : peer->messages()) {
    const int value = static_cast<int>(std::stod(m.payload));
    ASSERT_LE(value, next) << "a gap";
    if (value == next) ++next;
  }
  EXPECT_EQ(next, batches * size);
}

TEST(Out, WithoutBrokerTheHostIsToldAtOnce) {
  TestHost host;
  auto instance = create(host, outbound_config(free_port()));
  instance.start();
  try {
    instance.deliver(numbers(host, "meter/voltage", 0, 1));
    FAIL() << "nothing can have been delivered";
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.status(), MYRIAD_E_UNAVAILABLE);
  }
}

// ---- Loops ----

TEST(Loops, InboundPointsAreNotSentOut) {
  const Broker broker;
  TestHost host;
  auto config = sample_config(broker.port());
  config["publish"][0]["points"] = {"*"};
  Peer peer(broker.port());
  peer.subscribe("site/#");
  {
    auto instance = started(host, config);
    peer.publish("sensors/roof/telemetry", R"({"t":1})");
    ASSERT_TRUE(wait_for_readings(host, 1));
  }
  // Also after a restart, before the first message has come.
  auto instance = started(host, config);
  instance.deliver(numbers(host, "roof/temperature", 0, 5), 5);
  instance.deliver(numbers(host, "meter/voltage", 0, 1), 6);
  ASSERT_TRUE(peer.wait([](const auto& m) { return !m.empty(); }));
  EXPECT_EQ(peer.messages().size(), 1u);
  EXPECT_EQ(peer.messages()[0].topic, "site/meter/voltage");
}

TEST(Loops, EchoSendsThemAllTheSame) {
  const Broker broker;
  TestHost host;
  auto config = sample_config(broker.port());
  config["publish"][0]["points"] = {"*"};
  config["echo"] = true;
  auto instance = started(host, config);
  Peer peer(broker.port());
  peer.subscribe("site/#");
  peer.publish("sensors/roof/telemetry", R"({"t":1})");
  ASSERT_TRUE(wait_for_readings(host, 1));
  instance.deliver(numbers(host, "roof/temperature", 0, 1), 1);
  EXPECT_TRUE(peer.wait([](const auto& m) { return m.size() == 1; }));
}

TEST(Loops, OwnMessagesAreNotTakenIn) {
  const Broker broker;
  TestHost host;
  auto config = sample_config(broker.port());
  config["subscribe"] = {
      {{"topic", "site/+/+"}, {"thing", "{1}"}, {"values", {{{"property", "{2}"}, {"pointer", "/value"}}}}}};
  auto instance = started(host, config);
  instance.deliver(numbers(host, "meter/voltage", 0, 3), 3);
  Peer peer(broker.port());
  peer.publish("site/other/x", R"({"value":1})");
  ASSERT_TRUE(wait_for_readings(host, 1));
  EXPECT_EQ(host.seen().size(), 1u);
  EXPECT_EQ(host.seen()[0].point, "other/x");
}

// ---- Home Assistant ----

TEST(HomeAssistant, PointsAnnounceThemselvesAndAgainAfterItsBirth) {
  const Broker broker;
  TestHost host;
  auto config = outbound_config(broker.port());
  config["client_id"] = "gateway";
  config["home_assistant"] = {{"enabled", true}};
  auto instance = started(host, config);
  Peer peer(broker.port());
  peer.subscribe("homeassistant/+/+/config");
  myriad::Batch batch;
  batch.add(host.point("meter/voltage"), 1, 230.5);
  batch.add(host.point("meter/relay"), 1, true);
  batch.add(host.point("meter/voltage"), 2, 231.5);
  instance.deliver(batch, 3);
  ASSERT_TRUE(peer.wait([](const auto& m) { return m.size() == 2; }));
  EXPECT_EQ(peer.messages()[0].topic, "homeassistant/sensor/gateway-2fmeter-2fvoltage/config");
  EXPECT_EQ(peer.messages()[1].topic, "homeassistant/binary_sensor/gateway-2fmeter-2frelay/config");
  peer.publish("homeassistant/status", "online");
  EXPECT_TRUE(peer.wait([](const auto& m) { return m.size() == 4; }));
}

}  // namespace
}  // namespace mqtt::test
