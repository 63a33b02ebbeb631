#include <iostream>
#include <nlohmann/json.hpp>

#include "app/arguments.h"
#include "app/plugin/commands.h"
#include "base/time_text.h"
#include "plugin_host/trust.h"

namespace myriad::app::plugin {
namespace {

using nlohmann::json;
using plugin_host::Trust;

constexpr const char* usage = R"(usage: myriad plugin trust add FILE.pub --name NAME [--data DIR] [--json]
       myriad plugin trust list [--data DIR] [--json]
       myriad plugin trust remove NAME|FINGERPRINT [--data DIR] [--json]

The keys whose packages a site takes, in trust.json of its data directory (--data, else ./myriad-data). The daemon may run
meanwhile; what is installed already stays. Before you add a key, compare its fingerprint with what its vendor tells you.
)";

const Syntax add_syntax{usage, {"FILE.pub"}, {"name"}, {"data"}};
const Syntax list_syntax{usage, {}, {}, {"data"}};
const Syntax remove_syntax{usage, {"NAME"}, {}, {"data"}};

Trust trust_of(const Arguments& arguments) {
  return Trust(std::filesystem::path(arguments.option("data", "myriad-data")) / "trust.json");
}

json facts_of(const plugin_host::TrustedKey& key) {
  return {{"name", key.name}, {"fingerprint", plugin_host::fingerprint(key.key)}, {"added", format_time(key.added)}};
}

std::string line_of(const plugin_host::TrustedKey& key) {
  return key.name + "  " + plugin_host::fingerprint(key.key) + "\n";
}

Result<int> run_add(const Arguments& arguments) {
  const auto key = plugin_host::read_public_key(arguments.given[0]);
  if (!key) return key.error();
  const plugin_host::TrustedKey added{arguments.option("name"), *key, SystemClock().now()};
  if (auto ok = trust_of(arguments).add(added); !ok) return ok.error();
  print(arguments, facts_of(added), "trusted: " + line_of(added));
  return 0;
}

Result<int> run_list(const Arguments& arguments) {
  const auto keys = trust_of(arguments).list();
  if (!keys) return keys.error();
  json list = json::array();
  std::string text;
  for (const auto& key : *keys) {
    list.push_back(facts_of(key));
    text += line_of(key);
  }
  print(arguments, {{"keys", list}},
        text.empty() ? "no key is trusted: add one with 'myriad plugin trust add'\n" : text);
  return 0;
}

Result<int> run_remove(const Arguments& arguments) {
  const auto removed = trust_of(arguments).remove(arguments.given[0]);
  if (!removed) return removed.error();
  print(arguments, facts_of(*removed), "no longer trusted: " + line_of(*removed));
  return 0;
}

}  // namespace

int trust(const Args& args) {
  const std::string what = args.empty() ? "" : args[0];
  const Args rest(args.begin() + (args.empty() ? 0 : 1), args.end());
  if (what == "add") return run_with(rest, add_syntax, run_add);
  if (what == "list") return run_with(rest, list_syntax, run_list);
  if (what == "remove") return run_with(rest, remove_syntax, run_remove);
  const bool asks = what == "--help" || what == "-h";
  (asks ? std::cout : std::cerr) << usage;
  return asks ? 0 : 2;
}

}  // namespace myriad::app::plugin
