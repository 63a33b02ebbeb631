// The commands that manage the plugins of a running site.
#include <nlohmann/json.hpp>

#include "app/arguments.h"
#include "app/plugin/commands.h"
#include "app/site.h"
#include "base/files.h"

namespace myriad::app::plugin {
namespace {

using nlohmann::json;

constexpr std::uint64_t largest_package = 64 << 20;

std::string help(const std::string& text) {
  return text + site_help;
}

std::vector<std::string> known(std::vector<std::string> more) {
  for (auto& name : site_options()) more.push_back(std::move(name));
  return more;
}

// What an installation or a way back came to.
std::string change_text(const json& change) {
  std::string out = change.value("id", "") + " " + change.value("version", "") + " is current";
  if (change["from"].is_string()) out += ", it was " + change["from"].get<std::string>();
  out += '\n';
  if (const auto warning = change.value("warning", ""); !warning.empty()) out += "warning: " + warning + '\n';
  for (const auto& moved : change["moved"]) {
    const auto name = moved.value("instance", "");
    out += moved["kept"].is_string() ? "  " + name + " stays: " + moved["kept"].get<std::string>() + '\n'
                                     : "  " + name + " moved\n";
  }
  return out;
}

// 1 when an instance did not come along.
int code_of(const json& change, bool moves) {
  for (const auto& moved : change["moved"])
    if (moves && moved["kept"].is_string()) return 1;
  return 0;
}

Result<int> run_install(const Arguments& arguments) {
  auto bytes = read_file(arguments.given[0], largest_package);
  if (!bytes) return bytes.error();
  auto site = Site::reach(arguments);
  if (!site) return site.error();
  const auto move = arguments.option("move", "on");
  if (move != "on" && move != "off") return Error{Code::invalid, "--move " + move + ": use on or off"};
  const auto change = site->send_file(std::string("/api/v1/plugins") + (move == "off" ? "?move=false" : ""), "package",
                                      *std::move(bytes));
  if (!change) return change.error();
  print(arguments, *change, change_text(*change));
  return code_of(*change, move == "on");
}

Result<int> run_list(const Arguments& arguments) {
  auto site = Site::reach(arguments);
  if (!site) return site.error();
  const auto page = site->send("GET", "/api/v1/plugins?limit=1000");
  if (!page) return page.error();
  std::string text;
  for (const auto& plugin : (*page)["items"]) {
    text += plugin.value("id", "") + ' ' + plugin.value("version", "") + "  " + plugin.value("kind", "") + ", " +
            std::to_string(plugin.value("instances", 0)) + " instances" +
            (plugin["state"] == "refused" ? ", refused: " + plugin.value("error", "") : "") + '\n';
    for (const auto& version : plugin["versions"])
      if (plugin["versions"].size() > 1)
        text += "  " + version.value("version", "") + (version.value("current", false) ? ", current" : "") +
                (version.value("installed", false) ? "" : ", came with Myriad") + '\n';
  }
  print(arguments, (*page)["items"], text);
  return 0;
}

Result<int> run_roll_back(const Arguments& arguments) {
  auto site = Site::reach(arguments);
  if (!site) return site.error();
  json body = json::object();
  if (const auto version = arguments.option("version"); !version.empty()) body["version"] = version;
  const auto change = site->send("POST", "/api/v1/plugins/" + arguments.given[0] + "/rollback", body.dump());
  if (!change) return change.error();
  print(arguments, *change, change_text(*change));
  return code_of(*change, true);
}

Result<int> run_remove(const Arguments& arguments) {
  auto site = Site::reach(arguments);
  if (!site) return site.error();
  const auto version = arguments.option("version");
  const auto path = "/api/v1/plugins/" + arguments.given[0] + (version.empty() ? "" : "?version=" + version);
  const auto removed = site->send("DELETE", path);
  if (!removed) return removed.error();
  print(arguments, {{"removed", arguments.given[0]}}, "removed " + arguments.given[0] + ' ' + version + '\n');
  return 0;
}

}  // namespace

int install(const Args& args) {
  static const std::string text = help(R"(usage: myriad plugin install FILE [--move on|off] [--site URL] [--json]

Installs a package on a running site, or upgrades a plugin to it. The site checks the signature, runs the validator, and
tries the configuration of every instance first; then instances move one by one, and one that does not become healthy
goes back. Exits 1 when one stayed.

  --move off          instances stay with the version that they have
)");
  return run_with(args, {text.c_str(), {"FILE"}, {}, known({"move"})}, run_install);
}

int list(const Args& args) {
  static const std::string text =
      help("usage: myriad plugin list [--site URL] [--json]\n\nThe plugins of a running site.\n");
  return run_with(args, {text.c_str(), {}, {}, known({})}, run_list);
}

int roll_back(const Args& args) {
  static const std::string text = help(R"(usage: myriad plugin rollback ID [--version VERSION] [--site URL] [--json]

Makes an older installed version current again, the newest of them unless --version names one, and moves all instances
to it, each with the configuration that it had there.
)");
  return run_with(args, {text.c_str(), {"ID"}, {}, known({"version"})}, run_roll_back);
}

int remove(const Args& args) {
  static const std::string text = help(R"(usage: myriad plugin remove ID [--version VERSION] [--site URL] [--json]

Removes what was installed of a plugin: one version, or all. Refused while instances use it.
)");
  return run_with(args, {text.c_str(), {"ID"}, {}, known({"version"})}, run_remove);
}

}  // namespace myriad::app::plugin
