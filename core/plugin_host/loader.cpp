// Boost.DLL then needs no Boost.Filesystem.
#define BOOST_DLL_USE_STD_FS
#include "plugin_host/loader.h"

#include <boost/dll/shared_library.hpp>
#include <mutex>
#include <vector>

#include "plugin_host/manifest.h"

namespace myriad::plugin_host {
namespace {

Error refused(std::string message) {
  return {Code::unsupported, std::move(message)};
}

// Lives as long as the process: a library is never unloaded, since a plugin's thread may still run its code.
void keep(boost::dll::shared_library library) {
  static std::mutex mutex;
  static auto& kept = *new std::vector<boost::dll::shared_library>;
  const std::lock_guard lock(mutex);
  kept.push_back(std::move(library));
}

std::string hex(std::uint32_t v) {
  char buffer[16];
  std::snprintf(buffer, sizeof buffer, "0x%x", v);
  return buffer;
}

Status check_functions(const myriad_plugin_api& api) {
  const std::pair<const char*, bool> functions[] = {{"create", api.create}, {"destroy", api.destroy},
                                                    {"start", api.start},   {"stop", api.stop},
                                                    {"cancel", api.cancel}, {"get_extension", api.get_extension}};
  for (const auto& [name, given] : functions)
    if (!given) return refused(std::string("its table has no ") + name + "(): a plugin gives all six functions");
  return {};
}

}  // namespace

Status check_api(const myriad_plugin_api& api, std::string_view id) {
  if (api.struct_size < sizeof(myriad_plugin_api))
    return refused("its myriad_plugin_api has " + std::to_string(api.struct_size) + " bytes, this host needs " +
                   std::to_string(sizeof(myriad_plugin_api)) + ": rebuild it with this host's SDK");
  if (api.abi >> 16 != MYRIAD_ABI_MAJOR)
    return refused("it was built for ABI " + abi_text(api.abi) + ", this host has " + abi_text(MYRIAD_ABI) +
                   ": rebuild it with an SDK of major version " + std::to_string(MYRIAD_ABI_MAJOR));
  if (api.min_host_abi > MYRIAD_ABI)
    return refused("it needs a host with ABI " + abi_text(api.min_host_abi) + " or newer, this host has " +
                   abi_text(MYRIAD_ABI) + ": upgrade Myriad");
  if (api.layout != MYRIAD_LAYOUT)
    return refused("its memory layout is " + hex(api.layout) + ", this host's is " + hex(MYRIAD_LAYOUT) +
                   ": rebuild it for this machine with this host's SDK");
  const std::string_view own = api.id ? api.id : "";
  if (own != id)
    return refused("its library calls itself '" + std::string(own) + "', its manifest '" + std::string(id) +
                   "': give both the same id");
  return check_functions(api);
}

Result<const myriad_plugin_api*> load(const std::filesystem::path& file, std::string_view id) {
  if (!std::filesystem::is_regular_file(file))
    return Error{Code::not_found, "its library " + file.string() + " is missing: install it again"};
  const auto host = abi_text(MYRIAD_ABI);
  try {
    using boost::dll::load_mode::type;
    boost::dll::shared_library library(file.string(), type::rtld_now | type::rtld_local);
    if (!library.has(MYRIAD_ENTRY_SYMBOL))
      return refused(file.string() + " has no symbol " MYRIAD_ENTRY_SYMBOL + ", the entry that ABI " + host +
                     " asks for: is it a plugin of this major version?");
    const auto entry = library.get<const myriad_plugin_api*(std::uint32_t)>(MYRIAD_ENTRY_SYMBOL);
    keep(std::move(library));
    const auto* api = entry(MYRIAD_ABI);
    if (!api) return refused("it does not accept a host of ABI " + host + ": install a release for this host");
    if (auto ok = check_api(*api, id); !ok) return ok.error();
    return api;
  } catch (const std::exception& e) {
    return refused(file.string() + " cannot be loaded: " + e.what());
  }
}

}  // namespace myriad::plugin_host
