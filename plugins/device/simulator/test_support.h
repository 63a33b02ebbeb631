// What the tests of this folder share: an instance made as the daemon makes it, defaults filled in from the manifest.
#pragma once

#include <fstream>
#include <string>

#include "myriad/test_host.hpp"

namespace simulator {

inline nlohmann::json read_json(const std::string& path) {
  std::ifstream file(path);
  return nlohmann::json::parse(file);
}

inline nlohmann::json manifest() {
  return read_json(std::string(PLUGIN_DIR) + "/manifest.json");
}

inline myriad::TestHost::Instance make(myriad::TestHost& host, const nlohmann::json& config) {
  return host.create(myriad_plugin_entry_v1(MYRIAD_ABI), config.dump(), manifest().at("config_schema"));
}

// The status and message that a call ends with; OK when it does not fail.
template <class F>
std::pair<myriad_status, std::string> outcome(F&& call) {
  try {
    call();
    return {MYRIAD_OK, ""};
  } catch (const myriad::Failure& failure) {
    return {failure.status(), failure.what()};
  }
}

}  // namespace simulator
