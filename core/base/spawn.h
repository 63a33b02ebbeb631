// Starts programs in processes of their own. Thread-safe.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "base/files.h"
#include "base/result.h"

namespace myriad {

struct Program {
  std::vector<std::string> command;  // its first is a path
  std::filesystem::path folder;
  std::vector<std::string> variables;  // "NAME=value": all of its environment
  std::vector<std::pair<int, int>>
      descriptors;  // ours and the child's number; 0 is /dev/null, others are closed on exec
};

// Runs it in a process group of its own, with no signal blocked or ignored.
Result<pid_t> spawn(const Program&);

// What `fd` was, which is closed, under a number that is none of those that a child shall find its descriptors at.
Descriptor out_of_the_way(int fd);

std::string signal_name(int signal);  // "SIGSEGV"

}  // namespace myriad
