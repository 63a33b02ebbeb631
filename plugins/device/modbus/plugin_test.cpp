// The plugin against real servers: life, loss and recovery, writing, several units, serial lines.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <future>

#include "codec.h"
#include "testing/peer.h"

namespace modbus::testing {
namespace {

using myriad::TestHost;
using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;

// Polls until it succeeds; back-off makes it fail for some milliseconds.
void poll_until_up(TestHost::Instance& plugin) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (failure_of([&] { plugin.poll(); }).status() != MYRIAD_OK)
    ASSERT_LT(std::chrono::steady_clock::now(), end) << "the link did not come up";
}

// A TCP port on 127.0.0.1 that takes connections and answers nothing, or only what a test answers.
class Listener {
 public:
  Listener() : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (bind(fd_, reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(fd_, 8) != 0)
      throw std::runtime_error("cannot listen");
    getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
  }
  ~Listener() { close(fd_); }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  int port() const { return port_; }
  int accept() const { return accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC); }

 private:
  int fd_;
  int port_ = 0;
};

TEST(Plugin, DescribesItsThingsWithoutTheDevice) {
  TestHost host;
  auto config = meter(1);
  config["points"][0]["title"] = "Voltage L1";
  config["points"].push_back({{"property", "name"},
                              {"table", "input"},
                              {"address", 9},
                              {"type", "string"},
                              {"length", 4},
                              {"thing", "label"}});
  config["points"].push_back({{"property", "count"}, {"table", "input"}, {"address", 0}, {"type", "uint32"}});
  auto plugin = create(host, config);
  plugin.start();
  const json want = {
      {"title", "meter"},
      {"properties",
       {{"voltage",
         {{"type", "number"}, {"unit", "V"}, {"title", "Voltage L1"}, {"readOnly", true}, {"observable", true}}},
        {"relay", {{"type", "boolean"}, {"readOnly", false}, {"observable", true}}},
        {"count", {{"type", "integer"}, {"readOnly", true}, {"observable", true}}}}}};
  EXPECT_EQ(host.things().at("meter"), want);
  EXPECT_EQ(host.things().at("label")["properties"]["name"]["type"], "string");
  EXPECT_TRUE(host.seen().empty());
}

TEST(Plugin, GoesBadWithTheReasonAndRecovers) {
  Server server(kMeter);
  TestHost host;
  auto plugin = create(host, meter(server.port()));
  plugin.start();
  plugin.poll();
  EXPECT_TRUE(host.is_connected());
  host.clear();

  server.stop();
  const auto failure = failure_of([&] { plugin.poll(); });
  const auto where = "127.0.0.1:" + std::to_string(server.port());
  EXPECT_EQ(failure.status(), MYRIAD_E_UNAVAILABLE);
  EXPECT_THAT(failure.what(), AllOf(HasSubstr(where), HasSubstr("Connection refused")));
  EXPECT_FALSE(host.is_connected());
  EXPECT_THAT(host.disconnect_reason(), AllOf(HasSubstr(where), HasSubstr("Connection refused")));
  EXPECT_EQ(host.last("meter/voltage").reading.quality, MYRIAD_BAD);
  EXPECT_EQ(value_of(host.last("meter/voltage")), 230.0) << "the last value stays";
  EXPECT_EQ(value_of(host.last("meter/relay")), false);
  EXPECT_EQ(failure_of([&] { plugin.poll(); }).status(), MYRIAD_E_UNAVAILABLE);
  EXPECT_EQ(host.seen().size(), 2u) << "bad is said once";

  server.start();
  poll_until_up(plugin);
  EXPECT_TRUE(host.is_connected());
  EXPECT_EQ(host.last("meter/voltage").reading.quality, MYRIAD_GOOD);
  EXPECT_GE(host.metrics().at("reconnects"), 1);
  EXPECT_GE(host.metrics().at("errors"), 1);
}

