#include "app/arguments.h"

#include <Poco/Exception.h>
#include <Poco/Util/Option.h>
#include <Poco/Util/OptionProcessor.h>
#include <Poco/Util/OptionSet.h>

#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>

namespace myriad::app {
namespace {

using Poco::Util::Option;

Poco::Util::OptionSet option_set(const Syntax& syntax) {
  Poco::Util::OptionSet set;
  for (const auto* names : {&syntax.needed, &syntax.known})
    for (const auto& name : *names) set.addOption(Option(name, "", "", false).argument("VALUE"));
  for (const auto& name : syntax.repeated)
    set.addOption(Option(name, "", "", false).argument("VALUE").repeatable(true));
  set.addOption(Option("json", "", "", false));
  set.addOption(Option("help", "h", "", false));
  return set;
}

Error misused(const std::string& why) {
  return {Code::invalid, why + "; see --help"};
}

Status check(const Arguments& arguments, const Syntax& syntax) {
  if (arguments.given.size() > syntax.names.size())
    return misused("'" + arguments.given[syntax.names.size()] + "' is one too many");
  if (arguments.given.size() < syntax.names.size())
    return misused(syntax.names[arguments.given.size()] + " is missing");
  for (std::size_t i = 0; i < syntax.names.size(); ++i)
    if (arguments.given[i].empty()) return misused(syntax.names[i] + " is empty");
  for (const auto& name : syntax.needed)
    if (!arguments.options.contains(name)) return misused("--" + name + " is missing");
  for (const auto& name : syntax.repeated)
    if (!arguments.lists.contains(name)) return misused("--" + name + " is missing");
  return {};
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

struct Parsed {
  Arguments arguments;
  bool help = false;
};

Result<Parsed> parse(const std::vector<std::string>& args, const Syntax& syntax) try {
  const auto options = option_set(syntax);
  Poco::Util::OptionProcessor processor(options);
  processor.setUnixStyle(true);
  Parsed out;
  for (const auto& arg : args) {
    std::string name, value;
    if (!processor.process(arg, name, value)) {
      out.arguments.given.push_back(arg);
    } else if (name == "help") {
      out.help = true;
      return out;
    } else if (name == "json") {
      out.arguments.json = true;
    } else if (contains(syntax.repeated, name)) {
      out.arguments.lists[name].push_back(value);
    } else if (!name.empty()) {  // empty: its value is the next argument
      out.arguments.options[name] = value;
    }
  }
  processor.checkRequired();
  if (auto ok = check(out.arguments, syntax); !ok) return ok.error();
  return out;
} catch (const Poco::Exception& e) {
  return misused(e.displayText());
}

int fail(const Error& error, int code) {
  std::cerr << "myriad: " << error.message << '\n';
  return code;
}

}  // namespace

int run_with(const std::vector<std::string>& args, const Syntax& syntax,
             const std::function<Result<int>(const Arguments&)>& command) {
  const auto parsed = parse(args, syntax);
  if (!parsed) return fail(parsed.error(), 2);
  if (parsed->help) {
    std::cout << syntax.usage;
    return 0;
  }
  const auto code = command(parsed->arguments);
  return code ? *code : fail(code.error(), 1);
}

void print(const Arguments& arguments, const nlohmann::json& facts, const std::string& text) {
  std::cout << (arguments.json ? facts.dump(2) + "\n" : text);
}

}  // namespace myriad::app
