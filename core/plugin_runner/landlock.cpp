#include "plugin_runner/landlock.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace myriad::plugin_runner {
namespace {

using Network = Permissions::Network;
using Kind = Network::Kind;
using Rights = std::uint64_t;

// include/uapi/linux/landlock.h of Linux 6.12.
struct RulesetAttr {
  std::uint64_t handled_fs, handled_net, scoped;
};
struct [[gnu::packed]] PathAttr {
  std::uint64_t allowed;
  std::int32_t parent_fd;
};
struct PortAttr {
  std::uint64_t allowed, port;
};
constexpr unsigned ask_version = 1;
constexpr int rule_path = 1, rule_port = 2;
constexpr Rights execute = 1 << 0, write_file = 1 << 1, read_file = 1 << 2, read_dir = 1 << 3, remove_dir = 1 << 4,
                 remove_file = 1 << 5, make_dir = 1 << 7, make_reg = 1 << 8, make_fifo = 1 << 10, make_sock = 1 << 9,
                 make_sym = 1 << 12, refer = 1 << 13, truncate = 1 << 14, ioctl_dev = 1 << 15;
constexpr Rights bind_tcp = 1 << 0, connect_tcp = 1 << 1;
constexpr Rights scope_abstract = 1 << 0, scope_signal = 1 << 1;

constexpr Rights reading = read_file | read_dir;
constexpr Rights writing = reading | write_file | remove_dir | remove_file | make_dir | make_reg | make_fifo |
                           make_sock | make_sym | refer | truncate;
constexpr Rights controlling = read_file | write_file | ioctl_dev;
constexpr Rights of_files = execute | write_file | read_file | truncate | ioctl_dev;  // the others need a folder

Rights every_file_right(int version) {
  if (version >= landlock_since::device_control) return (1 << 16) - 1;
  if (version >= landlock_since::truncation) return (1 << 15) - 1;
  if (version >= landlock_since::moves) return (1 << 14) - 1;
  return (1 << 13) - 1;
}

class Descriptor {
 public:
  explicit Descriptor(long fd) : fd_(static_cast<int>(fd)) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

Error failed(const std::string& what) {
  return {Code::internal, "Landlock: " + what + ": " + std::strerror(errno)};
}

bool connects(Kind kind) {
  return kind == Kind::tcp_connect;
}
bool listens(Kind kind) {
  return kind == Kind::tcp_listen;
}

// Every port is granted by leaving the right out of what is confined.
Rights confined_net(const std::vector<Network>& network) {
  Rights out = bind_tcp | connect_tcp;
  for (const auto& n : network)
    if (n.every_port()) out &= ~(connects(n.kind) ? connect_tcp : listens(n.kind) ? bind_tcp : 0);
  return out;
}

class Ruleset {
 public:
  Ruleset(const std::vector<Network>& network, int version)
      : attr_(attr(network, version)), fd_(::syscall(SYS_landlock_create_ruleset, &attr_, attr_size(version), 0u)) {}

  bool is_made() const { return fd_.get() >= 0; }

  // A path that is not there is left out: its name alone grants nothing.
  Status path(const char* path, Rights rights) {
    const Descriptor at(::open(path, O_PATH | O_CLOEXEC));
    struct stat status {};
    if (at.get() < 0 || ::fstat(at.get(), &status) != 0) return {};
    if (!S_ISDIR(status.st_mode)) rights &= of_files;
    const PathAttr rule{rights & attr_.handled_fs, at.get()};
    if (add(rule_path, &rule) != 0) return failed(std::string("'") + path + "' cannot be granted");
    return {};
  }

  Status port(std::uint16_t port, Rights right) {
    const PortAttr rule{right, port};
    if (add(rule_port, &rule) != 0) return failed("port " + std::to_string(port) + " cannot be granted");
    return {};
  }

  // From here on the rules hold.
  Status apply() const {
    if (::syscall(SYS_landlock_restrict_self, fd_.get(), 0u) != 0) return failed("the rules are not taken");
    return {};
  }

  bool confines(Rights net_right) const { return (attr_.handled_net & net_right) != 0; }

