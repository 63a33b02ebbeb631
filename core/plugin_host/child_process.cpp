#include "plugin_host/child_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <thread>

#include "base/spawn.h"
#include "base/time_text.h"
#include "plugin_runner/protocol.h"

namespace myriad::plugin_host {
namespace {

namespace fs = std::filesystem;

Error failed(const std::string& what, int error) {
  return {Code::unavailable, what + ": " + std::strerror(error)};
}

struct Pair {
  Descriptor ours, theirs;
};

Result<Pair> packet_sockets() {
  int fds[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) != 0)
    return failed("no sockets for the plugin's process (is the limit of open files reached?)", errno);
  // As much as the system allows: what is in flight need not be refused.
  constexpr int wanted = 1 << 20;
  for (const int fd : fds)
    if (::setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &wanted, sizeof wanted) != 0)
      ::setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &wanted, sizeof wanted);
  return Pair{Descriptor(fds[0]), out_of_the_way(fds[1])};
}

Result<Pair> pipe_back() {
  int fds[2];
  if (::pipe2(fds, O_CLOEXEC) != 0) return failed("no pipe for the plugin's process", errno);
  return Pair{Descriptor(fds[0]), out_of_the_way(fds[1])};
}

void set_nonblocking(int fd) {
  ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
}

}  // namespace

Result<std::unique_ptr<ChildProcess>> ChildProcess::spawn(const std::vector<std::string>& command,
                                                          const fs::path& home) {
  std::error_code error;
  fs::create_directories(home, error);
  if (!error) fs::permissions(home, fs::perms::owner_all, error);
  if (error)
    return Error{Code::unavailable, "cannot make the instance's folder " + home.string() + ": " + error.message()};

  auto calls = packet_sockets(), side = packet_sockets(), output = pipe_back();
  if (!calls) return calls.error();
  if (!side) return side.error();
  if (!output) return output.error();

  const int output_fd = output->theirs.get();
  const auto pid =
      myriad::spawn({command,
                     home,
                     {"PATH=/usr/bin:/bin", "LANG=C.UTF-8", "HOME=" + home.string(), "TMPDIR=" + home.string()},
                     {{output_fd, 1},
                      {output_fd, 2},
                      {calls->theirs.get(), plugin_runner::calls_fd},
                      {side->theirs.get(), plugin_runner::side_fd}}});
  if (!pid) return Error{pid.error().code, pid.error().message + ", for the plugin"};
  set_nonblocking(side->ours.get());
  set_nonblocking(output->ours.get());
  return std::unique_ptr<ChildProcess>(
      new ChildProcess(*pid, home, std::move(calls->ours), std::move(side->ours), std::move(output->ours)));
}

ChildProcess::ChildProcess(int pid, fs::path home, Descriptor calls, Descriptor side, Descriptor output)
    : pid_(pid), home_(std::move(home)), calls_(std::move(calls)), side_(std::move(side)), output_(std::move(output)) {}

ChildProcess::~ChildProcess() {
  kill("it is no longer needed");
  end(std::chrono::seconds(5));
}

bool ChildProcess::reap() {
  if (!ended_ && ::waitpid(pid_, &status_, WNOHANG) == pid_) ended_ = true;
  return ended_;
}

void ChildProcess::kill(std::string reason) {
  const std::lock_guard lock(mutex_);
  if (reap()) return;
  if (reason_.empty()) reason_ = std::move(reason);
  ::kill(-pid_, SIGKILL);
  ::kill(pid_, SIGKILL);  // where it left its group
}

std::string ChildProcess::end(std::chrono::milliseconds limit) {
  using Clock = std::chrono::steady_clock;
  const auto deadline = Clock::now() + limit;
  for (auto pause = std::chrono::microseconds(200);; pause = std::min(pause * 2, std::chrono::microseconds(10'000))) {
    {
      const std::lock_guard lock(mutex_);
      if (reap()) return why();
    }
    if (Clock::now() >= deadline) kill("it did not end within " + std::to_string(limit.count()) + " ms");
    std::this_thread::sleep_for(pause);
  }
}

std::string ChildProcess::why() const {
  if (!reason_.empty()) return "was ended: " + reason_;
  if (WIFEXITED(status_)) return "ended by itself with exit code " + std::to_string(WEXITSTATUS(status_));
  return "crashed with " + signal_name(WTERMSIG(status_)) + (WCOREDUMP(status_) ? " (" + name_core_dump() + ")" : "");
}

// Only the newest is kept, under a name that says whose it is and from when.
std::string ChildProcess::name_core_dump() const {
  fs::path found;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(home_, error)) {
    const auto name = entry.path().filename().string();
    if (name == "core" || name == "core." + std::to_string(pid_)) found = entry.path();
    if (name.starts_with("core-")) fs::remove(entry.path(), error);
  }
  if (found.empty()) return "core dump: where /proc/sys/kernel/core_pattern says";
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  auto name = home_ / ("core-" + format_time(std::chrono::duration_cast<std::chrono::nanoseconds>(now).count()));
  fs::rename(found, name, error);
  return "core dump: " + (error ? found : name).string();
}

std::optional<ChildProcess::Usage> ChildProcess::usage() const {
  const std::lock_guard lock(mutex_);  // it is not reaped meanwhile, so the number stays its own
  if (ended_) return std::nullopt;
  const auto folder = "/proc/" + std::to_string(pid_);
  std::ifstream memory(folder + "/statm"), times(folder + "/stat");
  std::uint64_t size = 0, resident = 0, shared = 0;
  if (!(memory >> size >> resident >> shared)) return std::nullopt;
  std::string text;
  std::getline(times, text);
  const auto end_of_name = text.rfind(')');
  if (end_of_name == std::string::npos) return std::nullopt;
  // proc(5): state is field 3, utime and stime are 14 and 15.
  std::istringstream fields(text.substr(end_of_name + 1));
  std::string skipped;
  for (int field = 3; field < 14; ++field) fields >> skipped;
  std::uint64_t user = 0, system = 0;
  if (!(fields >> user >> system)) return std::nullopt;
  static const auto ticks = static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
  static const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  return Usage{std::chrono::nanoseconds((user + system) * (1'000'000'000 / ticks)),
               (resident - std::min(resident, shared)) * page};
}

}  // namespace myriad::plugin_host
