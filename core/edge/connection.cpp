#include "edge/connection.h"

#include <openssl/err.h>
#include <openssl/sslerr.h>

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "edge/chunked.h"

namespace myriad::edge {

namespace asio = boost::asio;
using asio::redirect_error;
using asio::use_awaitable;
using std::chrono::milliseconds;
template <class T>
using awaitable = asio::awaitable<T>;
using error_code = boost::system::error_code;

namespace {

constexpr std::size_t head_read = 4 * 1024;
constexpr std::size_t body_read = 64 * 1024;
constexpr std::size_t write_size = 64 * 1024;
constexpr milliseconds farewell{2'000};

bool is_plain_http(const error_code& error) {
  return error.category() == asio::error::get_ssl_category() &&
         ERR_GET_REASON(static_cast<unsigned long>(error.value())) == SSL_R_HTTP_REQUEST;
}

}  // namespace

ClientConnection::ClientConnection(Shared& shared, Transport::tcp::socket socket, asio::ssl::context* tls)
    : shared_(shared),
      transport_(std::move(socket), tls),
      memo_(std::make_shared<Connection>(Connection{transport_.peer(), transport_.is_tls(), nullptr})),
      body_(shared.limits.body_in_memory, shared.spool),
      wake_(*shared.io) {
  enter(Phase::waiting, shared_.limits.idle_deadline);
}

// ---- The story ------------------------------------------------------------------------------

awaitable<void> ClientConnection::serve(std::shared_ptr<ClientConnection> self) {
  try {
    bool more = co_await self->open();
    while (more) more = co_await self->serve_request();
    if (self->refusal_ && !self->dead_) {
      Answer answer = self->refused(*self->refusal_);
      answer.close = true;
      co_await self->send(std::move(answer));
    }
    co_await self->leave();
  } catch (const std::exception& e) {
    self->shared_.log.error("the connection of " + self->memo_->peer + " ended: " + e.what());
  }
  self->abort();
}

awaitable<bool> ClientConnection::open() {
  if (!transport_.is_tls()) co_return true;
  enter(Phase::handshake, shared_.limits.head_deadline);
  error_code error;
  co_await transport_.handshake(error);
  if (!error && !expired_) co_return true;
  if (is_plain_http(error)) {
    transport_.speak_plainly();
    co_return refuse(400, "this port speaks HTTPS: use https://");
  }
  shared_.log.debug("no TLS with " + memo_->peer + ": " + (expired_ ? "too slow" : error.message()));
  dead_ = true;
  co_return false;
}

awaitable<bool> ClientConnection::serve_request() {
  bool whole = co_await read_head();
  if (whole) whole = co_await read_body();
  if (!whole) co_return false;
  Answer answer = co_await ask();
  co_return co_await send(std::move(answer));
}

// ---- Reading --------------------------------------------------------------------------------

awaitable<bool> ClientConnection::read_head() {
  enter(Phase::waiting, shared_.limits.idle_deadline);
  std::size_t seen = 0;
  while (!shared_.stopping || !in_.empty()) {
    while (in_.starts_with("\r\n")) in_.erase(0, 2);  // some clients end a body with one (RFC 9112, section 2.2)
    if (!in_.empty() && in_ != "\r") {
      if (phase_ == Phase::waiting) enter(Phase::head, shared_.limits.head_deadline);
      const HeadEnd end = find_head(in_, seen, shared_.limits.head_bytes);
      if (end.refusal) co_return refuse(end.refusal->status, end.refusal->reason);
      if (end.size) co_return take_head(end.size);
      seen = in_.size();
    }
    const bool filled = co_await fill(head_read);
    if (filled) continue;
    if (phase_ == Phase::head && expired_) co_return refuse(408, "the head of the request took too long to arrive");
    break;
  }
  dead_ = true;
  co_return false;
}

bool ClientConnection::take_head(std::size_t size) {
  head_text_.assign(in_, 0, size);
  in_.erase(0, size);
  head_only_ = head_text_.starts_with("HEAD ");
  auto parsed = parse_head(head_text_);
  if (const auto* why = std::get_if<Refusal>(&parsed)) return refuse(why->status, why->reason);
  request_ = std::get<RequestHead>(parsed);
  return true;
}

awaitable<bool> ClientConnection::read_body() {
  body_.clear();
  body_view_ = {};
  if (!request_.chunked && request_.content_length == 0) co_return finish_body();
  const std::size_t limit = shared_.handler.body_limit(request_.head);
  if (request_.content_length > limit)
    co_return refuse(413, "a body of " + std::to_string(request_.content_length) + " bytes: at most " +
                              std::to_string(limit) + " are taken here");
  enter(Phase::body, shared_.limits.body_deadline);
  if (request_.expects_continue && in_.empty()) {
    const bool told = co_await write("HTTP/1.1 100 Continue\r\n\r\n");
    if (!told) co_return false;
    allow(shared_.limits.body_deadline);
  }
  bool whole = false;
  if (request_.chunked)
    whole = co_await read_chunked(limit);
  else
    whole = co_await read_counted();
  if (whole) co_return finish_body();
  if (expired_) refuse(408, "the body of the request took too long to arrive");
  if (!refusal_) dead_ = true;
  co_return false;
}

awaitable<bool> ClientConnection::read_counted() {
  while (body_.size() < request_.content_length) {
    if (in_.empty()) {
      const bool filled = co_await fill(body_read);
      if (!filled) co_return false;
    }
    const auto wanted = std::min<std::uint64_t>(in_.size(), request_.content_length - body_.size());
    if (!take_body(std::string_view(in_).substr(0, wanted))) co_return false;
    in_.erase(0, wanted);
  }
  co_return true;
}

awaitable<bool> ClientConnection::read_chunked(std::size_t limit) {
  ChunkDecoder decoder;
  for (;;) {
    std::string_view rest = in_;
    ChunkDecoder::Step step;
    while (!rest.empty() && step.state == ChunkDecoder::State::more) {
      step = decoder.step(rest);
      rest.remove_prefix(step.consumed);
      if (step.data.size() > limit - body_.size())
        co_return refuse(413, "a body of more than " + std::to_string(limit) + " bytes: no more are taken here");
      if (!take_body(step.data)) co_return false;
    }
    in_.erase(0, in_.size() - rest.size());
    if (step.state == ChunkDecoder::State::done) co_return true;
    if (step.state == ChunkDecoder::State::bad) co_return refuse(400, std::string("the body has ") + decoder.problem());
    const bool filled = co_await fill(body_read);
    if (!filled) co_return false;
  }
}

bool ClientConnection::take_body(std::string_view bytes) {
  const auto appended = body_.append(bytes);
  progress(body_.size());
  if (appended) return true;
  shared_.log.warn(appended.error().message);
  return refuse(507, "there is no room for the body now; try again later");
}

bool ClientConnection::finish_body() {
  if (in_.empty()) in_.shrink_to_fit();
  const auto view = body_.view();
  if (!view) {
    shared_.log.warn(view.error().message);
    return refuse(507, "there is no room for the body now; try again later");
  }
  body_view_ = *view;
  if (!request_.chunked && !request_.expects_continue) return true;
  const auto method = request_.head.method.size(), target = request_.head.target.size();
  head_text_ = plain_head(head_text_, body_view_.size());
  const std::string_view text = head_text_;
  request_.head = {text.substr(0, method), text.substr(method + 1, target), text};
  return true;
}

awaitable<bool> ClientConnection::fill(std::size_t about) {
  const auto had = in_.size();
  in_.resize(had + about);
  error_code error;
  const std::size_t got = co_await transport_.read_some(asio::buffer(in_.data() + had, about), error);
  in_.resize(had + got);
  co_return !error && !expired_;
}

// ---- Answering ------------------------------------------------------------------------------

awaitable<Answer> ClientConnection::ask() {
  enter(Phase::handling, {});
  allow_forever();
  if (aborted_ || !shared_.workers.claim())
    co_return refused({503, "too many requests wait to be handled: try again in a second"});
  ++shared_.requests;
  Answer answer = co_await run_handler();
  body_.clear();
  if (answer.bytes.empty()) co_return refused({500, "the request could not be handled: the log says why"});
  co_return answer;
}

awaitable<Answer> ClientConnection::run_handler() {
  const auto start = [this](auto done) {
    shared_.workers.run([this, done = std::move(done)]() mutable {
      auto finish = [done = std::move(done), answer = call_handler()]() mutable { done(std::move(answer)); };
      asio::post(*shared_.io, std::move(finish));
    });
  };
  return asio::async_initiate<const asio::use_awaitable_t<>&, void(Answer)>(start, use_awaitable);
}

// On a worker.
Answer ClientConnection::call_handler() {
  try {
    return shared_.handler.handle({request_.head, body_view_, memo_});
  } catch (const std::exception& e) {
    shared_.log.error(std::string("a handler failed on ") + std::string(request_.head.target) + ": " + e.what());
    return {};
  }
}

bool ClientConnection::refuse(int status, std::string reason) {
  refusal_ = Refusal{status, std::move(reason)};
  return false;
}

Answer ClientConnection::refused(const Refusal& why) {
  ++shared_.refused;
  Answer answer;
  answer.bytes = shared_.handler.refuse(why.status, why.reason);
  if (why.status == 503) add_field(answer.bytes, "Retry-After", "1");
  return answer;
}

awaitable<bool> ClientConnection::send(Answer answer) {
  const bool keep = !request_.close && !answer.close && !shared_.stopping;
  if (!keep) add_field(answer.bytes, "Connection", "close");
  if (head_only_) {
    answer.bytes.resize(head_size(answer.bytes));
    answer.stream.reset();
  }
  if (answer.stream) co_return co_await send_stream(std::move(answer), keep);
  enter(Phase::writing, shared_.limits.write_stall);
  const bool written = co_await write(answer.bytes);
  co_return written&& keep;
}

awaitable<bool> ClientConnection::write(std::string_view bytes) {
  allow(shared_.limits.write_stall);
  for (std::size_t sent = 0; sent < bytes.size(); progress(sent)) {
    const std::string_view next = bytes.substr(sent, write_size);
    error_code error;
    sent += co_await transport_.write_some(asio::buffer(next.data(), next.size()), error);
    if (error || expired_) {
      dead_ = true;
      co_return false;
    }
  }
  co_return true;
}

// ---- Streaming ------------------------------------------------------------------------------

awaitable<bool> ClientConnection::send_stream(Answer answer, bool keep) {
  enter(Phase::streaming, {});
  allow_forever();
  StreamFraming framing = frame_stream(answer.bytes, request_.http_1_0);
  std::string first = answer.bytes.substr(0, head_size(answer.bytes));
  take_piece(std::string_view(answer.bytes).substr(first.size()), framing, first);
  gone_ = watch_over_ = false;
  watching_ = true;
  asio::co_spawn(*shared_.io, watch(shared_from_this()), asio::detached);
  answer.stream->start(waker());
  const bool whole = co_await pump(*answer.stream, framing, std::move(first));
  answer.stream.reset();  // at once, not when the watch is over
  co_await end_watch();
  const bool has_end = framing.chunked || framing.length;
  co_return whole&& has_end&& keep && !gone_;
}

awaitable<bool> ClientConnection::pump(Source& source, StreamFraming framing, std::string out) {
  for (;;) {
    woken_ = false;
    const Source::Piece piece = source.next(write_size);
    if (!take_piece(piece.bytes, framing, out)) co_return false;
    if (piece.end && framing.chunked) out.append(last_chunk);
    const bool written = co_await write(out);
    if (!written || gone_) co_return false;
    if (piece.end) co_return framing.length.value_or(0) == 0;
    out.clear();
    if (!piece.bytes.empty()) continue;
    const bool more = co_await wait_for_wake();
    if (!more) co_return false;
  }
}

// False when the stream has more bytes than its Content-Length said.
bool ClientConnection::take_piece(std::string_view bytes, StreamFraming& framing, std::string& out) {
  if (framing.chunked) {
    append_chunk(out, bytes);
    return true;
  }
  if (framing.length && bytes.size() > *framing.length) {
    shared_.log.error("the stream for " + std::string(request_.head.target) + " is longer than its Content-Length");
    return false;
  }
  if (framing.length) *framing.length -= bytes.size();
  out.append(bytes);
  return true;
}

// An unfinished stream is cut off when the server stops: its missing end tells the client.
awaitable<bool> ClientConnection::wait_for_wake() {
  allow_forever();
  while (!woken_ && !gone_ && !aborted_ && !shared_.stopping) {
    error_code ignored;
    wake_.expires_at(Clock::time_point::max());
    co_await wake_.async_wait(redirect_error(use_awaitable, ignored));
  }
  co_return !gone_ && !aborted_ && !shared_.stopping;
}

std::function<void()> ClientConnection::waker() {
  auto pending = std::make_shared<std::atomic<bool>>(false);  // many calls are one event
  return [io = shared_.io, pending, me = weak_from_this()] {
    if (pending->exchange(true)) return;
    asio::post(*io, [pending, me] {
      pending->store(false);
      if (const auto self = me.lock()) self->wake();
    });
  };
}

void ClientConnection::wake() {
  woken_ = true;
  wake_.cancel();
}

// Reads on while a stream is sent, since only that shows that the client has left. What it sends is its next request.
awaitable<void> ClientConnection::watch(std::shared_ptr<ClientConnection> self) {
  bool there = true;
  while (there && self->watching_ && self->in_.size() < self->shared_.limits.head_bytes)
    there = co_await self->fill(head_read);
  if (!there && self->watching_) self->gone_ = true;
  self->watch_over_ = true;
  self->wake_.cancel();
}

awaitable<void> ClientConnection::end_watch() {
  watching_ = false;
  if (!watch_over_) transport_.cancel();
  while (!watch_over_) {
    error_code ignored;
    wake_.expires_at(Clock::time_point::max());
    co_await wake_.async_wait(redirect_error(use_awaitable, ignored));
  }
}

// ---- Leaving, and time ----------------------------------------------------------------------

awaitable<void> ClientConnection::leave() {
  if (dead_ || gone_ || shared_.stopping) co_return;
  enter(Phase::leaving, farewell);
  co_await transport_.linger();
}

void ClientConnection::finish() {
  switch (phase_) {
    case Phase::handshake:
    case Phase::waiting:
    case Phase::leaving:
      return abort();
    case Phase::streaming:
      wake_.cancel();
      return;
    case Phase::head:
    case Phase::body:
    case Phase::handling:
    case Phase::writing:
      return;
  }
}

void ClientConnection::abort() {
  aborted_ = dead_ = true;
  transport_.close();
  wake_.cancel();
}

bool ClientConnection::is_waiting() const {
  return !aborted_ && (phase_ == Phase::handshake || phase_ == Phase::waiting || phase_ == Phase::head);
}

void ClientConnection::check_deadline(Clock::time_point now) {
  if (now < deadline_) return;
  expired_ = true;
  transport_.cancel();
}

void ClientConnection::enter(Phase phase, milliseconds allowance) {
  phase_ = phase;
  since_ = Clock::now();
  allow(allowance);
}

void ClientConnection::allow(milliseconds allowance) {
  expired_ = false;
  allowance_ = allowance;
  allowed_ = deadline_ = Clock::now() + allowance;
}

// Neither a client that halts nor one that trickles may stay for long.
void ClientConnection::progress(std::size_t bytes) {
  const auto at_slowest = allowed_ + milliseconds(bytes * 1'000 / shared_.limits.slowest);
  deadline_ = std::min(at_slowest, Clock::now() + allowance_);
}

}  // namespace myriad::edge
