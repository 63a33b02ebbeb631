// Runs one command in a process group of its own, with a pipe for what it reports and one for what it prints, and says
// how it ended. The group is killed when the command ended, or at the limit. Thread-safe.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"

namespace myriad::validator {

constexpr int report_fd = 3;  // in the child

struct Ended {
  enum class How : std::uint8_t { exited, crashed, too_slow };
  How how = How::exited;
  int code = 0;        // exit code or signal
  std::string report;  // what it wrote to report_fd
  std::string output;  // what it printed, at most 16 KiB
  std::chrono::duration<double, std::milli> took{};
};

// `home` is its working directory. Its environment is bare, but for how libraries are found and sanitizers are set up.
Result<Ended> run_child(const std::vector<std::string>& command, const std::filesystem::path& home,
                        std::chrono::milliseconds limit);

}  // namespace myriad::validator
