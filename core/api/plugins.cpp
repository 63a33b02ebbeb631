// The plugins found at start.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "api/page.h"
#include "api/resources.h"

namespace myriad::api {
namespace {

using nlohmann::json;
using plugin_host::PluginInfo;

// Texts by language; a manifest that could not be read has none.
json texts(const PluginInfo& plugin, const char* member) {
  const json& document = plugin.manifest.document;
  return document.is_object() ? document.value(member, json::object()) : json::object();
}

json plugin_json(Shared& shared, const PluginInfo& plugin) {
  const auto& manifest = plugin.manifest;
  const auto all = shared.parts.registry.instances();
  const auto instances =
      std::count_if(all.begin(), all.end(), [&](const auto& record) { return record.plugin == manifest.id; });
  json out{{"id", manifest.id},
           {"version", manifest.version},
           {"kind", manifest.kind},
           {"titles", texts(plugin, "titles")},
           {"descriptions", texts(plugin, "descriptions")},
           {"config_schema", manifest.config_schema},
           {"abi", {{"built", manifest.abi_built}, {"min", manifest.abi_min}}},
           {"provides", manifest.provides},
           {"state", plugin.refused.empty() ? "loaded" : "refused"},
           {"instances", instances}};
  if (!plugin.refused.empty()) out["error"] = plugin.refused;
  return out;
}

Result<Reply> list(Shared& shared, const Call& call) {
  const auto page = page_query(call);
  if (!page) return page.error();
  auto items = json::array();
  for (const auto* plugin : shared.parts.plugins.list()) items.push_back(plugin_json(shared, *plugin));
  return slice_reply(call, *page, std::move(items));
}

Result<Reply> read(Shared& shared, const Call& call) {
  const auto* plugin = shared.parts.plugins.find(call.segment("plugin"));
  if (!plugin)
    return Error{Code::not_found,
                 "there is no plugin '" + call.segment("plugin").substr(0, 128) + "': GET /api/v1/plugins lists them"};
  return json_reply(plugin_json(shared, *plugin));
}

}  // namespace

void add_plugin_routes(Router& router, Shared& shared) {
  router.add({"GET", "/api/v1/plugins", Access::user, [&](const Call& c) { return list(shared, c); }});
  router.add({"GET", "/api/v1/plugins/{plugin}", Access::user, [&](const Call& c) { return read(shared, c); }});
}

}  // namespace myriad::api
