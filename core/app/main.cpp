// The command line. Each command is a function from its arguments to an exit code: 0 done, 1 failed, 2 misused.
#include <malloc.h>

#include <cstdio>
#include <iostream>
#include <string>
#include <vector>

#include "app/bench/bench.h"
#include "app/daemon.h"
#include "app/options.h"
#include "app/plugin/commands.h"
#include "app/secret/secret.h"
#include "myriad/plugin.h"
#include "plugin_host/loader.h"
#include "plugin_runner/child.h"

namespace {

constexpr const char* usage = R"(usage: myriad COMMAND [options]

  serve      run the daemon                  (myriad serve --help)
  plugin     make, sign and check plugins    (myriad plugin --help)
  secret     keep passwords for plugins      (myriad secret --help)
  bench      measure this machine            (myriad bench --help)
  version    print the version and the plugin ABI

Exit codes: 0 done, 1 failed, 2 misused.
)";

int serve(const std::vector<std::string>& args) {
  const auto options = myriad::app::parse_serve(args);
  if (!options) {
    std::cerr << "myriad: " << options.error().message << '\n';
    return 2;
  }
  if (options->help) {
    std::cout << myriad::app::serve_help();
    return 0;
  }
  return myriad::app::run_daemon(*options);
}

int version() {
  std::printf("myriad %s, plugin ABI %u.%u\n", MYRIAD_VERSION, MYRIAD_ABI_MAJOR, MYRIAD_ABI_MINOR);
  return 0;
}

}  // namespace

#if defined(__SANITIZE_ADDRESS__)
// How a plugin ends is to be told as it would be without the sanitizer, which finds its own errors all the same. Its
// search for leaks needs ptrace, which a confined process does not have.
namespace {
bool is_runner = false;
}
extern "C" const char* __asan_default_options() {
  return "handle_segv=0:handle_sigbus=0:handle_sigfpe=0";
}
extern "C" int __lsan_is_turned_off() {
  return is_runner;
}
#endif

int main(int argc, char** argv) {
  // Dozens of mostly idle threads would each keep an arena of their own.
  mallopt(M_ARENA_MAX, 4);

  const std::string command = argc > 1 ? argv[1] : "";
#if defined(__SANITIZE_ADDRESS__)
  is_runner = command == "plugin-runner";
#endif
  const std::vector<std::string> args(argv + std::min(argc, 2), argv + argc);
  if (command == "serve") return serve(args);
  if (command == "plugin-runner") return myriad::plugin_runner::run_child(myriad::plugin_host::load);
  if (command == "plugin") return myriad::app::plugin::run(args);
  if (command == "secret") return myriad::app::secret::run(args);
  if (command == "bench") return myriad::app::bench::run(args);
  if (command == "version" || command == "--version") return version();
  if (command == "help" || command == "--help" || command == "-h") {
    std::cout << usage;
    return 0;
  }
  std::cerr << (command.empty() ? "" : "myriad: there is no command '" + command + "'\n\n") << usage;
  return 2;
}
