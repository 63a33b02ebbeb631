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
  std::size_t queue = 256;                        // requests that wait for a worker; past it: 503
  std::size_t slowest = 4 * 1024;                 // bytes a second that a long body or answer must keep up with
};

struct Options {
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;                                 // 0: a free one
  std::optional<std::filesystem::path> certificate, key;  // both: TLS 1.2 and up
  Limits limits;
  std::filesystem::path spool = "/tmp";  // folder for long bodies, as unlinked files
};

// What one connection remembers between requests; the handler may keep a verified token here.
struct Connection {
  std::string peer;  // "127.0.0.1:51234"
  bool tls = false;
  std::shared_ptr<void> memo;  // the handler's own
};

struct Head {
  std::string_view method, target;  // as sent; the target is in origin form
  // The whole head, checked, with its final empty line. What the edge has dealt with is not in it: Expect is gone, and
  // a chunked body is whole, with its Content-Length.
  std::string_view text;
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
  // Throws when the rest cannot be had: the connection is cut off, so that the client sees no proper end.
  virtual Piece next(std::size_t about) = 0;
};

struct Answer {
  // Status line, fields, body. A stream without Content-Length is chunked by the edge, which adds the field. The body
  // is left out when the request was HEAD, and a stream is then not started.
  std::string bytes;
  std::shared_ptr<Source> stream;  // null: the answer is complete
  bool close = false;
};

class Handler {
 public:
  virtual ~Handler() = default;
  // On an I/O thread, before the body is read: how many bytes of body this request may have. Must not block.
  virtual std::size_t body_limit(const Head&) = 0;
  // On a worker thread; may block. On an I/O thread when is_quick() said so; must not block then.
  virtual Answer handle(const Request&) = 0;
  // On an I/O thread: will handle() answer this from memory, within microseconds? Passing a request to a worker and its
  // answer back costs more than such an answer itself.
  virtual bool is_quick(const Head&) { return false; }
  // On an I/O thread: the answer when the edge refuses by itself (400, 408, 413, 414, 417, 431, 500, 501, 503, 505,
  // 507): status line, fields with Content-Length, body. The edge adds Connection: close and Retry-After.
  virtual std::string refuse(int status, std::string_view reason) = 0;
};

class Server {
 public:
  // Binds and listens (never sharing the port) and serves until stop(). `handler` outlives the server. Errors name
  // host:port or the file at fault.
  static Result<std::unique_ptr<Server>> start(Options, Handler& handler, Log log);
  virtual ~Server() = default;
  virtual std::uint16_t port() const = 0;
  // Takes no new connection, ends streams, lets running requests finish until `drain` has passed, cuts off the rest,
  // and joins. Only a handler that does not return can make it last longer.
  virtual void stop(std::chrono::milliseconds drain) = 0;
  struct Stats {
    std::uint64_t connections = 0, open = 0;  // since the start; now
    std::uint64_t requests = 0, refused = 0;  // handed to the handler; answered by the edge itself
  };
  virtual Stats stats() const = 0;
};

}  // namespace myriad::edge
