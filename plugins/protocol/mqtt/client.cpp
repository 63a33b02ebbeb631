#include "client.h"

#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <myriad/plugin.hpp>

namespace mqtt {
namespace {

using std::chrono::steady_clock;
using namespace std::chrono_literals;

// Debian's directory of trusted authorities, as hashed links for OpenSSL.
constexpr const char* system_authorities = "/etc/ssl/certs";
constexpr int verify_none = 0, verify_peer = 1;  // OpenSSL's SSL_VERIFY_*

// A list of MQTT 5 properties, freed with it.
class Properties {
 public:
  ~Properties() { mosquitto_property_free_all(&list_); }
  mosquitto_property** list() { return &list_; }
  const mosquitto_property* get() const { return list_; }

 private:
  mosquitto_property* list_ = nullptr;
};

void initialise_library() {
  static const int once = mosquitto_lib_init();  // not thread-safe by itself
  static_cast<void>(once);
}

// libmosquitto prepares OpenSSL at the first TLS connection of the process, unguarded: two at once would spoil it.
template <class F>
int one_at_a_time_until_done(F&& connect) {
  static std::atomic<bool> done = false;
  static std::mutex mutex;
  std::unique_lock lock(mutex, std::defer_lock);
  if (!done) lock.lock();
  const int rc = connect();
  if (rc == MOSQ_ERR_SUCCESS) done = true;
  return rc;
}

void expect_readable(const std::string& file, const char* option) {
  if (!file.empty() && access(file.c_str(), R_OK) != 0)
    throw myriad::Failure(MYRIAD_E_UNAVAILABLE,
                          std::string(option) + " '" + file + "' cannot be read: " + std::strerror(errno));
}

const char* or_null(const std::string& text) {
  return text.empty() ? nullptr : text.c_str();
}

// MQTT 3.1.1, table 3.1, and the MQTT 5 codes that have the same remedy.
std::string remedy_for(int code) {
  switch (code) {
    case 4:
    case 5:
    case MQTT_RC_BAD_USERNAME_OR_PASSWORD:
    case MQTT_RC_NOT_AUTHORIZED:
      return ": check username and password";
    case 1:
    case MQTT_RC_UNSUPPORTED_PROTOCOL_VERSION:
      return ": choose the other version";
    case 2:
    case MQTT_RC_CLIENTID_NOT_VALID:
      return ": give another client_id";
    default:
      return "";
  }
}

// What a handler throws outside a message has nobody to hear it; the thread must go on.
template <class F>
void quietly(F&& f) {
  try {
    f();
  } catch (const std::exception&) {
  }
}

std::string without_stop(std::string text) {
  if (text.ends_with('.')) text.pop_back();
  return text;
}

}  // namespace

struct Client::Callbacks {
  static Client& self(void* user) { return *static_cast<Client*>(user); }

  // No exception may pass through libmosquitto.
  template <class F>
  static void guarded(Client& me, F&& f) {
    try {
      f();
    } catch (const std::exception& x) {
      me.failure_ = x.what();
      me.abandoned_ = true;
    }
  }

