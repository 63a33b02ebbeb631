// One accepted socket, plain or under TLS, with the same calls for both. The I/O thread's.
//
// One read and one write may be under way at once. Each call is awaited at once, and tells failure by `error`.
#pragma once

#include <utility>  // before awaitable.hpp: Boost 1.74 forgets it there

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <optional>
#include <string>

namespace myriad::edge {

class Transport {
 public:
  using tcp = boost::asio::ip::tcp;
  using error_code = boost::system::error_code;

  // `tls`: null for a plain connection.
  Transport(tcp::socket socket, boost::asio::ssl::context* tls);
  Transport(const Transport&) = delete;  // the TLS stream points to the socket

  bool is_tls() const { return tls_.has_value(); }
  std::string peer() const;  // "127.0.0.1:51234", "[::1]:51234"

  boost::asio::awaitable<void> handshake(error_code& error);
  boost::asio::awaitable<std::size_t> read_some(boost::asio::mutable_buffer into, error_code& error);
  boost::asio::awaitable<std::size_t> write_some(boost::asio::const_buffer from, error_code& error);

  // Says goodbye, and waits for the client to close: an answer is lost when its socket is closed over unread bytes.
  boost::asio::awaitable<void> linger();
  // Once the handshake has shown that the client speaks plain HTTP: leave TLS, so that it can be told.
  void speak_plainly() { tls_.reset(); }

  void cancel();  // what is under way fails with operation_aborted
  void close();

 private:
  tcp::socket socket_;
  std::optional<boost::asio::ssl::stream<tcp::socket&>> tls_;
};

}  // namespace myriad::edge
