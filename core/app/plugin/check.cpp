#include "app/plugin/commands.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <iostream>
#include <string_view>

#include "base/result.h"
#include "validator/validator.h"

namespace myriad::app::plugin {
namespace {

constexpr const char* usage = R"(usage: myriad plugin check FILE [--json] [--timeout S] [--only CHECK]...

Checks a plugin as an installation would, and more: FILE is its library, with manifest.json beside it, or its folder.
Each check runs in a process of its own. sample.json, where there is one, is the configuration that is tried.

  --json         print the report as JSON
  --timeout S    seconds that one check may take (1 to 600, default 10)
  --only CHECK   make this check, by the name that the report gives it, and what it builds on; may be repeated

Exit codes: 0 it passes, 1 it fails, 2 misused.
)";

struct Command {
  std::string file, child;
  validator::Options options;
  bool json = false, help = false;
};

template <class Number>
Result<Number> number(const std::string& option, const std::string& text, Number least, Number most) {
  Number out{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error == std::errc() && end == text.data() + text.size() && out >= least && out <= most) return out;
  return Error{Code::invalid, option + " " + text + ": give " + std::to_string(least) + " to " + std::to_string(most)};
}

// The value of the option at `i`, which moves on to it.
Result<std::string> value(const std::vector<std::string>& args, std::size_t& i) {
  if (i + 1 >= args.size()) return Error{Code::invalid, args[i] + " needs a value"};
  return args[++i];
}

Status take_option(const std::vector<std::string>& args, std::size_t& i, Command& out) {
  const std::string option = args[i];
  const auto text = value(args, i);
  if (!text) return text.error();
  if (option == validator::child_option) {
    out.child = *text;
  } else if (option == "--only") {
    const auto names = validator::check_names();
    if (std::find(names.begin(), names.end(), *text) == names.end())
      return Error{Code::invalid, "there is no check '" + *text + "': the report of all names them"};
    out.options.only.push_back(*text);
  } else if (option == "--data") {
    out.options.data = *text;
  } else if (option == "--timeout") {
    const auto seconds = number<std::int64_t>(option, *text, 1, 600);
    if (!seconds) return seconds.error();
    out.options.time = std::chrono::seconds(*seconds);
  } else {
    const auto bytes = number<std::uint64_t>(option, *text, 1 << 20, std::uint64_t{1} << 40);
    if (!bytes) return bytes.error();
    out.options.memory = *bytes;
  }
  return {};
}

Result<Command> parse(const std::vector<std::string>& args) {
  Command out;
  for (std::size_t i = 0; i < args.size(); ++i) {
    const auto& arg = args[i];
    if (arg == "--help" || arg == "-h") {
      out.help = true;
    } else if (arg == "--json") {
      out.json = true;
    } else if (arg == "--timeout" || arg == "--only" || arg == "--memory" || arg == "--data" ||
               arg == validator::child_option) {
      if (auto ok = take_option(args, i, out); !ok) return ok.error();
    } else if (arg.starts_with("-")) {
      return Error{Code::invalid, "there is no option " + arg + ": see 'myriad plugin check --help'"};
    } else if (!out.file.empty()) {
      return Error{Code::invalid, "name one plugin, not " + out.file + " and " + arg};
    } else {
      out.file = arg;
    }
  }
  if (out.file.empty() && !out.help) return Error{Code::invalid, "name the plugin's library or folder"};
  return out;
}

// On a terminal, a line that the next one replaces.
void show_progress(std::size_t at, std::size_t count, std::string_view check) {
  std::fprintf(stderr, "\r\033[K%zu/%zu %.*s", at, count, static_cast<int>(check.size()), check.data());
}

int misused(const std::string& why) {
  std::cerr << "myriad plugin check: " << why << '\n';
  return 2;
}

}  // namespace

int check(const std::vector<std::string>& args) {
  const auto command = parse(args);
  if (!command) return misused(command.error().message);
  if (command->help) {
    std::cout << usage;
    return 0;
  }
  if (!command->child.empty()) return validator::run_check(command->child, command->file, command->options);
  const bool terminal = ::isatty(STDERR_FILENO) && !command->json;
  const auto report = validator::run_validator("/proc/self/exe", command->file, command->options,
                                               terminal ? show_progress : validator::Progress());
  if (terminal) std::fputs("\r\033[K", stderr);
  if (!report) return misused(report.error().message);
  std::cout << (command->json ? to_json(*report) + "\n" : to_text(*report, ::isatty(STDOUT_FILENO) != 0));
  return report->passed() ? 0 : 1;
}

}  // namespace myriad::app::plugin
