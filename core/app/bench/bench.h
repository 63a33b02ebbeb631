// `myriad bench`: what this machine does with Myriad, as a table for a person or as JSON for a program.
#pragma once

#include <string>
#include <vector>

namespace myriad::app::bench {

// `args` without the program and "bench". The exit code: 0 done, 1 failed, 2 misused.
int run(const std::vector<std::string>& args);

}  // namespace myriad::app::bench
