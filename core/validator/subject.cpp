#include "validator/subject.h"

#include <dlfcn.h>
#include <sys/utsname.h>

#include <fstream>
#include <sstream>

#include "myriad/config.hpp"
#include "plugin_host/loader.h"
#include "plugin_host/manifest.h"
#include "plugin_host/schema.h"
#include "validator/synthesis.h"

namespace myriad::validator {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using plugin_host::Manifest;

bool is_there(const fs::path& file) {
  std::error_code error;
  return fs::exists(file, error);
}

std::string architecture() {
  utsname machine{};
  ::uname(&machine);
  return machine.machine;
}

Result<Place> locate_in(const fs::path& folder) {
  if (!is_there(folder / "manifest.json"))
    return Error{Code::not_found, folder.string() + " holds no manifest.json: name a plugin's folder or library"};
  const auto text = read_text(folder / "manifest.json");
  const auto document = text ? json::parse(*text, nullptr, false) : json();
  const bool named = document.is_object() && document.contains("id") && document["id"].is_string();
  const auto library = (named ? document["id"].get<std::string>() : folder.filename().string()) + ".so";
  const auto packed = folder / "lib" / architecture() / library;
  return Place{folder, is_there(packed) ? packed : folder / library};
}

Result<json> read_json(const fs::path& file) {
  const auto text = read_text(file);
  if (!text) return text.error();
  auto document = json::parse(*text, nullptr, false);
  if (document.is_discarded())
    return Error{Code::invalid, file.filename().string() + " is not JSON: check for a missing comma or quote"};
  return document;
}

// With the defaults filled in, as the daemon does.
Result<json> completed(const json& schema, json config) {
  const auto compiled = plugin_host::Schema::compile(schema);
  if (!compiled) return compiled.error();
  apply_defaults(schema, config);
  if (const auto ok = (*compiled)->check(config); !ok) return ok.error();
  return config;
}

}  // namespace

Result<Place> locate(const fs::path& given) {
  std::error_code error;
  const auto file = fs::absolute(given, error).lexically_normal();
  if (fs::is_directory(file, error)) return locate_in(file.has_filename() ? file : file.parent_path());
  if (!is_there(file))
    return Error{Code::not_found, file.string() + " is not there: name a plugin's folder or library"};
  const auto beside = file.parent_path(), above = beside.parent_path().parent_path();
  for (const auto& folder : {beside, above})
    if (is_there(folder / "manifest.json")) return Place{folder, file};
  return Error{Code::not_found, "no manifest.json beside " + file.string() + ": put it there"};
}

Result<std::string> read_text(const fs::path& file) {
  constexpr std::uintmax_t limit = 4 << 20;
  const auto name = file.filename().string();
  std::error_code error;
  const auto size = fs::file_size(file, error);
  if (error) return Error{Code::not_found, name + " cannot be read: " + error.message()};
  if (size > limit) return Error{Code::too_large, name + " is larger than 4 MiB: make it smaller"};
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  if (!in) return Error{Code::denied, name + " cannot be read: check its permissions"};
  return text.str();
}

Result<Manifest> read_manifest(const Place& place) {
  const auto text = read_text(place.folder / "manifest.json");
  if (!text) return text.error();
  const auto id = place.library.stem().string();
  if (!is_there(place.folder / "schema.json")) return plugin_host::parse_manifest(*text, id);
  const auto schema = read_text(place.folder / "schema.json");
  return schema ? plugin_host::parse_manifest(*text, id, *schema) : schema.error();
}

Result<Config> choose_config(const Place& place, const Manifest& manifest) {
  const auto& schema = manifest.config_schema;
  if (is_there(place.folder / "sample.json")) {
    const auto sample = read_json(place.folder / "sample.json");
    if (!sample) return sample.error();
    auto config = completed(schema, *sample);
    if (config) return Config{*std::move(config), true};
    return Error{Code::invalid, "sample.json: " + config.error().field + ": " + config.error().message,
                 config.error().field};
  }
  std::string why = "a value was found for none of its parts";
  for (auto& candidate : synthesise(schema)) {
    auto config = completed(schema, std::move(candidate));
    if (config) return Config{*std::move(config), false};
    why = config.error().field + ": " + config.error().message;
  }
  return Error{Code::invalid, "no configuration could be made up that fits the schema (" + why + ")"};
}

Result<Subject> load(const Place& place) {
  auto manifest = read_manifest(place);
  if (!manifest) return manifest.error();
  auto config = choose_config(place, *manifest);
  if (!config) return config.error();
  const auto api = plugin_host::load(place.library, manifest->id);
  if (!api) return api.error();
  // It stays loaded, so that this is the same library.
  void* library = ::dlopen(place.library.c_str(), RTLD_NOW | RTLD_LOCAL);
  const auto entry = reinterpret_cast<myriad_plugin_entry_fn>(::dlsym(library, MYRIAD_ENTRY_SYMBOL));
  return Subject{place, *std::move(manifest), std::move(config->value), entry, *api};
}

}  // namespace myriad::validator
