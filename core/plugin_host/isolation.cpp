#include "plugin_host/isolation.h"

#include <algorithm>

namespace myriad::plugin_host {
namespace {

Error wrong(std::string message) {
  return {Code::invalid, std::move(message), "/isolation"};
}

}  // namespace

Result<Isolation> isolation_of(const Manifest& manifest, std::string_view wanted, const Children& children) {
  const auto& allowed = manifest.isolation_allowed;
  const auto allows = [&](Isolation one) { return std::find(allowed.begin(), allowed.end(), one) != allowed.end(); };
  const bool can_isolate = !children.program.empty();
  if (wanted.empty() && !can_isolate && allows(Isolation::in_process)) return Isolation::in_process;
  auto chosen = manifest.isolation;
  if (wanted == isolation_name(Isolation::in_process))
    chosen = Isolation::in_process;
  else if (wanted == isolation_name(Isolation::process))
    chosen = Isolation::process;
  else if (!wanted.empty())
    return wrong("isolation '" + std::string(wanted.substr(0, 40)) + "': use in_process or process");
  if (!allows(chosen))
    return wrong("plugin '" + manifest.id + "' does not allow isolation '" + std::string(isolation_name(chosen)) +
                 "': its manifest says which it does");
  if (chosen == Isolation::process && !can_isolate)
    return wrong("this daemon cannot run plugins in processes of their own: use in_process");
  return chosen;
}

}  // namespace myriad::plugin_host
