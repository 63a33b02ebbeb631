// The HTTP/1.1 front: owns sockets, TLS, framing, deadlines and limits, and holds no thread per connection.
//
// A request is checked strictly (RFC 9112) and read whole before the handler sees it, on a worker thread; the answer,
// already serialised, is written asynchronously, optionally followed by a stream with back-pressure.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/log.h"
#include "base/result.h"

namespace myriad::edge {

struct Limits {
  std::size_t head_bytes = 16 * 1024;
  std::size_t body_in_memory = std::size_t{1} << 20;  // longer bodies are spooled to an unlinked file
  std::size_t connections = 1'000;
  std::chrono::milliseconds head_deadline{10'000};  // from the first byte to the whole head, slow or not
  std::chrono::milliseconds idle_deadline{60'000};  // kept-alive and silent
  std::chrono::milliseconds body_deadline{60'000};
  std::chrono::milliseconds write_stall{30'000};  // the client takes nothing for so long
  unsigned workers = 4;                           // threads that run the handler
};

struct Options {
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;                                 // 0: a free one
  std::optional<std::filesystem::path> certificate, key;  // both: TLS 1.2 and up
  Limits limits;
};

// What one connection remembers between requests; the handler may keep a verified token here.
struct Connection {
  std::string peer;  // "127.0.0.1:51234"
  bool tls = false;
  std::shared_ptr<void> memo;  // the handler's own
};

struct Head {
  std::string_view method, target;  // as sent; the target is in origin form
  std::string_view text;            // the whole head, checked, with its final empty line
  std::optional<std::string_view> field(std::string_view name) const;  // the first, by case-insensitive name
};

struct Request {
  Head head;
  std::string_view body;
  std::shared_ptr<Connection> connection;
};

// Bytes that follow the head of a streamed answer, pulled by the edge when the socket can take more.
class Source {
 public:
  virtual ~Source() = default;  // also when the client goes away
  struct Piece {
    std::string bytes;  // empty and !end: nothing now, `wake` will tell
    bool end = false;
  };
  // On an I/O thread: must not block. `wake` may be called from any thread, at any time, even after the end.
  virtual void start(std::function<void()> wake) = 0;
  virtual Piece next(std::size_t about) = 0;
};

struct Answer {
  std::string bytes;  // status line, fields, body; for a stream without Content-Length (the edge chunks it)
  std::shared_ptr<Source> stream;  // null: the answer is complete
  bool close = false;
};

class Handler {
 public:
  virtual ~Handler() = default;
  // On an I/O thread, before the body is read: how many bytes of body this request may have. Must not block.
  virtual std::size_t body_limit(const Head&) = 0;
  // On a worker thread; may block.
  virtual Answer handle(const Request&) = 0;
  // The answer when the edge refuses by itself (400, 408, 413, 414, 431, 501, 503): status line, fields and body.
  virtual std::string refuse(int status, std::string_view reason) = 0;
};

class Server {
 public:
  // Binds and listens (never sharing the port) and serves until stop(). `handler` outlives the server.
  static Result<std::unique_ptr<Server>> start(Options, Handler& handler, Log log);
  virtual ~Server() = default;
  virtual std::uint16_t port() const = 0;
  virtual void stop(std::chrono::milliseconds drain) = 0;  // finishes running requests, ends streams, joins
  struct Stats {
    std::uint64_t connections = 0, open = 0, requests = 0, refused = 0;
  };
  virtual Stats stats() const = 0;
};

}  // namespace myriad::edge
