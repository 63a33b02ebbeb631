// Checks a plugin before anybody trusts it: `myriad plugin check`. Each check runs in a process of its own: the same
// program started anew, confined to what the manifest asks for. A crash, an abort, an exit or a hang of the plugin is
// that check's failure, and nothing else happens.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "validator/report.h"

namespace myriad::validator {

struct Options {
  std::chrono::milliseconds time{10'000};         // that one check may take
  std::uint64_t memory = std::uint64_t{1} << 30;  // bytes that one check may allocate
  std::vector<std::string> only = {};             // these checks, and what they build on; empty: all
  std::filesystem::path data = {};                // Myriad's own folder, which no permission reaches
};

// Called before each check, on the same thread.
using Progress = std::function<void(std::size_t at, std::size_t count, std::string_view check)>;

// `file` is the library or its folder; `program` is `myriad`. Takes seconds. Fails when there is nothing to check; what
// is wrong with the plugin is in the report. Any thread, several at once.
Result<Report> run_validator(const std::filesystem::path& program, const std::filesystem::path& file,
                             const Options& options = {}, const Progress& progress = {});

std::vector<std::string> check_names();

// The other end, in the child: makes the check of that name, and ends the process. Returns only when it was not started
// by run_validator(): with an exit code. `child_option` is the first of its arguments.
constexpr const char* child_option = "--child";
int run_check(std::string_view check, const std::filesystem::path& file, const Options& options);

}  // namespace myriad::validator
