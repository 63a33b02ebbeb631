#include "edge/transport.h"

#include <array>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace myriad::edge {

namespace asio = boost::asio;
using asio::redirect_error;
using asio::use_awaitable;

Transport::Transport(tcp::socket socket, asio::ssl::context* tls) : socket_(std::move(socket)) {
  error_code ignored;
  socket_.set_option(tcp::no_delay(true), ignored);
  if (tls) tls_.emplace(socket_, *tls);
}

std::string Transport::peer() const {
  error_code error;
  const auto end = socket_.remote_endpoint(error);
  if (error) return "unknown";
  const std::string address = end.address().to_string();
  return (end.address().is_v6() ? "[" + address + "]" : address) + ":" + std::to_string(end.port());
}

asio::awaitable<void> Transport::handshake(error_code& error) {
  return tls_->async_handshake(asio::ssl::stream_base::server, redirect_error(use_awaitable, error));
}

asio::awaitable<std::size_t> Transport::read_some(asio::mutable_buffer into, error_code& error) {
  if (tls_) return tls_->async_read_some(asio::mutable_buffer(into), redirect_error(use_awaitable, error));
  return socket_.async_read_some(asio::mutable_buffer(into), redirect_error(use_awaitable, error));
}

asio::awaitable<std::size_t> Transport::write_some(asio::const_buffer from, error_code& error) {
  if (tls_) return tls_->async_write_some(asio::const_buffer(from), redirect_error(use_awaitable, error));
  return socket_.async_write_some(asio::const_buffer(from), redirect_error(use_awaitable, error));
}

asio::awaitable<void> Transport::linger() {
  error_code error;
  if (tls_) co_await tls_->async_shutdown(redirect_error(use_awaitable, error));
  if (error == asio::error::operation_aborted) co_return;
  socket_.shutdown(tcp::socket::shutdown_send, error);
  std::array<char, 4096> unread;
  while (!error) co_await socket_.async_read_some(asio::buffer(unread), redirect_error(use_awaitable, error));
}

void Transport::cancel() {
  error_code ignored;
  socket_.cancel(ignored);
}

void Transport::close() {
  error_code ignored;
  socket_.close(ignored);
}

}  // namespace myriad::edge
