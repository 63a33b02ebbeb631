// The plugins of the site: what came with it, what was installed, and how that changes.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "api/json_body.h"
#include "api/multipart.h"
#include "api/page.h"
#include "api/problem.h"
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

json versions_json(Shared& shared, const std::string& id) {
  auto out = json::array();
  const auto* current = shared.parts.plugins.find(id);
  for (const auto* v : shared.parts.plugins.versions(id))
    out.push_back({{"version", v->manifest.version},
                   {"current", v == current},
                   {"installed", v->installed},
                   {"signer", v->signer.empty() ? json(nullptr) : json(v->signer)},
                   {"state", v->refused.empty() ? "loaded" : "refused"}});
  return out;
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
           {"installed", plugin.installed},
           {"signer", plugin.signer.empty() ? json(nullptr) : json(plugin.signer)},
           {"versions", versions_json(shared, manifest.id)},
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

// A package that is understood but breaks a rule is 422; the rest as usual.
Reply refused(const Error& error) {
  return problem(error.code == Code::invalid ? 422 : status_of(error.code), error);
}

Result<Reply> changed(Shared& shared, const Result<plugin_host::Lifecycle::Change>& change, int status) {
  if (!change) return refused(change.error());
  json out = plugin_json(shared, *change->plugin);
  out["from"] = change->from.empty() ? json(nullptr) : json(change->from);
  out["warning"] = change->warning;
  out["moved"] = json::array();
  for (const auto& [instance, kept] : change->moved)
    out["moved"].push_back({{"instance", instance}, {"kept", kept.empty() ? json(nullptr) : json(kept)}});
  Reply reply = json_reply(out, status);
  if (status == 201) reply.fields.emplace_back("Location", "/api/v1/plugins/" + change->plugin->manifest.id);
  return reply;
}

Result<Reply> install(Shared& shared, const Call& call) {
  auto file = multipart_field(call.field("Content-Type"), call.request.body, "package");
  if (!file) return file.error();
  const auto package = plugin_host::Package::read(*std::move(file));
  if (!package) return refused(package.error());
  const bool moves = call.query("move").value_or("true") != "false";
  return changed(shared, shared.parts.lifecycle.install(*package, moves), 201);
}

Result<Reply> roll_back(Shared& shared, const Call& call) {
  json body = json::object();
  if (!call.request.body.empty()) {
    const auto sent = parse_object(call.request.body);
    if (!sent) return sent.error();
    body = *sent;
  }
  if (body.contains("version") && !body["version"].is_string())
    return refused({Code::invalid, "version: send text, like \"1.2.0\"", "/version"});
  return changed(shared, shared.parts.lifecycle.roll_back(call.segment("plugin"), body.value("version", "")), 200);
}

Result<Reply> remove(Shared& shared, const Call& call) {
  const auto removed = shared.parts.lifecycle.remove(call.segment("plugin"), call.query("version").value_or(""));
  return removed ? no_content() : refused(removed.error());
}

}  // namespace

void add_plugin_routes(Router& router, Shared& shared) {
  router.add({"GET", "/api/v1/plugins", Access::user, [&](const Call& c) { return list(shared, c); }});
  constexpr std::size_t largest_form = (std::size_t{64} << 20) + (64 << 10);  // a package and what surrounds it
  router.add(
      {"POST", "/api/v1/plugins", Access::user, [&](const Call& c) { return install(shared, c); }, largest_form});
  router.add(
      {"POST", "/api/v1/plugins/{plugin}/rollback", Access::user, [&](const Call& c) { return roll_back(shared, c); }});
  router.add({"DELETE", "/api/v1/plugins/{plugin}", Access::user, [&](const Call& c) { return remove(shared, c); }});
  router.add({"GET", "/api/v1/plugins/{plugin}", Access::user, [&](const Call& c) { return read(shared, c); }});
}

}  // namespace myriad::api
