#include "validator/child.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstring>

#include "base/spawn.h"

extern char** environ;

namespace myriad::validator {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t max_output = 16 << 10, max_report = 1 << 20;

struct Pipe {
  Descriptor read, write;
};

Result<Pipe> make_pipe() {
  int fds[2];
  if (::pipe2(fds, O_CLOEXEC) != 0)
    return Error{Code::unavailable, std::string("no pipe for a check: ") + std::strerror(errno)};
  ::fcntl(fds[0], F_SETFL, O_NONBLOCK);
  return Pipe{Descriptor(fds[0]), out_of_the_way(fds[1])};
}

std::vector<std::string> environment(const std::filesystem::path& home) {
  std::vector<std::string> out{"PATH=/usr/bin:/bin", "LANG=C.UTF-8", "HOME=" + home.string(),
                               "TMPDIR=" + home.string()};
  for (char** each = environ; *each; ++each)
    for (const std::string_view kept : {"LD_LIBRARY_PATH=", "TZ=", "ASAN_OPTIONS=", "UBSAN_OPTIONS=", "TSAN_OPTIONS="})
      if (std::string_view(*each).starts_with(kept)) out.emplace_back(*each);
  return out;
}

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
  const int output_fd = output->write.get();
  const auto pid =
      spawn({command, home, environment(home), {{output_fd, 1}, {output_fd, 2}, {report->write.get(), report_fd}}});
  if (!pid) return pid.error();
  report->write = Descriptor();
  output->write = Descriptor();
  return watch(*pid, *report, *output, limit);
}

}  // namespace myriad::validator
