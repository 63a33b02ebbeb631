#include "plugin_host/node_command.h"

#include <array>

namespace myriad::plugin_host {
namespace {

namespace fs = std::filesystem;

// Not by PATH, which is whoever's started the daemon.
Result<std::string> node_program() {
  constexpr std::array places{"/usr/local/bin/node", "/usr/bin/node", "/usr/bin/nodejs"};
  std::error_code error;
  for (const char* place : places)
    if (const auto found = fs::canonical(place, error); !error) return found.string();
  return Error{Code::unavailable,
               "Node.js is not at /usr/local/bin/node nor at /usr/bin/node: install it (apt-get install nodejs)"};
}

}  // namespace

Result<std::vector<std::string>> node_command(const fs::path& node_host, const Quota& quota) {
  const auto program = node_program();
  if (!program) return program.error();
  const auto host = node_host / "host.mjs";
  if (!fs::exists(host))
    return Error{Code::unavailable, "the host for Node.js, " + host.string() + ", is missing: install Myriad again"};
  std::vector<std::string> out{*program, "--v8-pool-size=1"};  // one helper thread is enough
  // Node.js itself takes about 60 MiB: the heap gets half, and tells when it is full.
  if (quota.memory_mb > 0) out.push_back("--max-old-space-size=" + std::to_string(quota.memory_mb / 2));
  out.push_back(host.string());
  return out;
}

}  // namespace myriad::plugin_host
