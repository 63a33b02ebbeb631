// One client's connection from its first byte to its last: reads requests strictly one after another, has each
// answered, writes the answer or its stream. A coroutine on the I/O thread; only the handler runs elsewhere.
//
// serve() keeps the connection alive until it returns. Every other member function is the I/O thread's.
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "edge/answer.h"
#include "edge/body.h"
#include "edge/head.h"
#include "edge/server.h"
#include "edge/transport.h"
#include "edge/workers.h"

namespace myriad::edge {

// What the connections of a server share. The I/O thread's, save what is thread-safe by itself.
struct Shared {
  const std::shared_ptr<boost::asio::io_context> io;  // shared, since a Source's `wake` may outlive the server
  Handler& handler;
  const Limits limits;
  const std::filesystem::path spool;
  const Log log;
  Workers workers;
  bool stopping = false;
  std::atomic<std::uint64_t> requests{0}, refused{0};
};

class ClientConnection : public std::enable_shared_from_this<ClientConnection> {
 public:
  using Clock = std::chrono::steady_clock;
  template <class T>
  using awaitable = boost::asio::awaitable<T>;

  ClientConnection(Shared& shared, Transport::tcp::socket socket, boost::asio::ssl::context* tls);

  static awaitable<void> serve(std::shared_ptr<ClientConnection> self);

  void check_deadline(Clock::time_point now);
  bool is_waiting() const;  // no request of its own is whole yet: the first to go when there are too many
  Clock::time_point since() const { return since_; }
  void finish();  // the server stops: leave now if nothing is under way
  void abort();   // now, whatever is under way

 private:
  enum class Phase : std::uint8_t { handshake, waiting, head, body, handling, writing, streaming, leaving };

  awaitable<bool> open();
  awaitable<bool> serve_request();
  awaitable<bool> read_head();
  awaitable<bool> read_body();
  awaitable<bool> read_counted();
  awaitable<bool> read_chunked(std::size_t limit);
  awaitable<Answer> ask();
  awaitable<Answer> run_handler();
  awaitable<bool> send(Answer answer);
  awaitable<bool> send_stream(Answer answer, bool keep);
  awaitable<bool> pump(Source& source, StreamFraming framing, std::string out);
  awaitable<bool> wait_for_wake();
  static awaitable<void> watch(std::shared_ptr<ClientConnection> self);
  awaitable<void> end_watch();
  awaitable<void> leave();

  awaitable<bool> fill(std::size_t about);        // reads more into in_
  awaitable<bool> write(std::string_view bytes);  // all of them
  bool take_head(std::size_t size);
  bool take_body(std::string_view bytes);
  bool finish_body();
  bool take_piece(std::string_view bytes, StreamFraming& framing, std::string& out);
  Answer call_handler();
  Answer refused(const Refusal& why);
  bool refuse(int status, std::string reason);
  std::function<void()> waker();
  void wake();

  void enter(Phase phase, std::chrono::milliseconds allowance);
  void allow(std::chrono::milliseconds allowance);
  void allow_forever() { deadline_ = Clock::time_point::max(); }
  void progress(std::size_t bytes);  // so many since allow()

  Shared& shared_;
  Transport transport_;
  const std::shared_ptr<Connection> memo_;

  Phase phase_ = Phase::waiting;
  Clock::time_point since_;               // in this phase
  Clock::time_point deadline_, allowed_;  // when time is up; the same as allow() set it
  std::chrono::milliseconds allowance_{0};
  bool expired_ = false, aborted_ = false;
  bool dead_ = false;  // nothing can be told to the client any more

  std::string in_;         // received, not yet taken
  std::string head_text_;  // request_ views into it
  RequestHead request_;
  bool head_only_ = false;  // the method is HEAD
  Body body_;
  std::string_view body_view_;
  std::optional<Refusal> refusal_;

  boost::asio::steady_timer wake_;  // a stream waits here
  bool woken_ = false, gone_ = false, watching_ = false, watch_over_ = true;
};

}  // namespace myriad::edge
