#include "app/bench/usage.h"

#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <string>

namespace myriad::app::bench {
namespace {

std::string proc_text(pid_t pid, const char* name) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/" + name);
  return {std::istreambuf_iterator<char>(file), {}};
}

// The number after "VmRSS:" and its like; 0 when it is not there.
double status_number(pid_t pid, const std::string& key) {
  const auto text = proc_text(pid, "status");
  const auto at = text.find("\n" + key + ":");
  return at == std::string::npos ? 0 : std::strtod(text.c_str() + at + key.size() + 2, nullptr);
}

double seconds(const timeval& t) {
  return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
}

}  // namespace

double cpu_seconds() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

double thread_cpu_seconds() {
  timespec used{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) + 1e-9 * static_cast<double>(used.tv_nsec);
}

// proc(5): fields 14 and 15 of stat; the second field, in parentheses, may have spaces.
double cpu_seconds(pid_t pid) {
  const auto text = proc_text(pid, "stat");
  const auto name_end = text.rfind(')');
  if (name_end == std::string::npos) return 0;
  std::istringstream fields(text.substr(name_end + 1));
  std::string skipped;
  for (int field = 3; field < 14; ++field) fields >> skipped;
  double user = 0, system = 0;
  fields >> user >> system;
  return (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

double resident_mb(pid_t pid) {
  return status_number(pid, "VmRSS") * 1'024 / 1e6;
}

int threads(pid_t pid) {
  return static_cast<int>(status_number(pid, "Threads"));
}

}  // namespace myriad::app::bench
