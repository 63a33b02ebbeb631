// What this process holds: threads, descriptors, child processes, memory.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace myriad::validator {

// How many times slower a sanitizer makes the plugin and us.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr int slowness = 10;
#else
constexpr int slowness = 1;
#endif

std::size_t count_threads();
std::size_t count_descriptors();
bool has_children();

// Bytes that are allocated and not freed, by malloc or by what a sanitizer put in its place.
std::uint64_t heap_in_use();
// Bytes of writable memory, of the heap or not.
std::uint64_t writable_memory();

// How long this thread ran or slept, without the time that it waited for a processor.
class Stopwatch {
 public:
  Stopwatch();
  std::chrono::duration<double, std::milli> elapsed() const;

 private:
  std::chrono::steady_clock::time_point begin_;
  std::chrono::nanoseconds waited_;
};

// What a process has one of: handlers of signals, the working folder, the mask of new files. For comparison.
struct Habits {
  std::vector<void*> handlers;  // by signal
  std::string folder;
  unsigned mask = 0;

  static Habits now();
  // "it changed the handler of SIGTERM"; nothing when they are the same.
  std::vector<std::string> changes_until(const Habits& later) const;
};

}  // namespace myriad::validator
