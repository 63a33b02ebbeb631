// The commands of `myriad plugin`, for those who write plugins and those who install them. Each takes its own arguments
// and answers with the exit code: 0 done, 1 failed, 2 misused.
#pragma once

#include <string>
#include <vector>

namespace myriad::app::plugin {

using Args = std::vector<std::string>;

int run(const Args& args);  // `args` behind "plugin": the command's name, then its arguments

int create(const Args& args);  // new
int keygen(const Args& args);
int pack(const Args& args);
int sign(const Args& args);
int verify(const Args& args);
int trust(const Args& args);  // add, list, remove
int check(const Args& args);

int install(const Args& args);  // these are clients of a running site
int list(const Args& args);
int roll_back(const Args& args);
int remove(const Args& args);

}  // namespace myriad::app::plugin
