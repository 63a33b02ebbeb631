#include "app/secret/secret.h"

#include <iostream>
#include <nlohmann/json.hpp>

#include "api/http.h"
#include "app/arguments.h"
#include "app/secret/value.h"
#include "app/site.h"
#include "security/cleanse.h"

namespace myriad::app::secret {
namespace {

using nlohmann::json;
using Args = std::vector<std::string>;

std::string path_of(const std::string& name) {
  return "/api/v1/secrets/" + api::percent_encode(name);
}

std::string instances_of(const json& secret) {
  std::string out;
  for (const auto& pattern : secret["instances"]) out += (out.empty() ? "" : ", ") + pattern.get<std::string>();
  return out;
}

Result<std::string> body_of(const std::string& value, const std::vector<std::string>& instances) try {
  return json{{"value", value}, {"instances", instances}}.dump();
} catch (const json::exception&) {  // its words would show the value
  return Error{Code::invalid,
               "the value is no UTF-8 text: encode it, for instance with base64, and have the plugin's "
               "configuration say so"};
}

Result<int> run_set(const Arguments& arguments) {
  const auto& name = arguments.given[0];
  auto site = Site::reach(arguments);  // before anybody types
  if (!site) return site.error();
  const auto old = site->find(path_of(name));
  if (!old) return old.error();
  auto value = read_value(name);
  if (!value) return value.error();
  const security::Cleanser cleanser(*value);
  auto body = body_of(*value, arguments.lists.at("instance"));
  if (!body) return body.error();
  const security::Cleanser body_cleanser(*body);
  const auto stored = site->send("PUT", path_of(name), *body, "application/json", *old ? (*old)->etag : "");
  if (!stored) return stored.error();
  print(arguments, *stored, name + (*old ? " is replaced, for " : " is set, for ") + instances_of(*stored) + '\n');
  return 0;
}

Result<int> run_list(const Arguments& arguments) {
  auto site = Site::reach(arguments);
  if (!site) return site.error();
  const auto page = site->send("GET", "/api/v1/secrets?limit=1000");
  if (!page) return page.error();
  std::string text;
  for (const auto& secret : (*page)["items"])
    text +=
        secret.value("name", "") + "  for " + instances_of(secret) + ", since " + secret.value("updated", "") + '\n';
  print(arguments, (*page)["items"], text.empty() ? "no secrets: set one with `myriad secret set`\n" : text);
  return 0;
}

Result<int> run_remove(const Arguments& arguments) {
  const auto& name = arguments.given[0];
  auto site = Site::reach(arguments);
  if (!site) return site.error();
  const auto old = site->find(path_of(name));
  if (!old) return old.error();
  if (!*old) return Error{Code::not_found, "there is no secret '" + name + "': `myriad secret list` shows all"};
  const auto removed = site->send("DELETE", path_of(name), "", "", (*old)->etag);
  if (!removed) return removed.error();
  print(arguments, {{"removed", name}}, "removed " + name + '\n');
  return 0;
}

int set(const Args& args) {
  static const std::string text =
      std::string(R"(usage: myriad secret set NAME --instance ID [--instance ID]... [--site URL] [--json]

Sets a secret of a running site, or replaces it: a password, a key, a token. The value is read from standard input, and one
newline at its end is cut; on a terminal you are asked for it, unseen, twice. It is never an argument, since everybody on
the machine sees those; and it is never shown again.

  --instance ID       an instance that may read it; a * in ID stands for any run. Those named replace those before

  myriad secret set plc-password --instance plc-1 --instance 'line-*'
  myriad secret set cloud-token --instance uplink < token.txt
)") + site_help;
  return run_with(args, {text.c_str(), {"NAME"}, {}, site_options(), {"instance"}}, run_set);
}

int list(const Args& args) {
  static const std::string text = std::string(R"(usage: myriad secret list [--site URL] [--json]

The secrets of a running site and which instances may read them. Values are never shown.
)") + site_help;
  return run_with(args, {text.c_str(), {}, {}, site_options()}, run_list);
}

int remove(const Args& args) {
  static const std::string text = std::string(R"(usage: myriad secret remove NAME [--site URL] [--json]

Removes a secret of a running site. Instances that read it already may know it still: change it at the equipment, too.
)") + site_help;
  return run_with(args, {text.c_str(), {"NAME"}, {}, site_options()}, run_remove);
}

constexpr const char* usage = R"(usage: myriad secret COMMAND [options]

  set       set a secret, and say which instances may read it
  list      the names of all, and who may read them
  remove    remove a secret

A secret is what a plugin needs to reach its equipment: a password, a key, a token. The site keeps it sealed, and gives it
only to the instances that you name; a configuration then holds the secret's name instead of the secret.

  myriad secret set plc-password --instance 'plc-*'

myriad secret COMMAND --help says more. Exit codes: 0 done, 1 failed, 2 misused.
)";

}  // namespace

int run(const Args& args) {
  const std::string name = args.empty() ? "" : args[0];
  const Args rest(args.begin() + (args.empty() ? 0 : 1), args.end());
  if (name == "set") return set(rest);
  if (name == "list") return list(rest);
  if (name == "remove") return remove(rest);
  const bool asks = name == "--help" || name == "-h" || name == "help";
  if (!asks && !name.empty()) std::cerr << "myriad: there is no command 'secret " << name << "'\n\n";
  (asks ? std::cout : std::cerr) << usage;
  return asks ? 0 : 2;
}

}  // namespace myriad::app::secret
