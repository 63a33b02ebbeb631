// The schemas that strangers' plugins bring, applied to documents: the schema on the first line, the document behind
// it.
#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "plugin_host/manifest.h"
#include "plugin_host/schema.h"

namespace {

using namespace myriad::plugin_host;

constexpr const char* manifest = R"({"id":"x","version":"1.0.0","kind":"device","library":"x.so",
  "abi":{"built":"1.0","min":"1.0"}})";

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto end = std::min(text.find('\n'), text.size());
  const auto plugin = parse_manifest(manifest, "x", text.substr(0, end));
  if (!plugin) return 0;
  const auto schema = Schema::compile(plugin->config_schema);
  if (!schema && schema.error().message.empty()) std::abort();
  const auto document = nlohmann::json::parse(text.substr(std::min(end + 1, text.size())), nullptr, false);
  if (!schema || document.is_discarded()) return 0;
  const auto ok = (*schema)->check(document);
  if (!ok && ok.error().message.empty()) std::abort();
  return 0;
}
