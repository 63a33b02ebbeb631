#include "plugin_runner/confine.h"

#include <dirent.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include "plugin_runner/landlock.h"
#include "plugin_runner/syscall_filter.h"

namespace myriad::plugin_runner {
namespace {

using Kind = Permissions::Network::Kind;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool is_sanitized = true;
#else
constexpr bool is_sanitized = false;
#endif

Error failed(const std::string& what) {
  return {Code::internal, what + ": " + std::strerror(errno)};
}

// For good, and never above what holds already.
Status limit(__rlimit_resource resource, std::uint64_t value, const char* name) {
  rlimit now{};
  if (::getrlimit(resource, &now) != 0) return failed(name);
  const rlim_t most = std::min<rlim_t>(value, now.rlim_max);
  const rlimit wanted{most, most};
  if (::setrlimit(resource, &wanted) != 0) return failed(name);
  return {};
}

// The address space may be much larger than the memory: allocators reserve it for each thread, and use little. Programs
// that compile as they run (Node.js) reserve 10 GiB for each module of WebAssembly.
Status set_limits(const Grants& grants, Confinement& out) {
  const auto& limits = grants.limits;
  const auto reserved = std::uint64_t{grants.programs.empty() ? 4u : 64u} << 30;
  struct Row {
    __rlimit_resource resource;
    std::uint64_t value;
    const char* name;
    bool of_memory = false;
  };
  for (const Row& row :
       {Row{RLIMIT_DATA, limits.memory_bytes, "the limit of memory", true},
        Row{RLIMIT_AS, limits.memory_bytes + reserved, "the limit of addresses", true},
        Row{RLIMIT_NOFILE, limits.descriptors, "the limit of open files"},
        Row{RLIMIT_FSIZE, limits.file_bytes, "the limit of a file's size"},
        Row{RLIMIT_CORE, limits.core_bytes, "the limit of core dumps"}, Row{RLIMIT_NICE, 0, "the limit of priority"},
        Row{RLIMIT_RTPRIO, 0, "the limit of real-time priority"},
        Row{RLIMIT_MSGQUEUE, 0, "the limit of message queues"}})
    if (!(is_sanitized && row.of_memory))
      if (auto ok = limit(row.resource, row.value, row.name); !ok) return ok;
  std::signal(SIGXFSZ, SIG_IGN);  // too large a file is an error of write(), not death
  if (is_sanitized)
    out.gaps.emplace_back("this build runs under a sanitizer, which needs much memory: memory is not limited");
  return {};
}

// For kernels before 5.9.
Status close_listed(const std::vector<int>& kept) {
  DIR* folder = ::opendir("/proc/self/fd");
  if (!folder) return failed("open descriptors are not known");
  std::vector<int> open;
  while (const dirent* entry = ::readdir(folder))
    if (const int fd = std::atoi(entry->d_name); entry->d_name[0] != '.' && fd != ::dirfd(folder)) open.push_back(fd);
  ::closedir(folder);
  for (const int fd : open)
    if (!std::binary_search(kept.begin(), kept.end(), fd)) ::close(fd);
  return {};
}

Status close_others(std::vector<int> kept) {
  std::sort(kept.begin(), kept.end());
  unsigned from = 0;
  kept.push_back(INT_MAX);
  for (const int fd : kept) {
    const auto to = static_cast<unsigned>(fd);
    if (from < to && ::syscall(SYS_close_range, from, to - 1, 0u) != 0) return close_listed(kept);
    from = to + 1;
  }
  return {};
}

// Also the capabilities that user 0 would get back from a program.
Status drop_privileges(Confinement& out) {
  ::umask(077);
  if (::geteuid() == 0)
    out.gaps.emplace_back(
        "Myriad runs as root, and so do its plugins, without root's capabilities: run it as a user of its own");
  if (::setgroups(0, nullptr) != 0 && errno != EPERM) return failed("groups");
  ::prctl(PR_SET_SECUREBITS, SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_CAP_AMBIENT_RAISE, 0, 0, 0);
  for (unsigned long capability = 0; ::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0; ++capability) continue;
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  const __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {};
  if (::syscall(SYS_capset, &header, none) != 0) return failed("capabilities");
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return failed("no new privileges");
  return {};
}

// The parent may have gone before the kernel was asked to watch it.
Status die_with(pid_t parent) {
  if (parent == 0) return {};
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) return failed("death with the parent");
  if (::getppid() != parent) return Error{Code::unavailable, "the process that started this one is gone"};
  return {};
}

bool is_granted(const Grants& grants, Kind kind) {
  return std::any_of(grants.network.begin(), grants.network.end(), [&](const auto& n) { return n.kind == kind; });
}

bool uses_tcp(const Grants& grants) {
  return is_granted(grants, Kind::tcp_connect) || is_granted(grants, Kind::tcp_listen);
}

bool names_ports(const Grants& grants) {
  return std::any_of(grants.network.begin(), grants.network.end(), [](const auto& n) { return !n.every_port(); });
}

Status confine_files(const Grants& grants, int at_most, Confinement& out) {
  out.landlock = std::min(landlock_version(), at_most);
  out.network_ports = out.landlock >= landlock_since::ports;
  const auto gap = [&](const char* text) { out.gaps.emplace_back(text); };
  if (out.landlock == 0) {
    gap("this kernel has no Landlock, so files are not confined: use Linux 5.13 or later, with landlock in its lsm= "
        "list");
  } else if (out.landlock < landlock_since::truncation) {
    gap("this kernel's Landlock does not know truncation, so files granted for reading can be emptied: use Linux 6.2 "
        "or later");
  }
  if (!out.network_ports && names_ports(grants))
    gap("this kernel does not confine TCP to ports, so every port is within reach: use Linux 6.7 or later");
  return out.landlock == 0 ? Status{} : apply_landlock(grants, out.landlock);
}

Status confine_calls(const Grants& grants, Confinement& out) {
  const auto ok = apply_syscall_filter(grants, out.landlock >= landlock_since::truncation);
  if (ok || ok.error().code != Code::unavailable) return ok;
  out.gaps.emplace_back(
      "this kernel has no seccomp filters, so system calls are not confined: use a kernel with CONFIG_SECCOMP_FILTER");
  return {};
}

}  // namespace

Result<Confinement> confine(const Grants& grants, int landlock_at_most) {
  Confinement out;
  if (uses_tcp(grants) && !is_granted(grants, Kind::udp)) ::setenv("RES_OPTIONS", "use-vc", 1);
  if (auto ok = set_limits(grants, out); !ok) return ok.error();
  if (auto ok = close_others(grants.descriptors); !ok) return ok.error();
  if (auto ok = drop_privileges(out); !ok) return ok.error();
  if (auto ok = die_with(grants.parent); !ok) return ok.error();
  if (auto ok = confine_files(grants, landlock_at_most, out); !ok) return ok.error();
  if (auto ok = confine_calls(grants, out); !ok) return ok.error();
  return out;
}

}  // namespace myriad::plugin_runner