  static void connected(Session*, void* user, int code, int, const mosquitto_property*) {
    Client& me = self(user);
    if (code != 0) {
      const bool v5 = me.options_.version == Version::v5;
      me.failure_ = me.broker() + " refused the connection: " +
                    without_stop(v5 ? mosquitto_reason_string(code) : mosquitto_connack_string(code)) + " (code " +
                    std::to_string(code) + ")" + remedy_for(code);
      return;
    }
    me.accepted_ = true;
    guarded(me, [&] { me.handler_.on_up(); });
  }
  static void disconnected(Session*, void* user, int rc, const mosquitto_property*) {
    Client& me = self(user);
    if (me.failure_.empty()) me.failure_ = me.reason_for(rc);
  }
  static void message(Session*, void* user, const mosquitto_message* message, const mosquitto_property*) {
    Client& me = self(user);
    guarded(me, [&] { me.abandoned_ = me.abandoned_ || !me.handler_.on_message(*message); });
  }
  static void published(Session*, void* user, int mid, int code, const mosquitto_property*) {
    Client& me = self(user);
    guarded(me, [&] { me.handler_.on_published(mid, code >= 128 ? mosquitto_reason_string(code) : ""); });
  }
  static void subscribed(Session*, void* user, int mid, int count, const int* granted, const mosquitto_property*) {
    Client& me = self(user);
    const auto it =
        std::find_if(me.subscribing_.begin(), me.subscribing_.end(), [&](const auto& s) { return s.first == mid; });
    if (it == me.subscribing_.end()) return;
    if (count > 0 && granted[0] >= 128)
      guarded(me, [&] { me.handler_.on_subscription_refused(it->second, granted[0]); });
    me.subscribing_.erase(it);
  }
  static void logged(Session*, void* user, int level, const char* text) {
    if (level == MOSQ_LOG_ERR) self(user).library_error_ = text;
  }
};

Client::Client(const Options& options, std::string client_id, bool persistent, Handler& handler)
    : options_(options), client_id_(std::move(client_id)), persistent_(persistent), handler_(handler) {}

Client::~Client() {
  stop();
}

void Client::start() {
  initialise_library();
  wake_ = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (wake_ < 0)
    throw myriad::Failure(MYRIAD_E_UNAVAILABLE, std::string("no descriptor for a wake-up: ") + std::strerror(errno),
                          errno);
  stopping_ = false;
  thread_ = std::thread([this] { run(); });
}

void Client::request_stop() {
  stopping_ = true;
  flush();
}

void Client::stop() {
  if (!thread_.joinable()) return;
  request_stop();
  thread_.join();
  close(wake_);
  wake_ = -1;
}

void Client::flush() {
  const std::uint64_t one = 1;
  // A full counter means that the thread is being woken anyway.
  static_cast<void>(!write(wake_, &one, sizeof one));
}

void Client::drop(std::string reason) {
  {
    const std::lock_guard lock(mutex_);
    drop_reason_ = std::move(reason);
  }
  flush();
}

std::optional<int> Client::publish(const Message& message) {
  Properties properties;
  if (options_.version == Version::v5 && message.sequence != 0)
    mosquitto_property_add_string_pair(properties.list(), MQTT_PROP_USER_PROPERTY, "sequence",
                                       std::to_string(message.sequence).c_str());
  const std::lock_guard lock(mutex_);
  if (!session_) return std::nullopt;
  int mid = 0;
  const int rc = mosquitto_publish_v5(session_, &mid, message.topic.c_str(), static_cast<int>(message.payload.size()),
                                      message.payload.data(), message.qos, message.retain, properties.get());
  if (rc == MOSQ_ERR_SUCCESS) return mid;
  if (rc == MOSQ_ERR_NO_CONN || rc == MOSQ_ERR_CONN_LOST) return std::nullopt;
  throw myriad::Failure(MYRIAD_E_INVALID, "'" + message.topic + "' cannot be sent: " + mosquitto_strerror(rc));
}

void Client::subscribe(const std::string& filter, int qos) {
  const std::lock_guard lock(mutex_);
  int mid = 0;
  // MQTT 5: without this, every reconnection would bring the retained messages again, as if they were new.
  const int options = options_.version == Version::v5 ? MQTT_SUB_OPT_SEND_RETAIN_NEW : 0;
  if (mosquitto_subscribe_v5(session_, &mid, filter.c_str(), qos, options, nullptr) == MOSQ_ERR_SUCCESS)
    subscribing_.emplace_back(mid, filter);
}

void Client::unsubscribe(const std::string& filter) {
  const std::lock_guard lock(mutex_);
  mosquitto_unsubscribe(session_, nullptr, filter.c_str());
}

void Client::run() {
  auto delay = options_.reconnect_min;
  while (!stopping_) {
    const auto reason = connect_once();
    if (stopping_) break;
    quietly([&] { handler_.on_down(reason); });
    // A connection that ends at once, as when two clients share an id, must not come back at once for ever.
    if (accepted_ && steady_clock::now() - dialled_ > delay) delay = options_.reconnect_min;
    if (!wait(delay)) break;
    delay = std::min(delay * 2, options_.reconnect_max);
  }
}

// One connection from dialling to its end. Returns why it ended.
std::string Client::connect_once() {
  accepted_ = abandoned_ = false;
  failure_.clear();
  library_error_.clear();
  subscribing_.clear();
  const std::unique_ptr<Session, void (*)(Session*)> session(make_session(), mosquitto_destroy);
  if (!session) return "libmosquitto has no memory";
  try {
    configure(session.get());
    {
      const std::lock_guard lock(mutex_);
      drop_reason_.clear();
    }
    dial(session.get());
    auto reason = serve(session.get());
    const std::lock_guard lock(mutex_);
    session_ = nullptr;
    return reason;
  } catch (const myriad::Failure& failure) {
    return failure.what();
  }
}

Client::Session* Client::make_session() {
  return mosquitto_new(client_id_.c_str(), !persistent_, this);
}

void Client::configure(Session* session) const {
  // Without it libmosquitto writes an acknowledgement before our callback has seen the message.
  mosquitto_threaded_set(session, true);
  mosquitto_int_option(session, MOSQ_OPT_PROTOCOL_VERSION,
                       options_.version == Version::v5 ? MQTT_PROTOCOL_V5 : MQTT_PROTOCOL_V311);
  mosquitto_int_option(session, MOSQ_OPT_TCP_NODELAY, 1);
  mosquitto_int_option(session, MOSQ_OPT_SEND_MAXIMUM, static_cast<int>(options_.max_inflight));
  mosquitto_int_option(session, MOSQ_OPT_RECEIVE_MAXIMUM, static_cast<int>(options_.max_inflight));
  const auto password =
      options_.password_secret.empty() ? options_.password : handler_.secret(options_.password_secret);
  if (!options_.username.empty() || !password.empty())
    mosquitto_username_pw_set(session, or_null(options_.username), or_null(password));
  if (options_.tls.enabled) configure_tls(session);
  mosquitto_connect_v5_callback_set(session, &Callbacks::connected);
  mosquitto_disconnect_v5_callback_set(session, &Callbacks::disconnected);
  mosquitto_message_v5_callback_set(session, &Callbacks::message);
  mosquitto_publish_v5_callback_set(session, &Callbacks::published);
  mosquitto_subscribe_v5_callback_set(session, &Callbacks::subscribed);
  mosquitto_log_callback_set(session, &Callbacks::logged);
}

void Client::configure_tls(Session* session) const {
  const auto& tls = options_.tls;
  expect_readable(tls.ca_file, "ca_file");
  expect_readable(tls.cert_file, "cert_file");
  expect_readable(tls.key_file, "key_file");
  const char* directory = tls.ca_file.empty() ? system_authorities : nullptr;
  int rc = mosquitto_tls_set(session, or_null(tls.ca_file), directory, or_null(tls.cert_file), or_null(tls.key_file),
                             nullptr);
  if (rc == MOSQ_ERR_SUCCESS)
    rc = mosquitto_tls_opts_set(session, tls.verify ? verify_peer : verify_none, "tlsv1.2", nullptr);
  if (rc == MOSQ_ERR_SUCCESS && !tls.verify) rc = mosquitto_tls_insecure_set(session, true);
  if (rc != MOSQ_ERR_SUCCESS)
    throw myriad::Failure(MYRIAD_E_UNAVAILABLE, std::string("TLS cannot be set up: ") + mosquitto_strerror(rc));
}

// Begins to connect without waiting for the network, but for the name's resolution.
void Client::dial(Session* session) const {
  const int keepalive = static_cast<int>(options_.keepalive.count());
  Properties properties;
  if (options_.version == Version::v5 && persistent_) {
    mosquitto_property_add_int32(properties.list(), MQTT_PROP_SESSION_EXPIRY_INTERVAL, options_.session_expiry_s);
    // libmosquitto takes MQTT 5 properties only with its blocking connect. It keeps them for every later one, though,
    // even when this call fails, as it does at once without a host.
    mosquitto_connect_bind_v5(session, nullptr, options_.port, keepalive, nullptr, properties.get());
  }
  const auto connect = [&] {
    errno = 0;
    return mosquitto_connect_bind_async(session, options_.host.c_str(), options_.port, keepalive, nullptr);
  };
  const int rc = options_.tls.enabled ? one_at_a_time_until_done(connect) : connect();
  if (rc != MOSQ_ERR_SUCCESS) throw myriad::Failure(MYRIAD_E_UNAVAILABLE, reason_for(rc));
}

std::string Client::serve(Session* session) {
  dialled_ = steady_clock::now();
  {
    const std::lock_guard lock(mutex_);
    session_ = session;
  }
  while (!stopping_ && step(session, 1000)) tick();
  if (stopping_ && accepted_ && !abandoned_) say_goodbye(session);
  return failure_;
}

// Waits for the network or a wake-up and serves it. False: the connection is over.
bool Client::step(Session* session, int timeout_ms) {
  pollfd polled[] = {{mosquitto_socket(session), POLLIN, 0}, {wake_, POLLIN, 0}};
  if (mosquitto_want_write(session)) polled[0].events |= POLLOUT;
  if (poll(polled, std::size(polled), timeout_ms) < 0 && errno != EINTR) return false;
  std::uint64_t count = 0;
  const bool woken = read(wake_, &count, sizeof count) == sizeof count;
  if (stopping_) return false;

  int rc = MOSQ_ERR_SUCCESS;
  errno = 0;
  if (polled[0].revents & (POLLIN | POLLERR | POLLHUP)) rc = mosquitto_loop_read(session, 1);
  // An abandoned message must not be acknowledged: its PUBACK waits in the queue.
  if (abandoned_ || (accepted_ && !failure_.empty())) return false;
  if (rc == MOSQ_ERR_SUCCESS && (woken || mosquitto_want_write(session))) rc = mosquitto_loop_write(session, 1);
  if (rc == MOSQ_ERR_SUCCESS) rc = mosquitto_loop_misc(session);
  if (rc != MOSQ_ERR_SUCCESS || mosquitto_socket(session) < 0) {
    if (failure_.empty()) failure_ = reason_for(rc);
    return false;
  }
  if (!accepted_ && steady_clock::now() - dialled_ > options_.connect_timeout)
    failure_ = broker() + " did not answer within " + std::to_string(options_.connect_timeout.count()) + " ms";
  const std::lock_guard lock(mutex_);
  if (failure_.empty()) failure_ = drop_reason_;
  return failure_.empty();
}

// Writes what is queued and the DISCONNECT; gives a slow broker half a second.
void Client::say_goodbye(Session* session) {
  mosquitto_disconnect(session);
  const auto until = steady_clock::now() + 500ms;
  while (mosquitto_socket(session) >= 0 && steady_clock::now() < until) {
    pollfd polled = {mosquitto_socket(session), POLLOUT, 0};
    if (poll(&polled, 1, 100) < 0 || mosquitto_loop_write(session, 1) != MOSQ_ERR_SUCCESS) return;
  }
}

std::string Client::reason_for(int rc) const {
  const int os_code = errno;
  std::string why = mosquitto_strerror(rc);
  if (rc == MOSQ_ERR_ERRNO && os_code != 0) why = std::strerror(os_code);
  if (rc == MOSQ_ERR_SUCCESS || rc == MOSQ_ERR_CONN_LOST) why = "the broker closed the connection";
  if (rc == MOSQ_ERR_EAI) why = "the name '" + options_.host + "' is not known";
  if (!library_error_.empty()) why += " (" + library_error_ + ")";
  return broker() + ": " + without_stop(why);
}

// False: stop() was called meanwhile.
bool Client::wait(std::chrono::milliseconds delay) {
  const auto until = steady_clock::now() + delay;
  while (!stopping_) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - steady_clock::now());
    if (left <= 0ms) return true;
    pollfd polled = {wake_, POLLIN, 0};
    std::uint64_t count = 0;
    if (poll(&polled, 1, static_cast<int>(std::min(left, 1000ms).count())) > 0)
      static_cast<void>(!read(wake_, &count, sizeof count));
    tick();
  }
  return false;
}

void Client::tick() {
  const auto now = steady_clock::now();
  if (now - last_tick_ < 1s) return;
  last_tick_ = now;
  quietly([&] { handler_.on_tick(); });
}

}  // namespace mqtt
