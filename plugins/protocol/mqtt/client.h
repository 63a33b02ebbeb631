// One MQTT connection that comes back by itself. Wraps libmosquitto 2.0.
//
// Threads: start() and stop() by one caller; publish() by any thread; the Handler is called on the client's own thread,
// which stop() joins. Lifetime: the handler outlives the client.
//
// Each connection has a fresh libmosquitto session: what was queued or in flight when a connection ended is gone with
// it, since whoever sent it was told and sends it again. The loop is our own, on poll(): libmosquitto's uses select(),
// which is limited to descriptors below 1,024.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "config.h"

struct mosquitto;
struct mosquitto_message;

namespace mqtt {

class Client;

class Handler {
 public:
  virtual ~Handler() = default;
  virtual std::string secret(const std::string& name) = 0;  // asked for at each connection; throws when there is none
  virtual void on_up() = 0;                                 // the broker accepted; subscribe here
  virtual void on_down(const std::string& reason) = 0;
  // False: give the connection up without acknowledging the message, since stop() was called meanwhile.
  virtual bool on_message(const mosquitto_message&) { return true; }
  virtual void on_published(int /*mid*/, const std::string& /*refusal, empty: none*/) {}
  virtual void on_subscription_refused(const std::string& /*filter*/, int /*code*/) {}
  virtual void on_tick() {}  // about once a second, connected or not
};

class Client {
 public:
  // `persistent`: the broker keeps the session, with what arrives meanwhile, while this client is away.
  Client(const Options& options, std::string client_id, bool persistent, Handler& handler);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void start();
  void request_stop();  // [any thread] stop() without the wait
  void stop();          // says goodbye to the broker and joins
  bool stopping() const { return stopping_; }

  // Queues for the network thread; `flush()` makes it write. The message id, or nothing when there is no connection.
  // Throws myriad::Failure INVALID when the message itself cannot be sent.
  struct Message {
    const std::string& topic;
    std::string_view payload;
    int qos;
    bool retain;
    std::uint64_t sequence;  // MQTT 5: as user property; 0: none
  };
  std::optional<int> publish(const Message& message);
  void flush();

  // In on_up().
  void subscribe(const std::string& filter, int qos);
  void unsubscribe(const std::string& filter);

  // Ends the connection and makes a new one.
  void drop(std::string reason);

 private:
  struct Callbacks;  // from libmosquitto's C functions to members
  friend struct Callbacks;
  using Session = struct mosquitto;

  void run();
  std::string connect_once();
  Session* make_session();
  void configure(Session* session) const;
  void configure_tls(Session* session) const;
  void dial(Session* session) const;
  std::string serve(Session* session);
  bool step(Session* session, int timeout_ms);
  void say_goodbye(Session* session);
  std::string reason_for(int rc) const;
  bool wait(std::chrono::milliseconds delay);
  void tick();
  std::string broker() const { return options_.host + ":" + std::to_string(options_.port); }

  const Options& options_;
  const std::string client_id_;
  const bool persistent_;
  Handler& handler_;
  std::thread thread_;
  std::atomic<bool> stopping_ = false;
  int wake_ = -1;  // eventfd: something to write, or stop

  mutable std::mutex mutex_;    // guards the three below
  Session* session_ = nullptr;  // while connected
  std::string drop_reason_;     // set by drop() until the loop saw it

  // The network thread's own.
  bool accepted_ = false, abandoned_ = false;
  std::string failure_, library_error_;
  std::vector<std::pair<int, std::string>> subscribing_;  // message id, filter
  std::chrono::steady_clock::time_point last_tick_{}, dialled_{};
};

}  // namespace mqtt
