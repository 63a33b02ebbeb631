#include "edge/server.h"

#include <openssl/ssl.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/packaged_task.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <condition_variable>
#include <future>
#include <mutex>
#include <thread>
#include <unordered_set>

#include "edge/connection.h"

namespace myriad::edge {
namespace {

namespace asio = boost::asio;
using asio::redirect_error;
using asio::use_awaitable;
using std::chrono::milliseconds;
using tcp = asio::ip::tcp;
using error_code = boost::system::error_code;
using Clock = std::chrono::steady_clock;

constexpr milliseconds short_of_descriptors_pause{50};
constexpr std::chrono::minutes between_warnings{1};

// Owns the listener, the I/O thread and the connections; all but the public functions and `open_` is that thread's.
class AsioServer final : public Server {
 public:
  AsioServer(Options options, Handler& handler, Log log)
      : options_(std::move(options)),
        shared_{std::make_shared<asio::io_context>(1),
                handler,
                options_.limits,
                options_.spool,
                std::move(log),
                Workers(options_.limits.workers, options_.limits.queue)} {}
  ~AsioServer() override { stop(milliseconds(0)); }

  Status load_certificate();
  Status listen();
  void run();

  std::uint16_t port() const override { return port_; }
  void stop(milliseconds drain) override;
  Stats stats() const override;

 private:
  Error listen_error(const error_code& error) const;
  asio::awaitable<void> accept_clients();
  asio::awaitable<void> pause_accepting(error_code why);
  void admit(tcp::socket socket);
  bool make_room();
  void turn_away(tcp::socket socket);
  void forget(const std::shared_ptr<ClientConnection>& connection);
  asio::awaitable<void> watch_deadlines();
  milliseconds tick() const;
  void do_and_wait(std::function<void()> on_io_thread);

  const Options options_;
  Shared shared_;
  std::optional<asio::ssl::context> tls_;
  tcp::acceptor acceptor_{*shared_.io};
  asio::steady_timer tick_{*shared_.io}, accept_pause_{*shared_.io};
  Clock::time_point last_warning_{};
  std::unordered_set<std::shared_ptr<ClientConnection>> connections_;
  std::uint16_t port_ = 0;
  std::atomic<std::uint64_t> accepted_{0};

  mutable std::mutex mutex_;
  std::condition_variable none_open_;
  std::size_t open_ = 0;  // guarded by mutex_