TEST(Plugin, ADeviceThatWasNeverThereIsBad) {
  TestHost host;
  const Listener unused;
  auto config = meter(unused.port());
  config["timeout_ms"] = 50;
  config["points"].push_back(
      {{"property", "name"}, {"table", "input"}, {"address", 9}, {"type", "string"}, {"length", 4}});
  auto plugin = create(host, config);
  plugin.start();
  const auto failure = failure_of([&] { plugin.poll(); });
  EXPECT_EQ(failure.status(), MYRIAD_E_UNAVAILABLE);
  EXPECT_THAT(failure.what(), AllOf(HasSubstr("unit 1"), HasSubstr("no answer within 50 ms")));
  EXPECT_EQ(host.seen().size(), 3u);
  EXPECT_EQ(value_of(host.last("meter/voltage")), 0.0);
  EXPECT_EQ(value_of(host.last("meter/relay")), false);
  EXPECT_EQ(value_of(host.last("meter/name")), "");
  EXPECT_EQ(host.last("meter/name").reading.quality, MYRIAD_BAD);
}

TEST(Plugin, BacksOffBetweenAttempts) {
  TestHost host;
  const Listener silent;
  auto config = meter(silent.port());
  config.merge_patch({{"timeout_ms", 10}, {"reconnect_min_ms", 60000}, {"reconnect_max_ms", 60000}});
  auto plugin = create(host, config);
  plugin.start();
  EXPECT_THROW(plugin.poll(), myriad::Failure);
  const auto requests = host.metrics().at("requests");
  const auto failure = failure_of([&] { plugin.poll(); });
  EXPECT_EQ(failure.status(), MYRIAD_E_UNAVAILABLE);
  EXPECT_THAT(failure.what(), AllOf(HasSubstr("no answer within 10 ms"), HasSubstr("next attempt in")));
  EXPECT_EQ(host.metrics().at("requests"), requests) << "nothing is sent during back-off";
  EXPECT_EQ(failure_of([&] {
              myriad::Batch batch;
              batch.add(host.point("meter/relay"), 0, true);
              plugin.write(batch);
            }).status(),
            MYRIAD_E_UNAVAILABLE);
}

TEST(Plugin, AConnectionThatDiedUnnoticedCostsNothing) {
  Server server(kMeter);
  TestHost host;
  auto plugin = create(host, meter(server.port()));
  plugin.start();
  plugin.poll();
  server.stop();
  server.start();
  host.clear();
  plugin.poll();
  EXPECT_EQ(host.seen().size(), 2u);
  EXPECT_EQ(host.last("meter/voltage").reading.quality, MYRIAD_GOOD);
  EXPECT_EQ(host.metrics().at("reconnects"), 1);
}

TEST(Plugin, CancelEndsAPollThatHangs) {
  const Listener silent;
  TestHost host;
  auto config = meter(silent.port());
  config["timeout_ms"] = 60000;
  auto plugin = create(host, config);
  plugin.start();
  auto polling = std::async(std::launch::async, [&] { return failure_of([&] { plugin.poll(); }).status(); });
  const int fd = silent.accept();
  char request[12];
  ASSERT_EQ(recv(fd, request, sizeof request, MSG_WAITALL), 12) << "the poll is under way";
  plugin.cancel();
  EXPECT_EQ(polling.get(), MYRIAD_E_CANCELLED);
  close(fd);
}

TEST(Plugin, CancelBeforeAPollEndsThatOneOnly) {
  const Server server(kMeter);
  TestHost host;
  auto plugin = create(host, meter(server.port()));
  plugin.start();
  plugin.cancel();
  EXPECT_EQ(failure_of([&] { plugin.poll(); }).status(), MYRIAD_E_CANCELLED);
  plugin.poll();
  EXPECT_EQ(value_of(host.last("meter/voltage")), 230.0);
}

