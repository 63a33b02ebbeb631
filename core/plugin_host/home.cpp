#include "plugin_host/home.h"

#include <algorithm>

namespace myriad::plugin_host {
namespace {

using nlohmann::json;

Error wrong(std::string message) {
  return {Code::invalid, std::move(message), "/isolation"};
}

}  // namespace

std::string_view home_name(Home home) {
  return home == Home::in_process ? "in_process" : "process";
}

Result<Home> home_of(const Manifest& manifest, std::string_view wanted, const Isolation& isolation) {
  const bool can_isolate = !isolation.program.empty();
  const json stated =
      manifest.document.is_object() ? manifest.document.value("isolation", json::object()) : json::object();
  const json allowed = stated.value("allowed", json::array({"in_process", "process"}));
  std::string name(wanted);
  if (name.empty()) name = stated.value("default", can_isolate ? "process" : "in_process");
  if (name != "in_process" && name != "process")
    return wrong("isolation '" + name.substr(0, 40) + "': use in_process or process");
  if (std::find(allowed.begin(), allowed.end(), name) == allowed.end())
    return wrong("plugin '" + manifest.id + "' does not allow isolation '" + name + "': its manifest allows " +
                 allowed.dump());
  if (name == "process" && !can_isolate)
    return wrong("this daemon cannot run plugins in processes of their own: use in_process");
  return name == "process" ? Home::process : Home::in_process;
}

}  // namespace myriad::plugin_host
