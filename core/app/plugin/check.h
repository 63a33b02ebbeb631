// `myriad plugin check FILE`: the validator on the command line.
#pragma once

#include <string>
#include <vector>

namespace myriad::app::plugin {

// `args` without the program, "plugin" and "check". 0: it passes, 1: it fails, 2: misused.
int check(const std::vector<std::string>& args);

}  // namespace myriad::app::plugin