  std::optional<asio::executor_work_guard<asio::io_context::executor_type>> work_;
  std::thread thread_;
};

// ---- Starting -------------------------------------------------------------------------------

Status AsioServer::load_certificate() {
  if (!options_.certificate && !options_.key) return {};
  if (!options_.certificate || !options_.key)
    return Error{Code::invalid, "TLS needs both a certificate and a key: give the one that is missing"};
  const auto wrong = [](const std::filesystem::path& file, const error_code& error) {
    return Error{Code::invalid, "cannot use " + file.string() + " for TLS: " + error.message() +
                                    "; give a PEM file that the daemon may read and whose certificate and key match"};
  };
  tls_.emplace(asio::ssl::context::tls_server);
  SSL_CTX* const native = tls_->native_handle();
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  SSL_CTX_set_options(native, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_cipher_list(native, "ECDHE+AESGCM:ECDHE+CHACHA20");  // of TLS 1.2; those of 1.3 are all sound
  error_code error;
  tls_->use_certificate_chain_file(options_.certificate->string(), error);
  if (error) return wrong(*options_.certificate, error);
  tls_->use_private_key_file(options_.key->string(), asio::ssl::context::pem, error);
  if (error) return wrong(*options_.key, error);
  return {};
}

// SO_REUSEADDR lets a restart bind while old connections fade; SO_REUSEPORT would share the port with a stranger.
Status AsioServer::listen() {
  error_code error;
  tcp::resolver resolver(*shared_.io);
  const auto found = resolver.resolve(options_.host, std::to_string(options_.port), tcp::resolver::passive, error);
  if (error || found.empty()) return listen_error(error);
  const tcp::endpoint end = found.begin()->endpoint();
  acceptor_.open(end.protocol(), error);
  if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor_.bind(end, error);
  if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
  if (error) return listen_error(error);
  port_ = acceptor_.local_endpoint(error).port();
  return {};
}

Error AsioServer::listen_error(const error_code& error) const {
  const std::string what =
      "cannot listen on " + options_.host + ":" + std::to_string(options_.port) + ": " + error.message();
  if (error == asio::error::address_in_use)
    return {Code::conflict, what + "; end the program that holds the port, or choose another (--listen)"};
  if (error == asio::error::access_denied) return {Code::denied, what + "; ports below 1024 need CAP_NET_BIND_SERVICE"};
  return {Code::invalid, what + "; give an address of this machine (--listen HOST:PORT)"};
}

void AsioServer::run() {
  work_.emplace(shared_.io->get_executor());
  asio::co_spawn(*shared_.io, accept_clients(), asio::detached);
  asio::co_spawn(*shared_.io, watch_deadlines(), asio::detached);
  thread_ = std::thread([this] { shared_.io->run(); });
}

// ---- Accepting ------------------------------------------------------------------------------

asio::awaitable<void> AsioServer::accept_clients() {
  while (!shared_.stopping) {
    error_code error;
    tcp::socket socket = co_await acceptor_.async_accept(redirect_error(use_awaitable, error));
    if (shared_.stopping) co_return;
    if (error)
      co_await pause_accepting(error);
    else
      admit(std::move(socket));
  }
}

// Out of descriptors, most likely: accept() would fail again at once, so make room and breathe.
asio::awaitable<void> AsioServer::pause_accepting(error_code why) {
  if (Clock::now() - last_warning_ > between_warnings) {
    last_warning_ = Clock::now();
    shared_.log.warn("cannot accept a connection beside " + std::to_string(connections_.size()) +
                     " others: " + why.message() + "; raise the limit of open files (ulimit -n)");
  }
  make_room();
  error_code ignored;
  accept_pause_.expires_after(short_of_descriptors_pause);
  co_await accept_pause_.async_wait(redirect_error(use_awaitable, ignored));
}

void AsioServer::admit(tcp::socket socket) {
  ++accepted_;
  if (connections_.size() >= options_.limits.connections && !make_room()) return turn_away(std::move(socket));
  const auto connection = std::make_shared<ClientConnection>(shared_, std::move(socket), tls_ ? &*tls_ : nullptr);
  connections_.insert(connection);
  if (connections_.size() == 1) tick_.cancel();
  {
    const std::lock_guard lock(mutex_);
    ++open_;
  }
  asio::co_spawn(*shared_.io, ClientConnection::serve(connection),
                 [this, connection](const std::exception_ptr&) { forget(connection); });
}

// Drops the connection that has waited longest without a whole request.
bool AsioServer::make_room() {
  std::shared_ptr<ClientConnection> oldest;
  for (const auto& c : connections_)
    if (c->is_waiting() && (!oldest || c->since() < oldest->since())) oldest = c;
  if (!oldest) return false;
  oldest->abort();
  return true;
}

// The send buffer of a new socket is empty, so this does not wait.
void AsioServer::turn_away(tcp::socket socket) {
  ++shared_.refused;
  if (tls_) return;
  std::string answer = shared_.handler.refuse(503, "too many connections: try again in a second");
  add_field(answer, "Retry-After", "1");
  add_field(answer, "Connection", "close");
  error_code ignored;
  socket.non_blocking(true, ignored);
  socket.write_some(asio::buffer(answer), ignored);
  socket.shutdown(tcp::socket::shutdown_send, ignored);
}

void AsioServer::forget(const std::shared_ptr<ClientConnection>& connection) {
  connections_.erase(connection);
  if (connections_.empty()) tick_.cancel();
  const std::lock_guard lock(mutex_);
  if (--open_ == 0) none_open_.notify_all();
}

// One sweep for all is cheaper than a timer for each, and a deadline may be late by a tick. No client, no sweep.
asio::awaitable<void> AsioServer::watch_deadlines() {
  while (!shared_.stopping || !connections_.empty()) {
    error_code ignored;
    if (connections_.empty())
      tick_.expires_at(Clock::time_point::max());
    else
      tick_.expires_after(tick());
    co_await tick_.async_wait(redirect_error(use_awaitable, ignored));
    const auto now = Clock::now();
    for (const auto& c : connections_) c->check_deadline(now);
  }
}

milliseconds AsioServer::tick() const {
  const auto& l = options_.limits;
  const auto shortest = std::min({l.head_deadline, l.idle_deadline, l.body_deadline, l.write_stall});
  return std::clamp(shortest / 8, milliseconds(10), milliseconds(250));
}

// ---- Stopping -------------------------------------------------------------------------------

void AsioServer::do_and_wait(std::function<void()> on_io_thread) {
  asio::post(*shared_.io, std::packaged_task<void()>(std::move(on_io_thread))).wait();
}

void AsioServer::stop(milliseconds drain) {
  if (!thread_.joinable()) return;
  do_and_wait([this] {
    shared_.stopping = true;
    error_code ignored;
    acceptor_.close(ignored);
    accept_pause_.cancel();
    tick_.cancel();
    for (const auto& c : connections_) c->finish();
  });
  {
    std::unique_lock lock(mutex_);
    none_open_.wait_for(lock, drain, [&] { return open_ == 0; });
  }
  do_and_wait([this] {
    for (const auto& c : connections_) c->abort();
  });
  shared_.workers.join();  // each running handler still answers, into a closed socket
  work_.reset();
  thread_.join();
}

Server::Stats AsioServer::stats() const {
  const std::lock_guard lock(mutex_);
  return {accepted_, open_, shared_.requests, shared_.refused};
}

}  // namespace

Result<std::unique_ptr<Server>> Server::start(Options options, Handler& handler, Log log) {
  auto server = std::make_unique<AsioServer>(std::move(options), handler, std::move(log));
  if (auto loaded = server->load_certificate(); !loaded) return loaded.error();
  if (auto listening = server->listen(); !listening) return listening.error();
  server->run();
  return std::unique_ptr<Server>(std::move(server));
}

}  // namespace myriad::edge
