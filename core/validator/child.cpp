#include "validator/child.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <utility>

extern char** environ;

namespace myriad::validator {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t max_output = 16 << 10, max_report = 1 << 20;

// Closes with the object.
class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

struct Pipe {
  Descriptor read, write;
};

// The child's end must not lie where it shall find another.
Result<Pipe> make_pipe() {
  int fds[2];
  if (::pipe2(fds, O_CLOEXEC) != 0)
    return Error{Code::unavailable, std::string("no pipe for a check: ") + std::strerror(errno)};
  const Descriptor low(fds[1]);
  ::fcntl(fds[0], F_SETFL, O_NONBLOCK);
  return Pipe{Descriptor(fds[0]), Descriptor(::fcntl(low.get(), F_DUPFD_CLOEXEC, 16))};
}

std::vector<std::string> environment(const std::filesystem::path& home) {
  std::vector<std::string> out{"PATH=/usr/bin:/bin", "LANG=C.UTF-8", "HOME=" + home.string(),
                               "TMPDIR=" + home.string()};
  for (char** each = environ; *each; ++each)
    for (const std::string_view kept : {"LD_LIBRARY_PATH=", "TZ=", "ASAN_OPTIONS=", "UBSAN_OPTIONS=", "TSAN_OPTIONS="})
      if (std::string_view(*each).starts_with(kept)) out.emplace_back(*each);
  return out;
}

// posix_spawn wants char*, and writes none of them.
std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (const auto& text : texts) out.push_back(const_cast<char*>(text.c_str()));
  out.push_back(nullptr);
  return out;
}

// What posix_spawn does besides: descriptors, folder, signals, process group.
class Preparation {
 public:
  Preparation(int report, int output, const std::filesystem::path& home) {
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_adddup2(&actions, output, 1);
    ::posix_spawn_file_actions_adddup2(&actions, output, 2);
    ::posix_spawn_file_actions_adddup2(&actions, report, report_fd);
    ::posix_spawn_file_actions_addchdir_np(&actions, home.c_str());
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

// Takes what is there, keeps at most `most`. False: the other end is closed.
bool drain(int fd, std::string& into, std::size_t most) {
  char buffer[4096];
  for (;;) {
    const auto size = ::read(fd, buffer, sizeof buffer);
    if (size > 0)
      into.append(buffer, std::min(static_cast<std::size_t>(size), most - std::min(most, into.size())));
    else if (size == 0 || errno != EINTR)
      return size < 0 && errno == EAGAIN;
  }
}

// Reads until the process has ended or the time is up, then kills its group and what it left behind.
Ended watch(pid_t pid, const Pipe& report, const Pipe& output, std::chrono::milliseconds limit) {
  Ended ended;
  const auto begin = Clock::now(), deadline = begin + limit;
  const Descriptor process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));  // glibc 2.36 declares it for C only
  std::array<pollfd, 3> waits{
      {{process.get(), POLLIN, 0}, {report.read.get(), POLLIN, 0}, {output.read.get(), POLLIN, 0}}};
  while (!(waits[0].revents & POLLIN)) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
    if (left.count() <= 0) {
      ended.how = Ended::How::too_slow;
      break;
    }
    ::poll(waits.data(), waits.size(), static_cast<int>(left.count()));
    if (!drain(report.read.get(), ended.report, max_report)) waits[1].fd = -1;
    if (!drain(output.read.get(), ended.output, max_output)) waits[2].fd = -1;
  }
  ::kill(-pid, SIGKILL);
  ::kill(pid, SIGKILL);  // where it left its group
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
  drain(report.read.get(), ended.report, max_report);
  drain(output.read.get(), ended.output, max_output);
  ended.took = Clock::now() - begin;
  if (ended.how == Ended::How::too_slow) return ended;
  ended.how = WIFEXITED(status) ? Ended::How::exited : Ended::How::crashed;
  ended.code = WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status);
  return ended;
}

}  // namespace

Result<Ended> run_child(const std::vector<std::string>& command, const std::filesystem::path& home,
                        std::chrono::milliseconds limit) {
  auto report = make_pipe(), output = make_pipe();
  if (!report) return report.error();
  if (!output) return output.error();
  const Preparation preparation(report->write.get(), output->write.get(), home);
  const auto variables = environment(home);
  pid_t pid = 0;
  const int error = ::posix_spawn(&pid, command[0].c_str(), &preparation.actions, &preparation.attributes,
                                  pointers(command).data(), pointers(variables).data());
  if (error != 0) return Error{Code::unavailable, "cannot start " + command[0] + ": " + std::strerror(error)};
  report->write = Descriptor();
  output->write = Descriptor();
  return watch(pid, *report, *output, limit);
}

std::string signal_name(int signal) {
  const char* name = ::sigabbrev_np(signal);
  return name ? std::string("SIG") + name : "signal " + std::to_string(signal);
}

}  // namespace myriad::validator
