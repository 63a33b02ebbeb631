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

#include "app/floors.h"

namespace myriad::app {
namespace {

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
    if (fd < 0)
      return Error{Code::denied, "cannot open " + file.string() + ": " + std::strerror(errno) +
                                     "; give a data directory that the daemon may write (--data)"};
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

// Written whole or not at all: whoever waits for it never reads half of it.
Status write_ready_file(const std::filesystem::path& file, const std::string& url) {
  const auto half = file.string() + ".part";
  std::ofstream(half) << nlohmann::json{{"url", url}, {"pid", ::getpid()}}.dump() << '\n';
  if (std::rename(half.c_str(), file.c_str()) == 0) return {};
  return Error{Code::denied, "cannot write the ready file " + file.string() + ": " + std::strerror(errno)};
}

std::string url_of(const ServeOptions& options, std::uint16_t port) {
  const bool is_v6 = options.host.find(':') != std::string::npos;
  return (options.tls ? "https://" : "http://") + (is_v6 ? "[" + options.host + "]" : options.host) + ":" +
         std::to_string(port);
}

std::optional<std::string> given_password() {
  const char* password = std::getenv("MYRIAD_ADMIN_PASSWORD");
  if (!password || !*password) return std::nullopt;
  std::string copy = password;
  ::unsetenv("MYRIAD_ADMIN_PASSWORD");  // plugins and children need not see it
  return copy;
}

Status ensure_admin(Floors& f) {
  const auto made = f.security->ensure_admin(given_password());
  if (!made) return made.error();
  if (*made)
    std::cout << "The first administrator is 'admin' with the password " << **made
              << "\nIt is shown only now; change it at the first sign-in." << std::endl;
  return {};
}

Status start(Floors& f, const ServeOptions& options, const Logging& logging) {
  if (auto ok = open_stores(f, options, logging); !ok) return ok;
  if (auto ok = ensure_admin(f); !ok) return ok;
  start_flow(f, options, logging);
  if (auto ok = open_doors(f, options, logging); !ok) return ok;
  f.api->serving([&server = *f.server] { return server.stats(); });
  f.instances->start_enabled();
  f.integrity.start();
  const auto url = url_of(options, f.server->port());
  logging.log("app").info("serving " + url);
  return options.ready_file.empty() ? Status{} : write_ready_file(options.ready_file, url);
}

void reload(const ServeOptions& options, Logging& logging) {
  const auto log = logging.log("app");
  if (options.config.empty()) return log.warn("SIGHUP: there is no configuration file to read again");
  const auto fresh = parse_serve({"--config", options.config.string()});
  if (!fresh) return log.error("SIGHUP: " + fresh.error().message);
  logging.set_level(fresh->log_level);
  log.info("read the log level again from " + options.config.string());
}

void wait_for_end(const sigset_t& signals, const ServeOptions& options, Logging& logging) {
  for (int signal = 0; signal != SIGTERM && signal != SIGINT;) {
    if (sigwait(&signals, &signal) != 0) return;
    if (signal == SIGHUP) reload(options, logging);
  }
}

int fail(const Error& error) {
  std::cerr << "myriad: " << error.message << std::endl;
  return 1;
}

}  // namespace

int run_daemon(const ServeOptions& options) {
  // Blocked in every thread, taken by sigwait: no work happens in signal handlers.
  const sigset_t signals = handled_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  ::signal(SIGPIPE, SIG_IGN);

  if (auto made = make_folder(options.data); !made) return fail(made.error());
  const auto lock = DataLock::take(options.data);
  if (!lock) return fail(lock.error());

  Logging logging(options.log_level);
  Floors floors(logging);
  const auto started = start(floors, options, logging);
  if (started) wait_for_end(signals, options, logging);
  const bool all_returned = stop_floors(floors);
  const int code = started ? 0 : fail(started.error());
  if (!all_returned) {  // the thread of a hung plugin must not meet destructors
    logging.close();
    std::_Exit(code);
  }
  return code;
}

}  // namespace myriad::app
