#include "app/daemon.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "api/api.h"
#include "app/live_feed.h"
#include "app/logging.h"
#include "bus/bus.h"
#include "edge/server.h"
#include "historian/historian.h"
#include "plugin_host/instances.h"
#include "registry/registry.h"
#include "security/security.h"
#include "spine/spine.h"

namespace myriad::app {
namespace {

using namespace std::chrono_literals;

sigset_t handled_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, signal);
  return set;
}

Status make_folder(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (!error) std::filesystem::permissions(folder, std::filesystem::perms::owner_all, error);
  if (!error) return {};
  return Error{Code::denied, "cannot make the data directory " + folder.string() + ": " + error.message() +
                                 "; give one that the daemon may write (--data)"};
}

// Two daemons on one data directory would each believe in their own truth.
class DataLock {
 public:
  static Result<DataLock> take(const std::filesystem::path& data) {
    const auto file = data / "lock";
    const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) return Error{Code::denied, "cannot open " + file.string() + ": " + std::strerror(errno) + "; give a data directory that the daemon may write (--data)"};
    DataLock lock(fd);
    if (::flock(fd, LOCK_EX | LOCK_NB) != 0)
      return Error{Code::conflict, "another daemon runs on " + data.string() + ": stop it, or give another --data"};
    return lock;
  }
  DataLock(DataLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  ~DataLock() {
    if (fd_ >= 0) ::close(fd_);
  }

 private:
  explicit DataLock(int fd) : fd_(fd) {}
  int fd_;
};

std::vector<std::filesystem::path> plugin_folders(const ServeOptions& options) {
  if (!options.plugins.empty()) return options.plugins;
  const auto program = std::filesystem::read_symlink("/proc/self/exe");
  return {options.data / "plugins", program.parent_path().parent_path() / "plugins"};
}

// Written whole or not at all: whoever waits for it never reads half of it.
Status write_ready_file(const std::filesystem::path& file, const std::string& url) {
  const auto half = file.string() + ".part";
  std::ofstream(half) << nlohmann::json{{"url", url}, {"pid", ::getpid()}}.dump() << '\n';
  if (std::rename(half.c_str(), file.c_str()) == 0) return {};
  return Error{Code::denied, "cannot write the ready file " + file.string() + ": " + std::strerror(errno)};
}

std::string url_of(const ServeOptions& options, std::uint16_t port) {
  const bool is_v6 = options.host.find(':') != std::string::npos;
  return (options.tls ? "https://" : "http://") + (is_v6 ? "[" + options.host + "]" : options.host) + ":" + std::to_string(port);
}

std::optional<std::string> given_password() {
  const char* password = std::getenv("MYRIAD_ADMIN_PASSWORD");
  if (!password || !*password) return std::nullopt;
  std::string copy = password;
  ::unsetenv("MYRIAD_ADMIN_PASSWORD");  // plugins and children need not see it
  return copy;
}

// Every floor, in the order in which they stand on each other; destroyed in reverse.
struct Floors {
  SystemClock clock;
  model::Points points;
  std::unique_ptr<registry::Registry> registry;
  std::unique_ptr<security::Security> security;
  std::unique_ptr<spine::Spine> spine;
  std::unique_ptr<historian::Historian> history;
  std::unique_ptr<bus::Bus> bus;
  std::unique_ptr<LiveFeed> feed;
  std::unique_ptr<plugin_host::Plugins> plugins;
  std::unique_ptr<plugin_host::Instances> instances;
  std::unique_ptr<api::Api> api;
  std::unique_ptr<edge::Server> server;
};

}  // namespace
}  // namespace myriad::app
