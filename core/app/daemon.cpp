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

#include "api/handler.h"
#include "app/live_feed.h"
#include "app/logging.h"
#include "bus/bus.h"
#include "edge/server.h"
#include "historian/historian.h"
#include "plugin_host/instances.h"
#include "registry/registry.h"
#include "security/security.h"
#include "spine/spine.h"
#include "storage/integrity.h"

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

std::vector<std::filesystem::path> plugin_folders(const ServeOptions& options) {
  if (!options.plugins.empty()) return options.plugins;
  const auto program = std::filesystem::read_symlink("/proc/self/exe");
  std::vector<std::filesystem::path> folders{program.parent_path().parent_path() / "plugins"};
  if (const auto installed = options.data / "plugins"; std::filesystem::exists(installed)) folders.push_back(installed);
  return folders;
}

std::string site_name() {
  char name[256] = "";
  ::gethostname(name, sizeof name - 1);
  return *name ? name : "myriad";
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

// Every floor, in the order in which they stand on each other; taken down in reverse.
struct Floors {
  explicit Floors(const Logging& logging) : integrity(clock, logging.log("integrity")) {}

  SystemClock clock;
  storage::Integrity integrity;
  model::Points points;
  std::unique_ptr<registry::Registry> registry;
  std::unique_ptr<security::Security> security;
  std::unique_ptr<spine::Spine> spine;
  std::unique_ptr<historian::Historian> history;
  std::shared_ptr<void> history_place;  // shows the spine's other users how far history is
  std::unique_ptr<bus::Bus> bus;
  std::unique_ptr<LiveFeed> feed;
  std::unique_ptr<plugin_host::Plugins> plugins;
  std::unique_ptr<plugin_host::Instances> instances;
  std::unique_ptr<api::Api> api;
  std::unique_ptr<edge::Server> server;
};

// Takes what a floor's opening answered, or its error.
template <class T>
Status keep(Result<std::unique_ptr<T>> opened, std::unique_ptr<T>& place) {
  if (!opened) return opened.error();
  place = std::move(*opened);
  return {};
}

Status open_stores(Floors& f, const ServeOptions& options, const Logging& logging) {
  const auto& data = options.data;
  if (auto ok =
          keep(registry::Registry::open(data / "registry.db", f.integrity.watch(data / "registry.db")), f.registry);
      !ok)
    return ok;
  if (auto ok = keep(security::Security::open({.file = data / "security.db",
                                               .keys = data / "keys",
                                               .on_damage = f.integrity.watch(data / "security.db")},
                                              f.clock, logging.log("security")),
                     f.security);
      !ok)
    return ok;
  spine::Options spine;
  spine.file = data / "spine.db";
  spine.retain_bytes = options.spine_megabytes << 20;
  spine.retain_time = std::chrono::hours(options.spine_hours);
  spine.on_damage = f.integrity.watch(spine.file);
  spine.durability = options.durability;
  spine.commit_interval = std::chrono::milliseconds(options.commit_ms);
  spine.commit_bytes = options.commit_kilobytes << 10;
  if (auto ok = keep(spine::Spine::open(spine, f.points, f.clock, logging.log("spine")), f.spine); !ok) return ok;
  f.integrity.watch(data / "history.db");
  if (auto ok = keep(historian::Historian::open({.file = data / "history.db"}, *f.spine, f.points, f.clock,
                                                logging.log("historian")),
                     f.history);
      !ok)
    return ok;
  f.history_place = f.spine->follow("historian", [&history = *f.history] { return history.stats().next; });
  return {};
}

void start_flow(Floors& f, const ServeOptions& options, const Logging& logging) {
  f.bus = bus::Bus::make(f.points);
  f.feed = std::make_unique<LiveFeed>(*f.spine, *f.history, *f.bus, f.points, logging.log("live"));
  f.plugins = plugin_host::Plugins::scan(plugin_folders(options), logging.log("plugins"));
  f.instances =
      plugin_host::Instances::make({*f.plugins, *f.registry, *f.spine, f.points, f.clock, logging.log("instances")});
}

Status open_doors(Floors& f, const ServeOptions& options, const Logging& logging) {
  f.api = std::make_unique<api::Api>(api::Parts{*f.registry, *f.spine, *f.history, *f.bus, f.points, *f.plugins,
                                                *f.instances, *f.security, f.integrity, f.clock, logging.log("api"),
                                                MYRIAD_VERSION, site_name()});
  edge::Options edge;
  edge.host = options.host;
  edge.port = options.port;
  edge.spool = options.data;  // long bodies wait on the same disk as what they become
  if (options.tls && !options.certificate.empty()) {
    edge.certificate = options.certificate;
    edge.key = options.key;
  } else if (options.tls) {
    const auto files = security::ensure_certificate(options.data / "tls", logging.log("security"));
    if (!files) return files.error();
    edge.certificate = files->certificate;
    edge.key = files->key;
  }
  return keep(edge::Server::start(edge, *f.api, logging.log("edge")), f.server);
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

// The doors close first, then equipment stops, then what it sent is written. False when a plugin did not return.
bool stop(Floors& f) {
  f.integrity.stop();
  if (f.api) f.api->closing();
  if (f.server) f.server->stop(1s);
  f.server.reset();
  const bool all_returned = !f.instances || f.instances->stop_all(3s) == 0;
  f.feed.reset();
  f.instances.reset();
  if (f.spine) f.spine->close();
  if (f.history) f.history->close();
  return all_returned;
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
  const bool all_returned = stop(floors);
  const int code = started ? 0 : fail(started.error());
  if (!all_returned) {  // the thread of a hung plugin must not meet destructors
    logging.close();
    std::_Exit(code);
  }
  return code;
}

}  // namespace myriad::app
