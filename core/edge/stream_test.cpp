#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "edge/chunked.h"
#include "edge/test_server.h"

namespace myriad::edge {
namespace {

using namespace std::chrono_literals;
using EdgeStream = ServerTest;

// Reads one chunked answer; what follows it stays in the client.
std::string read_stream(TestClient& c) {
  if (!c.wait_for("\r\n\r\n")) return "no head";
  const auto head = c.received().substr(0, c.received().find("\r\n\r\n") + 4);
  EXPECT_NE(head.find("Transfer-Encoding: chunked\r\n"), std::string::npos) << head;
  c.received().erase(0, head.size());
  ChunkDecoder decoder;
  std::string body;
  for (;;) {
    if (c.received().empty() && !c.receive()) return body + " cut off";
    const auto step = decoder.step(c.received());
    body.append(step.data);
    c.received().erase(0, step.consumed);
    if (step.state != ChunkDecoder::State::more) return body;
  }
}

TEST_F(EdgeStream, IsChunkedAndKeepsTheConnection) {
  start();
  auto c = client();
  c.send(get("/stream/1000000") + get("/echo/pipelined"));
  EXPECT_EQ(read_stream(c), std::string(1'000'000, 's'));
  EXPECT_EQ(body_of(c.read_answer()), "GET /echo/pipelined ");
  c.send(get("/stream/1"));
  EXPECT_EQ(read_stream(c), "s");
  EXPECT_EQ(server_->stats().connections, 1u);
}

TEST_F(EdgeStream, HasALengthWhenItsHeadSaysSo) {
  start();
  auto c = client();
  c.send(get("/sized") + get("/echo/after"));
  EXPECT_EQ(body_of(c.read_answer()), std::string(100'000, 's'));
  EXPECT_EQ(body_of(c.read_answer()), "GET /echo/after ");
}

TEST_F(EdgeStream, EndsWithTheConnectionForAnOldClient) {
  start();
  auto c = client();
  c.send("GET /stream/100000 HTTP/1.0\r\n\r\n");
  const auto all = c.read_all();
  EXPECT_EQ(all.find("Transfer-Encoding"), std::string::npos);
  EXPECT_EQ(body_of(all), std::string(100'000, 's'));
}

TEST_F(EdgeStream, IsWokenFromAnyThread) {
  start();
  auto c = client();
  c.send(get("/ticks"));
  ASSERT_TRUE(c.wait_for("tick"));
  std::thread([&] {
    for (int i = 0; i < 1'000; ++i) handler_.tick();
  }).join();
  std::string expected;
  for (int i = 0; i <= 1'000; ++i) expected += "tick\n";
  EXPECT_EQ(read_stream(c), expected);
}

TEST_F(EdgeStream, IsFreedWhenTheClientLeaves) {
  start();
  std::vector<TestClient> clients;
  for (int i = 0; i < 10; ++i) {
    clients.push_back(client());
    clients.back().send(get("/ticks"));
    ASSERT_TRUE(clients.back().wait_for("tick"));
  }
  for (auto& c : clients) c.close();
  EXPECT_TRUE(handler_.wait_for_sources(0)) << "though nothing more was written";
  handler_.tick();
  expect_alive("clients that left their streams");
}

TEST_F(EdgeStream, WaitsForASlowReaderInBoundedMemoryAndCutsOffAStalledOne) {
  Limits limits;
  limits.write_stall = 300ms;
  start(limits);
  auto c = TestClient(server_->port(), 4096);
  c.send(get("/stream/1000000000"));
  ASSERT_TRUE(c.wait_for("\r\n\r\n"));
  EXPECT_TRUE(handler_.wait_for_sources(0)) << "a client that takes nothing is cut off";
  EXPECT_LT(handler_.most_pulled(), std::size_t{16} << 20) << "only what the sockets hold was pulled";
}

TEST_F(EdgeStream, HoldsNoWorker) {
  Limits limits;
  limits.workers = 1;
  start(limits);
  std::vector<TestClient> clients;
  for (int i = 0; i < 50; ++i) {
    clients.push_back(client());
    clients.back().send(get("/ticks"));
    ASSERT_TRUE(clients.back().wait_for("tick"));
  }
  expect_alive("50 streams");
}

}  // namespace
}  // namespace myriad::edge
