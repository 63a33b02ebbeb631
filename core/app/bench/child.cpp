#include "app/bench/child.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "app/bench/usage.h"

extern char** environ;

namespace myriad::app::bench {
namespace {

using namespace std::chrono_literals;

constexpr double ready_limit_s = 30, end_limit_s = 10;

// The arguments or environment of execve: it wants char*, and writes none of them.
std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (auto& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

std::vector<std::string> environment(const std::string& password) {
  const std::string name = "MYRIAD_ADMIN_PASSWORD=";
  std::vector<std::string> all{name + password};
  for (char** each = environ; *each; ++each)
    if (!std::string_view(*each).starts_with(name)) all.emplace_back(*each);
  return all;
}

// After fork() in a process with threads: only what signal-safety(7) allows.
[[noreturn]] void become(char* const* arguments, char* const* environment, const char* log, pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(1);
  const int out = ::open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  ::dup2(out, STDOUT_FILENO);
  ::dup2(out, STDERR_FILENO);
  ::execve("/proc/self/exe", arguments, environment);
  ::_exit(1);
}

std::string last_line(const std::filesystem::path& log) {
  std::ifstream file(log);
  std::string last;
  for (std::string line; std::getline(file, line);)
    if (!line.empty()) last = line;
  return last;
}

}  // namespace

Result<std::unique_ptr<Child>> Child::serve(const std::filesystem::path& data, const std::string& password) {
  std::error_code error;
  std::filesystem::create_directories(data, error);
  if (error) return Error{Code::denied, "cannot make " + data.string() + ": " + error.message()};
  const auto ready_file = data / "ready.json", log = data / "log";
  std::vector<std::string> arguments{"myriad", "serve", "--data", data.string(), "--listen",     "127.0.0.1:0",
                                     "--tls",  "off",   "--log",  "warn",        "--ready-file", ready_file.string()};
  auto variables = environment(password);
  const auto argument_pointers = pointers(arguments), variable_pointers = pointers(variables);
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) return Error{Code::unavailable, std::string("cannot start a process: ") + std::strerror(errno)};
  if (pid == 0) become(argument_pointers.data(), variable_pointers.data(), log.c_str(), parent);
  std::unique_ptr<Child> child(new Child(pid));
  if (auto ready = child->wait_until_ready(ready_file, log); !ready) return ready.error();
  return child;
}

Status Child::wait_until_ready(const std::filesystem::path& ready_file, const std::filesystem::path& log) {
  const Stopwatch watch;
  while (!std::filesystem::exists(ready_file)) {
    if (::waitpid(pid_, nullptr, WNOHANG) == pid_ || watch.seconds() > ready_limit_s)
      return Error{Code::unavailable, "the daemon does not get ready: " + last_line(log)};
    std::this_thread::sleep_for(500us);
  }
  ready_ms_ = watch.milliseconds();
  std::ifstream file(ready_file);
  const auto ready = nlohmann::json::parse(file, nullptr, false);
  const auto url = ready.is_object() ? ready.value("url", "") : "";
  port_ = static_cast<std::uint16_t>(std::strtoul(url.c_str() + url.rfind(':') + 1, nullptr, 10));
  return {};
}

Child::~Child() {
  ::kill(pid_, SIGTERM);
  const Stopwatch watch;
  for (;;) {
    if (::waitpid(pid_, nullptr, WNOHANG) != 0) return;  // ended, or it had
    if (watch.seconds() > end_limit_s) ::kill(pid_, SIGKILL);
    std::this_thread::sleep_for(1ms);
  }
}

}  // namespace myriad::app::bench