 private:
  static RulesetAttr attr(const std::vector<Network>& network, int version) {
    RulesetAttr out{every_file_right(version), 0, 0};
    if (version >= landlock_since::ports) out.handled_net = confined_net(network);
    if (version >= landlock_since::scopes) out.scoped = scope_signal;
    const bool local = std::any_of(network.begin(), network.end(), [](auto& n) { return n.kind == Kind::local; });
    if (version >= landlock_since::scopes && !local) out.scoped |= scope_abstract;
    return out;
  }
  // An older kernel refuses a longer struct only when its new fields are set, but asks for no less either.
  static std::size_t attr_size(int version) {
    if (version >= landlock_since::scopes) return sizeof(RulesetAttr);
    return version >= landlock_since::ports ? 16 : 8;
  }
  long add(int type, const void* rule) const { return ::syscall(SYS_landlock_add_rule, fd_.get(), type, rule, 0u); }

  RulesetAttr attr_;
  Descriptor fd_;
};

// What every program reads; no secrets are there. /etc/ssl/private and its like stay closed.
constexpr std::array readable{"/lib",
                              "/lib32",
                              "/lib64",
                              "/usr/lib",
                              "/usr/lib32",
                              "/usr/lib64",
                              "/usr/local/lib",
                              "/etc/ld.so.cache",
                              "/etc/localtime",
                              "/usr/share/zoneinfo",
                              "/etc/ssl/certs",
                              "/etc/ssl/openssl.cnf",
                              "/etc/pki/tls/certs",
                              "/etc/pki/ca-trust/extracted",
                              "/usr/share/ca-certificates",
                              "/usr/local/share/ca-certificates",
                              "/dev/zero",
                              "/dev/random",
                              "/dev/urandom",
                              "/proc/self",
                              "/proc/cpuinfo",
                              "/proc/meminfo",
                              "/sys/devices/system/cpu"};
// Where a program's loader is.
constexpr std::array executable{"/lib", "/lib32", "/lib64", "/usr/lib", "/usr/lib32", "/usr/lib64"};

Status grant_system(Ruleset& rules, bool programs) {
  for (const auto* path : readable)
    if (auto ok = rules.path(path, reading); !ok) return ok;
  if (auto ok = rules.path("/dev/null", read_file | write_file); !ok) return ok;
  for (const auto* path : executable)
    if (programs)
      if (auto ok = rules.path(path, execute); !ok) return ok;
  return {};
}

Status grant_files(Ruleset& rules, const Grants& grants) {
  if (auto ok = rules.path(grants.home.c_str(), writing); !ok) return ok;
  if (auto ok = rules.path(grants.plugin.c_str(), reading); !ok) return ok;
  for (const auto& file : grants.files)
    if (auto ok = rules.path(file.path.c_str(), file.write ? writing : reading); !ok) return ok;
  for (const auto& device : grants.devices)
    if (auto ok = rules.path(device.path.c_str(), controlling); !ok) return ok;
  for (const auto& program : grants.programs)
    if (auto ok = rules.path(program.c_str(), read_file | execute); !ok) return ok;
  return {};
}

Status grant_ports(Ruleset& rules, const std::vector<Network>& network) {
  constexpr std::uint16_t domain = 53;  // names are looked up over TCP
  for (const auto& n : network) {
    const Rights right = connects(n.kind) ? connect_tcp : listens(n.kind) ? bind_tcp : 0;
    if (!rules.confines(right)) continue;
    for (int port = n.first; port <= n.last; ++port)
      if (auto ok = rules.port(static_cast<std::uint16_t>(port), right); !ok) return ok;
    if (connects(n.kind))
      if (auto ok = rules.port(domain, connect_tcp); !ok) return ok;
  }
  return {};
}

}  // namespace

int landlock_version() {
  const long version = ::syscall(SYS_landlock_create_ruleset, nullptr, std::size_t{0}, ask_version);
  return static_cast<int>(std::max(version, 0L));
}

Status apply_landlock(const Grants& grants, int version) {
  Ruleset rules(grants.network, version);
  if (!rules.is_made()) return failed("no rules can be made");
  if (auto ok = grant_system(rules, !grants.programs.empty()); !ok) return ok;
  if (auto ok = grant_files(rules, grants); !ok) return ok;
  if (auto ok = grant_ports(rules, grants.network); !ok) return ok;
  return rules.apply();
}

}  // namespace myriad::plugin_runner
