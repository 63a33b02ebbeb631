#include "base/spawn.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>

#include <cstring>

namespace myriad {
namespace {

// RAII around posix_spawn's two lists of what to do.
class Preparation {
 public:
  explicit Preparation(const Program& program) {
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    for (const auto& [ours, childs] : program.descriptors) ::posix_spawn_file_actions_adddup2(&actions, ours, childs);
    ::posix_spawn_file_actions_addchdir_np(&actions, program.folder.c_str());
    sigset_t none, all;
    ::sigemptyset(&none);
    ::sigfillset(&all);
    ::posix_spawnattr_init(&attributes);
    ::posix_spawnattr_setsigmask(&attributes, &none);
    ::posix_spawnattr_setsigdefault(&attributes, &all);
    ::posix_spawnattr_setpgroup(&attributes, 0);
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  }
  ~Preparation() {
    ::posix_spawn_file_actions_destroy(&actions);
    ::posix_spawnattr_destroy(&attributes);
  }
  Preparation(const Preparation&) = delete;
  Preparation& operator=(const Preparation&) = delete;

  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
};

// posix_spawn wants char*, and writes none of them.
std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (const auto& text : texts) out.push_back(const_cast<char*>(text.c_str()));
  out.push_back(nullptr);
  return out;
}

}  // namespace

Result<pid_t> spawn(const Program& program) {
  const Preparation preparation(program);
  pid_t pid = 0;
  const auto& path = program.command.at(0);
  const int error = ::posix_spawn(&pid, path.c_str(), &preparation.actions, &preparation.attributes,
                                  pointers(program.command).data(), pointers(program.variables).data());
  if (error != 0) return Error{Code::unavailable, "cannot start " + path + ": " + std::strerror(error)};
  return pid;
}

Descriptor out_of_the_way(int fd) {
  const Descriptor low(fd);
  return Descriptor(::fcntl(fd, F_DUPFD_CLOEXEC, 16));
}

std::string signal_name(int signal) {
  const char* name = ::sigabbrev_np(signal);
  return name ? std::string("SIG") + name : "signal " + std::to_string(signal);
}

}  // namespace myriad
