// For the tests: the manifest's schema, a real mosquitto on a free port of its own, and a plain MQTT peer.
#pragma once

#include <fcntl.h>
#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <functional>
#include <mutex>
#include <myriad/test_host.hpp>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

extern char** environ;

namespace mqtt::test {

using nlohmann::json;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

inline std::string read_file(const fs::path& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline json schema() {
  return json::parse(read_file(fs::path(PLUGIN_DIR) / "manifest.json")).at("config_schema");
}

// With the schema's defaults filled in, as the host does.
inline std::string complete(json config) {
  myriad::apply_defaults(schema(), config);
  return config.dump();
}

// Waits for what has no condition variable of its own.
inline bool eventually(const std::function<bool()>& happened, std::chrono::milliseconds limit = 15s) {
  const auto until = std::chrono::steady_clock::now() + limit;
  while (!happened()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::sleep_for(2ms);
  }
  return true;
}

class TempDir {
 public:
  TempDir() : path_(fs::temp_directory_path() / "mqtt_test_XXXXXX") {
    std::string name = path_;
    if (!mkdtemp(name.data())) throw std::runtime_error("no temporary directory");
    path_ = name;
  }
  ~TempDir() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

// A program that ends with this object. Ended by its pid.
class Child {
 public:
  explicit Child(std::vector<std::string> words, const fs::path& log) {
    std::vector<char*> argv;
    for (auto& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, 1, log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    posix_spawn_file_actions_adddup2(&files, 1, 2);
    const int rc = posix_spawnp(&pid_, argv[0], &files, nullptr, argv.data(), environ);
    posix_spawn_file_actions_destroy(&files);
    if (rc != 0) throw std::runtime_error("cannot start " + words[0] + ": install it");
  }
  ~Child() { end(SIGKILL); }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  int end(int signal) {
    if (pid_ <= 0) return 0;
    kill(pid_, signal);
    return wait();
  }
  int wait() {
    int status = 0;
    waitpid(std::exchange(pid_, -1), &status, 0);
    return WEXITSTATUS(status);
  }

 private:
  pid_t pid_ = -1;
};

inline int connect_to(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int rc = connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address);
  close(fd);
  return rc;
}

inline int free_port() {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  bind(fd, reinterpret_cast<sockaddr*>(&address), size);
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  close(fd);
  return ntohs(address.sin_port);
}

class Broker {
 public:
  // `extra`: lines of mosquitto.conf(5). Without their own the broker lets everybody in.
  explicit Broker(const std::string& extra = "allow_anonymous true\n") : port_(free_port()) {
    fs::permissions(dir_.path(), fs::perms::all);
    std::ofstream conf(dir_.path() / "mosquitto.conf");
    conf << "user root\npersistence true\npersistence_location " << dir_.path().string() << "/\n"
         << "max_queued_messages 0\nlistener " << port_ << " 127.0.0.1\nset_tcp_nodelay true\n"
         << extra;
    conf.close();
    start();
  }
  void start() {
    const auto conf = (dir_.path() / "mosquitto.conf").string();
    // Debian installs daemons where a user's PATH does not look.
    const std::string program = fs::exists("/usr/sbin/mosquitto") ? "/usr/sbin/mosquitto" : "mosquitto";
    child_ = std::make_unique<Child>(std::vector<std::string>{program, "-c", conf}, dir_.path() / "log");
    if (!eventually([&] { return connect_to(port_) == 0; }))
      throw std::runtime_error("mosquitto did not start: " + read_file(dir_.path() / "log"));
  }
  void stop() {
    child_->end(SIGTERM);
    child_.reset();
  }
  int port() const { return port_; }
  const fs::path& dir() const { return dir_.path(); }

 private:
  TempDir dir_;
  int port_;
  std::unique_ptr<Child> child_;
};

// A plain client: publishes with QoS 1 and waits, and collects what it subscribed to.
class Peer {
 public:
  struct Message {
    std::string topic, payload, sequence;
    bool retain;
  };
  explicit Peer(int port, const char* id = "peer", bool clean = true) {
    mosquitto_lib_init();
    session_ = mosquitto_new(id, clean, this);
    mosquitto_int_option(session_, MOSQ_OPT_PROTOCOL_VERSION, MQTT_PROTOCOL_V5);
    mosquitto_int_option(session_, MOSQ_OPT_TCP_NODELAY, 1);
    mosquitto_reconnect_delay_set(session_, 1, 1, false);
    mosquitto_publish_callback_set(session_, [](mosquitto*, void* me, int mid) { self(me).acknowledge(mid); });
    mosquitto_subscribe_callback_set(session_,
                                     [](mosquitto*, void* me, int mid, int, const int*) { self(me).acknowledge(mid); });
    mosquitto_message_v5_callback_set(session_, [](mosquitto*, void* me, const mosquitto_message* m,
                                                   const mosquitto_property* p) { self(me).take(*m, p); });
    mosquitto_property* properties = nullptr;
    mosquitto_property_add_int32(&properties, MQTT_PROP_SESSION_EXPIRY_INTERVAL, clean ? 0 : 3600);
    if (mosquitto_connect_bind_v5(session_, "127.0.0.1", port, 60, nullptr, properties) != MOSQ_ERR_SUCCESS)
      throw std::runtime_error("the peer cannot connect");
    mosquitto_property_free_all(&properties);
    mosquitto_loop_start(session_);
  }
  ~Peer() {
    mosquitto_disconnect(session_);
    mosquitto_loop_stop(session_, false);
    mosquitto_destroy(session_);
  }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  void publish(const std::string& topic, const std::string& payload, bool retain = false) {
    int mid = 0;
    mosquitto_publish(session_, &mid, topic.c_str(), static_cast<int>(payload.size()), payload.data(), 1, retain);
    wait_for(mid);
  }
  void subscribe(const std::string& filter) {
    int mid = 0;
    mosquitto_subscribe(session_, &mid, filter.c_str(), 1);
    wait_for(mid);
  }
  bool wait(const std::function<bool(const std::vector<Message>&)>& enough, std::chrono::milliseconds limit = 15s) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, limit, [&] { return enough(messages_); });
  }
  std::vector<Message> messages() {
    const std::lock_guard lock(mutex_);
    return messages_;
  }
  void clear() {
    const std::lock_guard lock(mutex_);
    messages_.clear();
  }

 private:
  static Peer& self(void* me) { return *static_cast<Peer*>(me); }
  void acknowledge(int mid) {
    const std::lock_guard lock(mutex_);
    acknowledged_.push_back(mid);
    changed_.notify_all();
  }
  void wait_for(int mid) {
    std::unique_lock lock(mutex_);
    const auto there = [&] {
      return std::find(acknowledged_.begin(), acknowledged_.end(), mid) != acknowledged_.end();
    };
    if (!changed_.wait_for(lock, 15s, there)) throw std::runtime_error("the broker did not answer the peer");
  }
  void take(const mosquitto_message& m, const mosquitto_property* properties) {
    char *name = nullptr, *value = nullptr;
    mosquitto_property_read_string_pair(properties, MQTT_PROP_USER_PROPERTY, &name, &value, false);
    const std::lock_guard lock(mutex_);
    messages_.push_back({m.topic,
                         std::string(static_cast<const char*>(m.payload), static_cast<std::size_t>(m.payloadlen)),
                         value ? value : "", m.retain});
    free(name);
    free(value);
    changed_.notify_all();
  }

  mosquitto* session_;
  std::mutex mutex_;  // guards the two below
  std::condition_variable changed_;
  std::vector<int> acknowledged_;
  std::vector<Message> messages_;
};

}  // namespace mqtt::test
