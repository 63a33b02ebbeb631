// Where the value of a secret comes from: never from an argument, which everybody on the machine can see.
#pragma once

#include <string>

#include "base/result.h"

namespace myriad::app::secret {

// From standard input, all of it but one newline at its end; on a terminal it is asked for, twice and unseen.
Result<std::string> read_value(const std::string& name);

}  // namespace myriad::app::secret
