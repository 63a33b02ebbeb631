// `myriad secret`: the secrets of a running site, for its administrator.
#pragma once

#include <string>
#include <vector>

namespace myriad::app::secret {

int run(const std::vector<std::string>& args);  // behind "secret"; the exit code: 0 done, 1 failed, 2 misused

}  // namespace myriad::app::secret
