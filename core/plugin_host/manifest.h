// Reads a plugin's manifest.json. Pure.
#pragma once

#include <string_view>

#include "base/result.h"
#include "plugin_host/plugins.h"

namespace myriad::plugin_host {

// `folder` is the name of the folder that holds the manifest: the plugin's id must equal it; empty when that says
// nothing, as in an archive. `schema` is the text of schema.json, which serves in place of config_schema; empty when
// there is none. Errors name the member at fault in `field` ("/abi/min").
Result<Manifest> parse_manifest(std::string_view text, std::string_view folder, std::string_view schema = {});

// "1.0" → 0x10000, as MYRIAD_ABI.
Result<std::uint32_t> parse_abi(std::string_view text);
std::string abi_text(std::uint32_t abi);

}  // namespace myriad::plugin_host
