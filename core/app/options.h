// What `myriad serve` is told, from the command line over the configuration file over the defaults. Pure but for
// reading the file.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "plugin_host/trust.h"
#include "spine/spine.h"

namespace myriad::app {

struct ServeOptions {
  std::filesystem::path data = "myriad-data";
  std::string host = "127.0.0.1";
  std::uint16_t port = 8443;
  bool tls = true;
  std::filesystem::path certificate, key;      // empty: the site's own, made at first start
  std::filesystem::path ready_file;            // empty: none
  std::vector<std::filesystem::path> plugins;  // folders of plugin folders; empty: beside the program
  plugin_host::UnsignedPolicy unsigned_plugins = plugin_host::UnsignedPolicy::refuse;
  Level log_level = Level::info;
  std::uint64_t spine_megabytes = 1'024;  // the spine keeps at most so much
  std::uint64_t spine_hours = 24 * 7;     // and for so long
  spine::Durability durability = spine::Durability::full;
  std::uint64_t commit_ms = 20, commit_kilobytes = 1'536;  // the spine commits when so much waits, or waits so long
  std::filesystem::path config;                            // the file this came from; empty: none
  bool help = false;
};

// `args` without the program and the command. Unknown options, bad values and TLS off beyond loopback are refused.
Result<ServeOptions> parse_serve(const std::vector<std::string>& args);
std::string serve_help();

}  // namespace myriad::app
