#include "edge/head.h"

#include <gtest/gtest.h>

namespace myriad::edge {
namespace {

using namespace std::string_literals;

// What becomes of bytes that arrive at once: 200 for a good head, 0 for one that is not whole.
int status_of(const std::string& bytes) {
  const HeadEnd end = find_head(bytes, 0, 16 * 1024);
  if (end.refusal) return end.refusal->status;
  if (end.size == 0) return 0;
  const auto parsed = parse_head(std::string_view(bytes).substr(0, end.size));
  if (const auto* why = std::get_if<Refusal>(&parsed)) return why->status;
  return 200;
}

std::string get(const std::string& fields) {
  return "GET / HTTP/1.1\r\n" + fields + "\r\n";
}

TEST(Head, JudgesRequests) {
  struct Case {
    const char* name;
    std::string bytes;
    int status;
  };
  const std::string host = "Host: a\r\n";
  const Case cases[] = {
      {"plain", get(host), 200},
      {"1.0 without Host", "GET / HTTP/1.0\r\n\r\n", 200},
      {"OPTIONS *", "OPTIONS * HTTP/1.1\r\n" + host + "\r\n", 200},
      {"unknown method", "BREW /pot HTTP/1.1\r\n" + host + "\r\n", 200},
      {"value with UTF-8", get(host + "X: é\r\n"), 200},
      {"empty value", get(host + "X:\r\n"), 200},
      {"IPv6 Host", get("Host: [::1]:80\r\n"), 200},
      {"not whole", "GET / HTTP/1.1\r\nHost: a\r\n", 0},
      {"nothing", "", 0},

      {"no Host", get(""), 400},
      {"two Hosts", get(host + host), 400},
      {"empty Host", get("Host:\r\n"), 400},
      {"Host with path", get("Host: a/b\r\n"), 400},
      {"Host with user", get("Host: u@a\r\n"), 400},
      {"Host list", get("Host: a, b\r\n"), 400},
      {"two equal Content-Lengths", get(host + "Content-Length: 1\r\nContent-Length: 1\r\n"), 400},
      {"Content-Length list", get(host + "Content-Length: 1, 1\r\n"), 400},
      {"Content-Length with sign", get(host + "Content-Length: +1\r\n"), 400},
      {"Content-Length below 0", get(host + "Content-Length: -1\r\n"), 400},
      {"Content-Length in hex", get(host + "Content-Length: 0x10\r\n"), 400},
      {"empty Content-Length", get(host + "Content-Length:\r\n"), 400},
      {"Content-Length past 64 bits", get(host + "Content-Length: 18446744073709551616\r\n"), 413},
      {"Content-Length and Transfer-Encoding", get(host + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n"), 400},
      {"Transfer-Encoding and Content-Length", get(host + "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n"), 400},
      {"two Transfer-Encodings", get(host + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), 400},
      {"gzip, chunked", get(host + "Transfer-Encoding: gzip, chunked\r\n"), 501},
      {"identity", get(host + "Transfer-Encoding: identity\r\n"), 501},
      {"vertical tab before chunked", get(host + "Transfer-Encoding: \vchunked\r\n"), 400},
      {"Transfer-Encoding in 1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
      {"Expect something", get(host + "Expect: miracles\r\n"), 417},

      {"lone LF", "GET / HTTP/1.1\nHost: a\n\n", 400},
      {"bare CR in value", get("Host: a\rb\r\n"), 400},
      {"NUL in value", get(host + "X: a\0b\r\n"s), 400},
      {"NUL in target", "GET /\0 HTTP/1.1\r\n"s + host + "\r\n", 400},
      {"DEL in value", get(host + "X: \x7f\r\n"), 400},
      {"obs-fold", get(host + "X: a\r\n b\r\n"), 400},
      {"space before colon", get(host + "X : a\r\n"), 400},
      {"no colon", get(host + "X\r\n"), 400},
      {"no name", get(host + ": a\r\n"), 400},
      {"UTF-8 name", get(host + "é: a\r\n"), 400},

      {"absolute form", "GET http://a/ HTTP/1.1\r\n" + host + "\r\n", 400},
      {"authority form", "CONNECT a:80 HTTP/1.1\r\n" + host + "\r\n", 400},
      {"GET *", "GET * HTTP/1.1\r\n" + host + "\r\n", 400},
      {"no target", "GET HTTP/1.1\r\n" + host + "\r\n", 400},
      {"empty target", "GET  HTTP/1.1\r\n" + host + "\r\n", 400},
      {"space in target", "GET /a b HTTP/1.1\r\n" + host + "\r\n", 400},
      {"fragment", "GET /#a HTTP/1.1\r\n" + host + "\r\n", 400},
      {"broken percent", "GET /%2 HTTP/1.1\r\n" + host + "\r\n", 400},
      {"UTF-8 target", "GET /é HTTP/1.1\r\n" + host + "\r\n", 400},
      {"long target", "GET /" + std::string(target_limit, 'a') + " HTTP/1.1\r\n" + host + "\r\n", 414},
      {"endless target", "GET /" + std::string(20'000, 'a'), 414},
      {"method no token", "G(T / HTTP/1.1\r\n" + host + "\r\n", 400},
      {"leading space", " GET / HTTP/1.1\r\n" + host + "\r\n", 400},
      {"HTTP/2.0", "PRI * HTTP/2.0\r\n\r\n", 505},
      {"HTTP/1.2", "GET / HTTP/1.2\r\n" + host + "\r\n", 505},
      {"HTTP/0.9", "GET /\r\n\r\n", 400},
      {"lower case version", "GET / http/1.1\r\n" + host + "\r\n", 400},
      {"TLS", "\x16\x03\x01\x02", 400},
      {"NUL first", "\0"s, 400},
      {"endless fields", get(host + "X: " + std::string(20'000, 'a')), 431},
      {"too many fields",
       get(host +
           [] {
             std::string many;
             for (int i = 0; i < 101; ++i) many += "X: 1\r\n";
             return many;
           }()),
       431},
  };
  for (const auto& c : cases) EXPECT_EQ(status_of(c.bytes), c.status) << c.name;
}

TEST(Head, FindsTheSameEndHoweverItArrives) {
  const std::string bytes = "GET / HTTP/1.1\r\nHost: a\r\n\r\nrest";
  std::size_t seen = 0;
  for (std::size_t n = 1; n <= bytes.size(); ++n) {
    const HeadEnd end = find_head(std::string_view(bytes).substr(0, n), seen, 1024);
    ASSERT_FALSE(end.refusal) << n;
    EXPECT_EQ(end.size, n >= bytes.size() - 4 ? bytes.size() - 4 : 0) << n;
    if (end.size) break;
    seen = n;
  }
}

RequestHead parsed(std::string_view text) {
  auto result = parse_head(text);
  if (const auto* why = std::get_if<Refusal>(&result)) ADD_FAILURE() << why->reason;
  return std::holds_alternative<RequestHead>(result) ? std::get<RequestHead>(result) : RequestHead{};
}

TEST(Head, TellsWhatTheFieldsSay) {
  const auto head = parsed(
      "PUT /a?b=c%20d HTTP/1.1\r\nhost: a\r\nContent-Length: 007\r\nConnection: foo , CLOSE\r\nExpect: 100-Continue\r\n"
      "Accept:  x \r\n\r\n");
  EXPECT_EQ(head.head.method, "PUT");
  EXPECT_EQ(head.head.target, "/a?b=c%20d");
  EXPECT_EQ(head.content_length, 7u);
  EXPECT_TRUE(head.close && head.expects_continue && !head.chunked && !head.http_1_0);
  EXPECT_EQ(head.head.field("ACCEPT"), "x");
  EXPECT_EQ(head.head.field("Missing"), std::nullopt);
  EXPECT_TRUE(parsed("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n").chunked);
  EXPECT_TRUE(parsed("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").close);
}

TEST(Head, HandsOverAWholeBodysHead) {
  EXPECT_EQ(
      plain_head("POST / HTTP/1.1\r\nHost: a\r\ntransfer-encoding: chunked\r\nExpect: 100-continue\r\nX: y\r\n\r\n", 5),
      "POST / HTTP/1.1\r\nHost: a\r\nX: y\r\nContent-Length: 5\r\n\r\n");
}

TEST(Head, ShowsNothingHostileInReasons) {
  const auto result = parse_head("GET /\x1b[31m\x80 HTTP/1.1\r\n\r\n");
  for (const char c : std::get<Refusal>(result).reason) EXPECT_FALSE(static_cast<unsigned char>(c) < 0x20);
}

}  // namespace
}  // namespace myriad::edge
