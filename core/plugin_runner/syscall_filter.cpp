#include "plugin_runner/syscall_filter.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <linux/netlink.h>
#include <linux/prctl.h>
#include <linux/sched.h>
#include <linux/serial.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <initializer_list>
#include <memory>

#include "plugin_runner/syscall_names.h"

namespace myriad::plugin_runner {
namespace {

using Kind = Permissions::Network::Kind;
using Argument = scmp_arg_cmp;

Argument equals(unsigned index, std::uint64_t value) {
  return {index, SCMP_CMP_EQ, value, 0};
}
Argument masked(unsigned index, std::uint64_t mask, std::uint64_t value) {
  return {index, SCMP_CMP_MASKED_EQ, mask, value};
}
Argument without(unsigned index, std::uint64_t bits) {
  return masked(index, bits, 0);
}

// Builds a filter. The first failure is kept, and what follows it does nothing.
class Filter {
 public:
  Filter() : context_(seccomp_init(SCMP_ACT_ERRNO(EPERM))) {
    if (!context_) fail("it cannot be made", -ENOMEM);
    // A plugin is one domain of trust: the slow barrier against its own speculation serves nobody.
    set(SCMP_FLTATR_CTL_SSB, 1);
    set(SCMP_FLTATR_CTL_TSYNC, 1);
    set(SCMP_FLTATR_CTL_OPTIMIZE, 2);  // a binary tree: about eight comparisons for any call
    set(SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
  }

  void allow(const char* name, std::initializer_list<Argument> arguments = {}) { add(SCMP_ACT_ALLOW, name, arguments); }
  // The C library takes its older way when a call "is not there".
  void deny_as_unknown(const char* name) { add(SCMP_ACT_ERRNO(ENOSYS), name, {}); }

  Status load() {
    if (failure_ == 0)
      if (const int rc = seccomp_load(context_.get()); rc != 0) fail("it is not taken", rc);
    if (failure_ == 0) return {};
    const bool missing = failure_ == -EINVAL || failure_ == -ENOSYS || failure_ == -EOPNOTSUPP;
    return Error{missing ? Code::unavailable : Code::internal,
                 "the filter of system calls: " + at_ + ": " + std::strerror(-failure_)};
  }

 private:
  void set(scmp_filter_attr attribute, std::uint32_t value) {
    if (failure_ != 0) return;
    if (const int rc = seccomp_attr_set(context_.get(), attribute, value); rc != 0)
      fail("attribute " + std::to_string(attribute), rc);
  }
  // Names that this processor or this library does not know are no calls here.
  void add(std::uint32_t action, const char* name, std::initializer_list<Argument> arguments) {
    const int number = seccomp_syscall_resolve_name(name);
    if (failure_ != 0 || number == __NR_SCMP_ERROR) return;
    const auto count = static_cast<unsigned>(arguments.size());
    if (const int rc = seccomp_rule_add_array(context_.get(), action, number, count, arguments.begin()); rc != 0)
      fail(name, rc);
  }
  void fail(std::string at, int rc) {
    at_ = std::move(at);
    failure_ = rc;
  }

  struct Release {
    void operator()(void* context) const { seccomp_release(context); }
  };
  std::unique_ptr<void, Release> context_;
  std::string at_;
  int failure_ = 0;
};

bool has(const Grants& grants, std::initializer_list<Kind> kinds) {
  return std::any_of(grants.network.begin(), grants.network.end(),
                     [&](const auto& n) { return std::find(kinds.begin(), kinds.end(), n.kind) != kinds.end(); });
}

void allow_threads(Filter& filter) {
  constexpr std::uint64_t spaces =
      CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWNS;
  filter.allow("clone", {masked(0, spaces | CLONE_THREAD, CLONE_THREAD)});
  filter.deny_as_unknown("clone3");  // its flags are out of a filter's sight
}

void allow_signals_to_itself(Filter& filter) {
  const auto self = static_cast<std::uint64_t>(::getpid());
  for (const auto* name : {"kill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo"})
    filter.allow(name, {equals(0, self)});
}

void allow_limits_of_itself(Filter& filter) {
  filter.allow("prlimit64", {equals(0, 0)});
  for (const int option : {PR_SET_NAME, PR_GET_NAME, PR_GET_DUMPABLE, PR_GET_PDEATHSIG, PR_GET_NO_NEW_PRIVS,
                           PR_GET_SECCOMP, PR_CAPBSET_READ, PR_GET_TIMERSLACK, PR_SET_TIMERSLACK, PR_SET_VMA})
    filter.allow("prctl", {equals(0, static_cast<std::uint64_t>(option))});
}

// Shared memory without a file counts to no limit of the process.
void allow_memory(Filter& filter) {
  for (const auto* name : {"mmap", "mmap2"}) {
    filter.allow(name, {without(3, MAP_ANONYMOUS)});
    filter.allow(name, {without(3, MAP_SHARED)});
  }
}

// Not those that send signals to others (F_SETOWN, F_SETSIG), which kill() could not.
void allow_fcntl(Filter& filter) {
  for (const auto* name : {"fcntl", "fcntl64"})
    for (const int command : {F_DUPFD, F_DUPFD_CLOEXEC, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_GETLK, F_SETLK, F_SETLKW,
                              F_OFD_GETLK, F_OFD_SETLK, F_OFD_SETLKW, F_GETPIPE_SZ, F_SETPIPE_SZ})
      filter.allow(name, {equals(1, static_cast<std::uint64_t>(command))});
}

// The kernel looks at the lower 32 bits of a request only.
void allow_request(Filter& filter, std::uint64_t request) {
  filter.allow("ioctl", {masked(1, 0xffffffff, request)});
}

void allow_device_control(Filter& filter) {
  // Not TIOCSTI, TIOCLINUX, TIOCCONS, TIOCSETD: typing for others, screens of others, line disciplines.
  for (const auto request : std::initializer_list<std::uint64_t>{
           TCSETS,      TCSETSW,     TCSETSF,     TCSBRK,     TCSBRKP,    TCXONC,   TCFLSH,
           TIOCEXCL,    TIOCNXCL,    TIOCMGET,    TIOCMSET,   TIOCMBIS,   TIOCMBIC, TIOCMIWAIT,
           TIOCGICOUNT, TIOCGSERIAL, TIOCSSERIAL, TIOCGRS485, TIOCSRS485, TIOCSBRK, TIOCCBRK})
    allow_request(filter, request);
  constexpr std::uint64_t speeds[] = {0x802c542a, 0x402c542b, 0x402c542c, 0x402c542d};  // TCGETS2, TCSETS2, …W2, …F2
  for (const auto request : speeds) allow_request(filter, request);
  // By the kind in bits 8 to 15: printers, I2C, SPI, GPIO, clocks, USB, HID, video, IIO, watchdogs, input, test and
  // measurement. Documentation/userspace-api/ioctl/ioctl-number.rst.
  for (const auto kind : std::initializer_list<std::uint64_t>{0x06, 0x07, 'k' + 0, 0xb4, 'p' + 0, 'U' + 0, 'H' + 0,
                                                              'V' + 0, 'i' + 0, 'W' + 0, 'E' + 0, 0x5b})
    filter.allow("ioctl", {masked(1, 0xff00, kind << 8)});
}

void allow_ioctl(Filter& filter, const Grants& grants) {
  for (const auto request : std::initializer_list<std::uint64_t>{
           FIONREAD, FIONBIO, FIOCLEX, FIONCLEX, TCGETS, TIOCGWINSZ, TIOCOUTQ, SIOCATMARK, SIOCGIFNAME, SIOCGIFINDEX,
           SIOCGIFCONF, SIOCGIFFLAGS, SIOCGIFADDR, SIOCGIFBRDADDR, SIOCGIFNETMASK, SIOCGIFMTU, SIOCGIFHWADDR})
    allow_request(filter, request);
  if (!grants.devices.empty()) allow_device_control(filter);
}

void allow_socket(Filter& filter, int family, int type, int protocol) {
  constexpr std::uint64_t flags = SOCK_CLOEXEC | SOCK_NONBLOCK;
  filter.allow("socket",
               {equals(0, static_cast<std::uint64_t>(family)), masked(1, ~flags, static_cast<std::uint64_t>(type)),
                equals(2, static_cast<std::uint64_t>(protocol))});
}

void allow_sockets(Filter& filter, const Grants& grants) {
  filter.allow("socketpair", {equals(0, AF_UNIX)});
  if (has(grants, {Kind::local})) filter.allow("socket", {equals(0, AF_UNIX)});
  const bool tcp = has(grants, {Kind::tcp_connect, Kind::tcp_listen}), udp = has(grants, {Kind::udp});
  for (const int family : {AF_INET, AF_INET6}) {
    // No other protocols: Landlock knows the ports of TCP alone, and not those of MPTCP or SCTP.
    for (const int protocol : {0, static_cast<int>(IPPROTO_TCP)})
      if (tcp) allow_socket(filter, family, SOCK_STREAM, protocol);
    for (const int protocol : {0, static_cast<int>(IPPROTO_UDP)})
      if (udp) allow_socket(filter, family, SOCK_DGRAM, protocol);
  }
  // getaddrinfo() and getifaddrs() ask the kernel which addresses there are.
  for (const int type : {SOCK_RAW, SOCK_DGRAM})
    if (tcp || udp) allow_socket(filter, AF_NETLINK, type, NETLINK_ROUTE);
}

void allow_ports(Filter& filter, const Grants& grants) {
  if (has(grants, {Kind::tcp_connect, Kind::udp, Kind::local})) filter.allow("connect");
  if (!grants.network.empty()) filter.allow("bind");  // netlink sockets are bound as well
  if (!has(grants, {Kind::tcp_listen, Kind::local})) return;
  for (const auto* name : {"listen", "accept", "accept4"}) filter.allow(name);
}

// Fast open connects without connect(), and so past the ports that Landlock grants.
void allow_sending(Filter& filter, const Grants& grants) {
  const bool any_port = std::any_of(grants.network.begin(), grants.network.end(),
                                    [](const auto& n) { return n.kind == Kind::tcp_connect && n.every_port(); });
  const bool guard = has(grants, {Kind::tcp_connect, Kind::tcp_listen}) && !any_port;
  constexpr std::array<std::pair<const char*, unsigned>, 3> calls{{{"sendto", 3}, {"sendmsg", 2}, {"sendmmsg", 3}}};
  for (const auto& [name, flags] : calls)
    if (guard)
      filter.allow(name, {without(flags, MSG_FASTOPEN)});
    else
      filter.allow(name);
}

}  // namespace

Status apply_syscall_filter(const Grants& grants, bool truncation_confined) {
  Filter filter;
  for (const auto* name : plain_calls) filter.allow(name);
  if (truncation_confined)
    for (const auto* name : {"truncate", "truncate64"}) filter.allow(name);
  allow_threads(filter);
  allow_signals_to_itself(filter);
  allow_limits_of_itself(filter);
  allow_memory(filter);
  allow_fcntl(filter);
  allow_ioctl(filter, grants);
  allow_sockets(filter, grants);
  allow_ports(filter, grants);
  allow_sending(filter, grants);
  if (!grants.programs.empty()) filter.allow("execve");
  return filter.load();
}

}  // namespace myriad::plugin_runner