TEST(Plugin, StartsAgainAfterStop) {
  const Server server(kMeter);
  TestHost host;
  auto plugin = create(host, meter(server.port()));
  for (int i = 0; i < 2; ++i) {
    plugin.start();
    plugin.poll();
    plugin.stop();
  }
  EXPECT_EQ(host.seen().size(), 4u);
}

TEST(Plugin, KeepsWhatTheHostCannotTakeYet) {
  const Server server(kMeter);
  TestHost host;
  auto plugin = create(host, meter(server.port()));
  plugin.start();
  plugin.poll();
  host.answer_publish(MYRIAD_E_AGAIN);
  const auto soon = std::chrono::system_clock::now() + std::chrono::seconds(1);
  const auto failure = failure_of(
      [&] { plugin.poll(std::chrono::duration_cast<std::chrono::nanoseconds>(soon.time_since_epoch()).count()); });
  EXPECT_EQ(failure.status(), MYRIAD_E_AGAIN);
  EXPECT_THAT(failure.what(), HasSubstr("2 readings wait"));
  host.answer_publish(MYRIAD_OK);
  plugin.poll();
  EXPECT_EQ(host.seen().size(), 6u) << "two before, the two that waited, and two new ones";
  EXPECT_GE(host.metrics().at("publish_again"), 1);
}

TEST(Plugin, APassedDeadlineIsATimeout) {
  const Server server(kMeter);
  TestHost host;
  auto plugin = create(host, meter(server.port()));
  plugin.start();
  EXPECT_EQ(failure_of([&] { plugin.poll(1); }).status(), MYRIAD_E_TIMEOUT);
}

TEST(Plugin, ReadsOnlyWhatIsAsked) {
  const Server server(kMeter);
  TestHost host;
  auto plugin = create(host, meter(server.port()));
  plugin.start();
  plugin.read({host.point("meter/relay")});
  ASSERT_EQ(host.seen().size(), 1u);
  EXPECT_EQ(host.seen()[0].point, "meter/relay");
}

TEST(Plugin, KeepsTheLastFiniteNumber) {
  const Server server(kMeter);
  TestHost host;
  auto config = meter(server.port());
  config["points"] = {
      {{"property", "value"}, {"table", "holding"}, {"address", 0}, {"type", "float32"}},
      {{"property", "raw"}, {"table", "holding"}, {"address", 0}, {"type", "uint16"}, {"writable", true}}};
  auto plugin = create(host, config);
  plugin.start();
  plugin.poll();
  myriad::Batch batch;
  batch.add(host.point("meter/raw"), 0, std::uint64_t{0x7FC0});
  plugin.write(batch);
  plugin.poll();
  EXPECT_EQ(host.last("meter/value").reading.quality, MYRIAD_BAD);
  EXPECT_EQ(value_of(host.last("meter/value")), 230.0);
}

TEST(Plugin, AnAbsentUnitBehindAGatewayLeavesTheOthersGood) {
  const Listener gateway;
  // Unit 2 is absent (exception 11); others answer one register of 7.
  auto serving = std::async(std::launch::async, [&] {
    const int fd = gateway.accept();
    std::uint8_t request[12];
    while (recv(fd, request, sizeof request, MSG_WAITALL) == 12) {
      std::vector<std::uint8_t> answer(request, request + 8);
      if (request[6] == 2) {
        answer[7] |= 0x80;
        answer.insert(answer.end(), {11});
      } else {
        answer.insert(answer.end(), {2, 0, 7});
      }
      answer[5] = static_cast<std::uint8_t>(answer.size() - 6);
      send(fd, answer.data(), answer.size(), MSG_NOSIGNAL);
    }
    close(fd);
  });
  {
    TestHost host;
    auto config = meter(gateway.port());
    config["points"] = json::array();
    for (int unit = 1; unit <= 3; ++unit)
      config["points"].push_back({{"property", "value"},
                                  {"table", "holding"},
                                  {"address", 0},
                                  {"type", "uint16"},
                                  {"unit_id", unit},
                                  {"thing", "unit" + std::to_string(unit)}});
    auto plugin = create(host, config);
    plugin.start();
    plugin.poll();
    EXPECT_EQ(value_of(host.last("unit1/value")), 7u);
    EXPECT_EQ(host.last("unit2/value").reading.quality, MYRIAD_BAD);
    EXPECT_EQ(value_of(host.last("unit3/value")), 7u);
    EXPECT_THAT(host.logs(), ::testing::Contains(HasSubstr("Target device failed to respond")));
  }
  serving.get();
}

