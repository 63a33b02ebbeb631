// Answers for tests: /echo repeats the request, /head its head, /block waits for release(), /stream/N sends N bytes,
// /ticks one "tick" for each tick(), /sized as long as its Content-Length says, /throw fails, /peer names the client,
// /big is 32 MB.
#pragma once

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

#include "edge/server.h"

namespace myriad::edge {

class TestHandler final : public Handler {
 public:
  static constexpr std::size_t body_max = std::size_t{2} << 20;

  std::size_t body_limit(const Head&) override { return body_max; }
  std::string refuse(int status, std::string_view reason) override {
    return text("HTTP/1.1 " + std::to_string(status) + " Refused", reason);
  }
  Answer handle(const Request& request) override {
    const std::string target(request.head.target);
    if (target == "/head") return {ok(request.head.text), nullptr, false};
    if (target == "/peer")
      return {ok(request.connection->peer + (request.connection->tls ? " tls" : "")), nullptr, false};
    if (target == "/throw") throw std::runtime_error("thrown on purpose");
    if (target == "/big") return {ok(std::string(std::size_t{32} << 20, 'b')), nullptr, false};
    if (target == "/block") block();
    if (target.starts_with("/stream/"))
      return {head(""), std::make_shared<Bytes>(*this, std::stoul(target.substr(8))), false};
    if (target == "/sized") return {head("Content-Length: 100000\r\n"), std::make_shared<Bytes>(*this, 100'000), false};
    if (target == "/ticks") return {head(""), std::make_shared<Ticks>(*this), false};
    return {ok(std::string(request.head.method) + " " + target + " " + std::string(request.body)), nullptr, false};
  }

  void release() {
    const std::lock_guard lock(mutex_);
    released_ = true;
    changed_.notify_all();
  }
  bool wait_for_blocked(int count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(20), [&] { return blocked_ >= count; });
  }
  bool wait_for_sources(int count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(20), [&] { return sources_ == count; });
  }
  void tick() {
    const std::lock_guard lock(mutex_);
    ++ticks_;
    for (const auto& wake : wakes_) wake();
  }
  std::size_t most_pulled() const { return pulled_; }

 private:
  class Counted : public Source {
   public:
    explicit Counted(TestHandler& handler) : handler_(handler) { handler_.count(1); }
    ~Counted() override { handler_.count(-1); }

   protected:
    TestHandler& handler_;
  };
  class Bytes final : public Counted {
   public:
    Bytes(TestHandler& handler, std::size_t size) : Counted(handler), left_(size) {}
    void start(std::function<void()>) override {}
    Piece next(std::size_t about) override {
      const auto n = std::min(about, left_);
      left_ -= n;
      handler_.pulled_ += n;
      return {std::string(n, 's'), left_ == 0};
    }

   private:
    std::size_t left_;
  };
  class Ticks final : public Counted {
   public:
    using Counted::Counted;
    void start(std::function<void()> wake) override {
      const std::lock_guard lock(handler_.mutex_);
      handler_.wakes_.push_back(std::move(wake));
    }
    Piece next(std::size_t) override {
      const std::lock_guard lock(handler_.mutex_);
      std::string out;
      for (; sent_ <= handler_.ticks_; ++sent_) out += "tick\n";
      return {out, handler_.ticks_ >= 1'000};
    }

   private:
    int sent_ = 0;
  };

  static std::string text(const std::string& status_line, std::string_view body) {
    return status_line + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
  }
  static std::string ok(std::string_view body) { return text("HTTP/1.1 200 OK", body); }
  static std::string head(const std::string& fields) { return "HTTP/1.1 200 OK\r\n" + fields + "\r\n"; }

  void block() {
    std::unique_lock lock(mutex_);
    ++blocked_;
    changed_.notify_all();
    changed_.wait(lock, [&] { return released_; });
  }
  void count(int by) {
    const std::lock_guard lock(mutex_);
    sources_ += by;
    changed_.notify_all();
  }

  std::mutex mutex_;  // guards all below but pulled_
  std::condition_variable changed_;
  bool released_ = false;
  int blocked_ = 0, sources_ = 0, ticks_ = 0;
  std::vector<std::function<void()>> wakes_;
  std::atomic<std::size_t> pulled_{0};
};

}  // namespace myriad::edge
