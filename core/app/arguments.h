// What commands share that have commands of their own, like `myriad plugin`: reading arguments, and answering misuse
// and failure in one way.
#pragma once

#include <functional>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "base/result.h"

namespace myriad::app {

struct Syntax {
  const char* usage;                       // what --help prints
  std::vector<std::string> names;          // of the arguments in order, "FILE"; all are needed
  std::vector<std::string> needed;         // options with a value that must be given
  std::vector<std::string> known;          // and those that may be
  std::vector<std::string> repeated = {};  // those that must be given once or several times
};

struct Arguments {
  std::vector<std::string> given;  // as many as the syntax names
  std::map<std::string, std::string> options;
  std::map<std::string, std::vector<std::string>> lists;  // of the repeated options, in order
  bool json = false;

  std::string option(const std::string& name, const std::string& usual = "") const {
    const auto it = options.find(name);
    return it == options.end() ? usual : it->second;
  }
};

// Runs `command`, whose answer is the exit code; says an error and answers 1. Misuse answers 2, --help prints and
// answers 0.
int run_with(const std::vector<std::string>& args, const Syntax& syntax,
             const std::function<Result<int>(const Arguments&)>& command);

// The facts: as JSON when asked for, else as text.
void print(const Arguments& arguments, const nlohmann::json& facts, const std::string& text);

}  // namespace myriad::app