TEST(Plugin, RefusesDescriptorsThatLibmodbusCannotWatch) {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  const rlimit before = limit;
  limit.rlim_cur = 1100;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
  const Server server(kMeter);
  std::vector<int> taken;
  while (taken.empty() || taken.back() < 1024) taken.push_back(dup(STDIN_FILENO));
  TestHost host;
  auto plugin = create(host, meter(server.port()));
  plugin.start();
  const auto failure = failure_of([&] { plugin.poll(); });
  for (const int fd : taken) close(fd);
  setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_EQ(failure.status(), MYRIAD_E_UNAVAILABLE);
  EXPECT_THAT(failure.what(), HasSubstr("no file descriptor below 1024 is free"));
  poll_until_up(plugin);
}

TEST(Plugin, ReadsASerialLine) {
  const Folder folder;
  const auto ours = (folder.path() / "ours").string(), theirs = (folder.path() / "theirs").string();
  std::ofstream(folder.path() / "model.json") << json{
      {"units", {{"1", {{"holding", {{"0", {17254, 0}}}}, {"coil", {{"3", 0}}}}}, {"2", {{"input", {{"0", 5}}}}}}}};
  const Process line({"/usr/bin/socat", "pty,raw,echo=0,link=" + ours, "pty,raw,echo=0,link=" + theirs});
  while (!std::filesystem::exists(ours) || !std::filesystem::exists(theirs)) std::this_thread::yield();
  const Process server({"/usr/bin/python3", PLUGIN_DIR "/testing/server.py", (folder.path() / "model.json").string(),
                        "--serial", theirs});
  EXPECT_EQ(server.line(), theirs);

  TestHost host;
  auto config = meter(1);
  config.merge_patch({{"transport", "rtu"}, {"device", ours}, {"parity", "none"}, {"retries", 0}});
  config["points"].push_back({{"property", "value"},
                              {"table", "input"},
                              {"address", 0},
                              {"type", "uint16"},
                              {"unit_id", 2},
                              {"thing", "second"}});
  config["points"].push_back({{"property", "value"},
                              {"table", "input"},
                              {"address", 0},
                              {"type", "uint16"},
                              {"unit_id", 9},
                              {"thing", "absent"}});
  auto plugin = create(host, config);
  plugin.start();
  plugin.poll();
  EXPECT_EQ(value_of(host.last("meter/voltage")), 230.0);
  EXPECT_EQ(value_of(host.last("second/value")), 5u);
  EXPECT_EQ(host.last("absent/value").reading.quality, MYRIAD_BAD);
  myriad::Batch batch;
  batch.add(host.point("meter/relay"), 0, true);
  plugin.write(batch);
  EXPECT_EQ(value_of(host.last("meter/relay")), true);
  plugin.poll();
  EXPECT_EQ(value_of(host.last("meter/relay")), true);
}

TEST(Plugin, ASerialPortThatIsNotThereIsUnavailable) {
  TestHost host;
  auto config = meter(1);
  config.merge_patch({{"transport", "rtu"}, {"device", "/dev/tty_not_there"}});
  auto plugin = create(host, config);
  plugin.start();
  const auto failure = failure_of([&] { plugin.poll(); });
  EXPECT_EQ(failure.status(), MYRIAD_E_UNAVAILABLE);
  EXPECT_THAT(failure.what(), AllOf(HasSubstr("/dev/tty_not_there"), HasSubstr("No such file")));
}

}  // namespace
}  // namespace modbus::testing
