// What a process has used, from the kernel; and a stopwatch.
#pragma once

#include <sys/types.h>

#include <chrono>

namespace myriad::app::bench {

class Stopwatch {
 public:
  double seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count(); }
  double milliseconds() const { return seconds() * 1e3; }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

double cpu_seconds();         // user and system, of this process, in µs steps
double thread_cpu_seconds();  // of this thread
// Of any process of ours; 0 when it is gone. CPU time in the kernel's ticks, usually 10 ms.
double cpu_seconds(pid_t);
double resident_mb(pid_t);  // 1 MB: 1,000,000 bytes
int threads(pid_t);

}  // namespace myriad::app::bench
