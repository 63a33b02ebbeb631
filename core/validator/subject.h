// The plugin under check, as far as it lies on disk, and its library once it is loaded.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "base/result.h"
#include "myriad/plugin.h"
#include "plugin_host/plugins.h"

namespace myriad::validator {

struct Place {
  std::filesystem::path folder;   // holds manifest.json
  std::filesystem::path library;  // need not exist
};

// `file`: a library with manifest.json beside it, or two folders up (<folder>/lib/<architecture>/), or the folder. Runs
// none of the plugin's code, as all below but load().
Result<Place> locate(const std::filesystem::path& file);

// The file's text, at most 4 MiB.
Result<std::string> read_text(const std::filesystem::path& file);

// Also where schema.json holds the schema.
Result<plugin_host::Manifest> read_manifest(const Place&);

struct Config {
  nlohmann::json value;      // with the schema's defaults
  bool from_sample = false;  // of sample.json; otherwise made of the schema
};
// The configuration that the checks run with. It fits the schema.
Result<Config> choose_config(const Place&, const plugin_host::Manifest&);

struct Subject {
  Place place;
  plugin_host::Manifest manifest;
  nlohmann::json config;
  myriad_plugin_entry_fn entry = nullptr;
  const myriad_plugin_api* api = nullptr;
};
// The library is loaded as the daemon does, into this process.
Result<Subject> load(const Place&);

}  // namespace myriad::validator
