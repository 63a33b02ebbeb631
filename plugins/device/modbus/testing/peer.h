// Real Modbus servers (pymodbus), and instances of the plugin that talk to them.
#pragma once

#include <filesystem>
#include <fstream>

#include "myriad/test_host.hpp"
#include "process.h"

namespace modbus::testing {

inline nlohmann::json load(const std::filesystem::path& path) {
  return nlohmann::json::parse(std::ifstream(path));
}

inline const nlohmann::json& schema() {
  static const auto manifest = load(std::filesystem::path(PLUGIN_DIR) / "manifest.json");
  return manifest["config_schema"];
}

// A folder of its own, removed with this object.
class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "modbus_test_XXXXXX").string();
    if (!mkdtemp(name.data())) throw std::runtime_error("no temporary folder");
    path_ = name;
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// A Modbus TCP server on 127.0.0.1 with the model that testing/server.py describes.
class Server {
 public:
  explicit Server(const nlohmann::json& model) {
    std::ofstream(model_file()) << model;
    start();
  }
  int port() const { return port_; }
  void stop() { process_.reset(); }
  // Again on the same port, with the first values.
  void start() {
    process_.emplace(std::vector<std::string>{"/usr/bin/python3", PLUGIN_DIR "/testing/server.py", model_file(),
                                              "--port", std::to_string(port_)});
    port_ = std::stoi(process_->line());
  }

 private:
  std::string model_file() const { return (folder_.path() / "model.json").string(); }
  Folder folder_;
  int port_ = 0;
  std::optional<Process> process_;
};

inline myriad::TestHost::Instance create(myriad::TestHost& host, nlohmann::json config) {
  return host.create(myriad_plugin_entry_v1(MYRIAD_ABI), config.dump(), schema());
}

inline nlohmann::json value_of(const myriad::TestHost::Seen& seen) {
  switch (seen.reading.type) {
    case MYRIAD_BOOL:
      return seen.reading.value.i64 != 0;
    case MYRIAD_I64:
      return seen.reading.value.i64;
    case MYRIAD_U64:
      return seen.reading.value.u64;
    case MYRIAD_F64:
      return seen.reading.value.f64;
    default:
      return seen.text;
  }
}

// sample.json on this port, with short back-off.
inline nlohmann::json meter(int port) {
  auto config = load(PLUGIN_DIR "/sample.json");
  config.merge_patch({{"port", port}, {"reconnect_min_ms", 1}, {"reconnect_max_ms", 2}});
  return config;
}

inline const nlohmann::json kMeter = {{"units", {{"1", {{"holding", {{"0", {17254, 0}}}}, {"coil", {{"3", 0}}}}}}}};

// What a call of the plugin fails with.
template <class F>
myriad::Failure failure_of(F&& call) {
  try {
    call();
  } catch (const myriad::Failure& failure) {
    return failure;
  }
  return {MYRIAD_OK, "it did not fail"};
}

}  // namespace modbus::testing
