#include "validator/footprint.h"

#include <dlfcn.h>
#include <malloc.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/spawn.h"

namespace myriad::validator {
namespace {

std::size_t entries_in(const char* folder) {
  std::size_t count = 0;
  std::error_code error;
  for (std::filesystem::directory_iterator it(folder, error), end; it != end; it.increment(error)) ++count;
  return count;
}

// The second number: nanoseconds on a run queue. None where the kernel does not count them.
std::chrono::nanoseconds time_waited() {
  std::ifstream file("/proc/thread-self/schedstat");
  std::int64_t ran = 0, waited = 0;
  return std::chrono::nanoseconds(file >> ran >> waited ? waited : 0);
}

}  // namespace

std::size_t count_threads() {
  return entries_in("/proc/self/task");
}

std::size_t count_descriptors() {
  return entries_in("/proc/self/fd");
}

bool has_children() {
  siginfo_t info{};
  return ::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

std::uint64_t heap_in_use() {
  using Count = std::size_t (*)();
  static const auto sanitizer =
      reinterpret_cast<Count>(::dlsym(RTLD_DEFAULT, "__sanitizer_get_current_allocated_bytes"));
  if (sanitizer) return sanitizer();
  const auto info = ::mallinfo2();
  return info.uordblks + info.hblkhd;
}

std::uint64_t writable_memory() {
  std::ifstream file("/proc/self/statm");
  std::uint64_t size = 0, resident = 0, shared = 0, text = 0, library = 0, data = 0;
  file >> size >> resident >> shared >> text >> library >> data;
  return data * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

Stopwatch::Stopwatch() : begin_(std::chrono::steady_clock::now()), waited_(time_waited()) {}

std::chrono::duration<double, std::milli> Stopwatch::elapsed() const {
  return std::chrono::steady_clock::now() - begin_ - (time_waited() - waited_);
}

Habits Habits::now() {
  Habits out;
  for (int s = 0; s < SIGRTMIN; ++s) {
    struct sigaction action {};
    if (s == 0 || ::sigaction(s, nullptr, &action) != 0) action.sa_sigaction = nullptr;
    out.handlers.push_back(reinterpret_cast<void*>(action.sa_sigaction));
  }
  std::error_code error;
  out.folder = std::filesystem::current_path(error).string();
  out.mask = ::umask(0);
  ::umask(out.mask);
  return out;
}

std::vector<std::string> Habits::changes_until(const Habits& later) const {
  std::vector<std::string> out;
  for (std::size_t s = 0; s < handlers.size(); ++s)
    if (handlers[s] != later.handlers[s]) out.push_back("the handler of " + signal_name(static_cast<int>(s)));
  if (folder != later.folder) out.push_back("the working folder");
  if (mask != later.mask) out.push_back("the mask of new files (umask)");
  return out;
}

}  // namespace myriad::validator
