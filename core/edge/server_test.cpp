#include "edge/server.h"

#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <thread>

#include "edge/test_server.h"

namespace myriad::edge {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using EdgeServer = ServerTest;

TEST_F(EdgeServer, AnswersAndKeepsTheConnection) {
  start();
  auto c = client();
  for (int i = 0; i < 3; ++i) {
    c.send(post("Content-Length: 5\r\n", "hello"));
    EXPECT_EQ(body_of(c.read_answer()), "POST /echo hello");
  }
  EXPECT_EQ(server_->stats().connections, 1u);
  EXPECT_EQ(server_->stats().requests, 3u);
}

TEST_F(EdgeServer, ClosesWhenAskedTo) {
  start();
  for (const char* request : {"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "GET / HTTP/1.0\r\n\r\n",
                              "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"}) {
    auto c = client();
    c.send(request);
    const auto all = c.read_all();
    EXPECT_TRUE(all.starts_with("HTTP/1.1 200 ")) << request;
    EXPECT_NE(all.find("Connection: close\r\n"), std::string::npos) << request;
  }
}

TEST_F(EdgeServer, AnswersPipelinedRequestsInOrder) {
  start();
  auto c = client();
  std::string requests;
  for (int i = 0; i < 20; ++i) requests += get("/echo/" + std::to_string(i)) + "\r\n";  // with a stray empty line
  c.send(requests);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(body_of(c.read_answer()), "GET /echo/" + std::to_string(i) + " ");
}

TEST_F(EdgeServer, TakesARequestByteByByte) {
  start();
  auto c = client();
  for (const char byte : post("Transfer-Encoding: chunked\r\n", "3;x\r\nabc\r\n2\r\nde\r\n0\r\nT: 1\r\n\r\n"))
    ASSERT_TRUE(c.send({&byte, 1}));
  EXPECT_EQ(body_of(c.read_answer()), "POST /echo abcde");
}

TEST_F(EdgeServer, HandsOverAChunkedBodyAsAPlainOne) {
  start();
  auto c = client();
  c.send("POST /head HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
  EXPECT_EQ(body_of(c.read_answer()), "POST /head HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n");
}

TEST_F(EdgeServer, AnswersHeadWithoutABody) {
  start();
  auto c = client();
  c.send("HEAD /echo HTTP/1.1\r\nHost: a\r\n\r\n" + get("/echo/after"));
  const auto head = c.read_answer(true);
  EXPECT_NE(head.find("Content-Length: 11"), std::string::npos) << head;
  EXPECT_EQ(body_of(head), "");
  EXPECT_EQ(body_of(c.read_answer()), "GET /echo/after ");
  c.send("HEAD /stream/10 HTTP/1.1\r\nHost: a\r\n\r\n" + get("/echo/after"));
  EXPECT_EQ(body_of(c.read_answer(true)), "");
  EXPECT_EQ(body_of(c.read_answer()), "GET /echo/after ") << "the stream was not started";
}

TEST_F(EdgeServer, RefusesHostileRequestsAndLives) {
  start();
  struct Case {
    const char* name;
    std::string bytes;
    int status;
  };
  const Case cases[] = {
      {"two Content-Lengths", post("Content-Length: 1\r\nContent-Length: 1\r\n", "a"), 400},
      {"Content-Length and Transfer-Encoding", post("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
       400},
      {"no Host", "GET / HTTP/1.1\r\n\r\n", 400},
      {"two Hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400},
      {"endless fields", "GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(1 << 20, 'a'), 431},
      {"endless target", "GET /" + std::string(1 << 20, 'a'), 414},
      {"huge Content-Length", post("Content-Length: 9223372036854775807\r\n"), 413},
      {"Content-Length past 64 bits", post("Content-Length: 99999999999999999999\r\n"), 413},
      {"endless chunked body", post("Transfer-Encoding: chunked\r\n", "ffffff\r\n" + std::string(4 << 20, 'a')), 413},
      {"bad chunk size", post("Transfer-Encoding: chunked\r\n", "zz\r\n"), 400},
      {"chunk size past 64 bits", post("Transfer-Encoding: chunked\r\n", "fffffffffffffffff\r\n"), 400},
      {"obs-fold", "GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n", 400},
      {"NUL bytes", "GET / HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n"s, 400},
      {"only NUL", std::string(100, '\0'), 400},
      {"absolute form", "GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"lone LF", "GET / HTTP/1.1\nHost: a\n\n", 400},
      {"TLS on a plain port", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400},
      {"HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
      {"unknown coding", post("Transfer-Encoding: gzip\r\n"), 501},
      {"unknown expectation", post("Expect: miracles\r\n"), 417},
  };
  for (const auto& c : cases) {
    auto raw = client();
    raw.send(c.bytes);
    const auto all = raw.read_all();
    EXPECT_TRUE(all.starts_with("HTTP/1.1 " + std::to_string(c.status) + " ")) << c.name << ": " << all.substr(0, 80);
    EXPECT_NE(all.find("Connection: close\r\n"), std::string::npos) << c.name;
    expect_alive(c.name);
  }
  EXPECT_EQ(server_->stats().refused, std::size(cases));
}

TEST_F(EdgeServer, CutsSlowClientsOff) {
  Limits limits;
  limits.head_deadline = 200ms;
  limits.body_deadline = 200ms;
  limits.idle_deadline = 200ms;
  start(limits);
  struct Case {
    const char* name;
    std::string start;
    const char* status;  // empty: closed without a word
  };
  const Case cases[] = {{"silent", "", ""},
                        {"head", "GET / HT", "HTTP/1.1 408 "},
                        {"trickling head", "G", "HTTP/1.1 408 "},
                        {"body", post("Content-Length: 10\r\n", "abc"), "HTTP/1.1 408 "},
                        {"chunked body", post("Transfer-Encoding: chunked\r\n", "3\r\na"), "HTTP/1.1 408 "}};
  for (const auto& c : cases) {
    auto raw = client();
    raw.send(c.start);
    while (std::string_view(c.name).starts_with("trickling") && raw.send("a") && raw.received().empty()) {
      pollfd nothing{-1, 0, 0};
      ::poll(&nothing, 1, 20);
      if (server_->stats().refused > 1) break;
    }
    EXPECT_TRUE(raw.read_all().starts_with(c.status)) << c.name;
  }
  expect_alive("slow clients");
}

TEST_F(EdgeServer, HonoursExpectContinue) {
  start();
  auto c = client();
  c.send(post("Content-Length: 3\r\nExpect: 100-continue\r\n"));
  ASSERT_TRUE(c.wait_for("\r\n\r\n"));
  EXPECT_EQ(c.received(), "HTTP/1.1 100 Continue\r\n\r\n");
  c.received().clear();
  c.send("abc");
  EXPECT_EQ(body_of(c.read_answer()), "POST /echo abc");

  auto refused = client();
  refused.send(post("Content-Length: 99999999\r\nExpect: 100-continue\r\n"));
  EXPECT_TRUE(refused.read_all().starts_with("HTTP/1.1 413 ")) << "no 100 for what will not be taken";
}

TEST_F(EdgeServer, SpoolsLongBodies) {
  Limits limits;
  limits.body_in_memory = 1000;
  start(limits);
  const std::string body(1 << 20, 'b');
  EXPECT_EQ(body_of(ask(post("Content-Length: " + std::to_string(body.size()) + "\r\n", body))), "POST /echo " + body);
}

TEST_F(EdgeServer, SurvivesClientsThatLeave) {
  start();
  for (int i = 0; i < 5; ++i) {
    client().send(post("Content-Length: 100\r\n", "only a part"));
    client().send(post("Transfer-Encoding: chunked\r\n", "ff\r\nonly a part"));
    client().send(get("/big"));
    client().send(get("/stream/100000000"));
  }
  expect_alive("clients that left");
  EXPECT_TRUE(handler_.wait_for_sources(0)) << "each stream is freed";
}

TEST_F(EdgeServer, AnswersAHandlerThatThrows) {
  start();
  EXPECT_TRUE(ask(get("/throw")).starts_with("HTTP/1.1 500 "));
  expect_alive("an exception");
}

TEST_F(EdgeServer, RefusesWhenTheQueueIsFull) {
  Limits limits;
  limits.workers = 1;
  limits.queue = 1;
  start(limits);
  std::vector<TestClient> clients;
  for (int i = 0; i < 2; ++i) {
    clients.push_back(client());
    clients.back().send(get("/block"));
    ASSERT_TRUE(handler_.wait_for_blocked(1));
    while (server_->stats().requests < static_cast<unsigned>(i + 1)) std::this_thread::yield();
  }
  const auto answer = ask(get("/alive"));
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 503 ")) << answer;
  EXPECT_NE(answer.find("Retry-After: 1\r\n"), std::string::npos);
  handler_.release();
  for (auto& c : clients) EXPECT_TRUE(c.read_answer().starts_with("HTTP/1.1 200 "));
}

TEST_F(EdgeServer, LetsTheOldestSilentClientGoForANewOne) {
  Limits limits;
  limits.connections = 10;
  start(limits);
  std::vector<TestClient> silent;
  for (int i = 0; i < 10; ++i) silent.push_back(client());
  for (int i = 0; i < 5; ++i) expect_alive("a full house");
  EXPECT_EQ(silent.front().read_all(), "") << "the oldest was closed";
}

TEST_F(EdgeServer, TurnsClientsAwayWhenAllOthersWork) {
  Limits limits;
  limits.connections = 2;
  start(limits);
  std::vector<TestClient> busy;
  for (int i = 0; i < 2; ++i) {
    busy.push_back(client());
    busy.back().send(get("/block"));
  }
  ASSERT_TRUE(handler_.wait_for_blocked(2));
  auto extra = client();
  const auto answer = extra.read_all();
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 503 ")) << answer;
  handler_.release();
}

TEST_F(EdgeServer, AnswersBesideManySlowClients) {
  Limits limits;
  limits.connections = 600;
  start(limits);
  std::vector<TestClient> slow;
  for (int i = 0; i < 500; ++i) {
    slow.push_back(client());
    if (i % 2) slow.back().send("G");
  }
  for (auto& c : slow) c.send("E");
  const auto begin = std::chrono::steady_clock::now();
  expect_alive("500 slow clients");
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
  RecordProperty("milliseconds", std::to_string(took.count()));
  std::cout << "a new request beside 500 slow clients: " << took.count() << " ms\n";
}

TEST_F(EdgeServer, NeverSharesItsPort) {
  start();
  Options same;
  same.port = server_->port();
  const auto second = Server::start(same, handler_, Log::none());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Code::conflict);
  EXPECT_NE(second.error().message.find("127.0.0.1:" + std::to_string(same.port)), std::string::npos)
      << second.error().message;
  same.host = "no.such.host.invalid";
  EXPECT_FALSE(Server::start(same, handler_, Log::none()));
}

TEST_F(EdgeServer, StopsAmidEverything) {
  start();
  auto idle = client(), half = client(), busy = client(), streaming = client();
  half.send("GET / HT");
  busy.send(get("/block"));
  streaming.send(get("/ticks"));
  ASSERT_TRUE(streaming.wait_for("tick"));
  ASSERT_TRUE(handler_.wait_for_blocked(1));
  auto stopped = std::async(std::launch::async, [&] { server_->stop(10s); });
  EXPECT_EQ(idle.read_all(), "");
  streaming.read_all();
  half.send("TP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_NE(half.read_all().find("Connection: close"), std::string::npos) << "a request under way is finished";
  handler_.release();
  EXPECT_TRUE(busy.read_all().starts_with("HTTP/1.1 200 ")) << "a running handler is waited for";
  EXPECT_EQ(stopped.wait_for(5s), std::future_status::ready);
  EXPECT_TRUE(handler_.wait_for_sources(0));
  handler_.tick();  // a wake after the end
  server_.reset();
  handler_.tick();
}

TEST_F(EdgeServer, CutsOffWhatOutlastsTheDrain) {
  start();
  auto slow = client();
  slow.send("GET / HT");
  auto reader = TestClient(server_->port(), 4096);
  reader.send(get("/stream/100000000"));
  ASSERT_TRUE(reader.wait_for("\r\n\r\n"));
  server_->stop(50ms);
  EXPECT_EQ(server_->stats().open, 0u);
  EXPECT_TRUE(handler_.wait_for_sources(0));
}

}  // namespace
}  // namespace myriad::edge
