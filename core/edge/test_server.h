// What the tests of the server start from.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "edge/server.h"
#include "edge/test_client.h"
#include "edge/test_handler.h"

namespace myriad::edge {

inline std::string post(const std::string& fields, const std::string& body = "") {
  return "POST /echo HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n" + body;
}
inline std::string get(const std::string& target, const std::string& fields = "") {
  return "GET " + target + " HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n";
}
inline std::string body_of(const std::string& answer) {
  const auto end = answer.find("\r\n\r\n");
  return end == std::string::npos ? "" : answer.substr(end + 4);
}

class ServerTest : public ::testing::Test {
 protected:
  void start(Limits limits = {}) {
    Options options;
    options.limits = limits;
    start(std::move(options));
  }
  void start(Options options) {
    auto started = Server::start(std::move(options), handler_, Log::none());
    ASSERT_TRUE(started) << started.error().message;
    server_ = *std::move(started);
  }
  TestClient client() { return TestClient(server_->port()); }
  std::string ask(std::string_view request) {
    auto c = client();
    c.send(request);
    return c.read_answer();
  }
  void expect_alive(const std::string& after) { EXPECT_TRUE(ask(get("/alive")).starts_with("HTTP/1.1 200 ")) << after; }

  TestHandler handler_;
  std::unique_ptr<Server> server_;
};

}  // namespace myriad::edge
