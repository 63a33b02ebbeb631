// Configured, running plugins: all verbs.
#include <nlohmann/json.hpp>

#include "api/etag.h"
#include "api/instance_text.h"
#include "api/json_body.h"
#include "api/page.h"
#include "api/problem.h"
#include "api/resources.h"
#include "api/secrets.h"
#include "base/time_text.h"

namespace myriad::api {
namespace {

using nlohmann::json;
using plugin_host::InstanceStatus;
using registry::InstanceRecord;

std::string_view level_name(Level level) {
  switch (level) {
    case Level::debug:
      return "debug";
    case Level::info:
      return "info";
    case Level::warn:
      return "warn";
    case Level::error:
      return "error";
  }
  return "error";
}

Reply instance_reply(Shared& shared, const InstanceStatus& status, int http_status = 200) {
  Reply reply = json_reply(instance_json(status, shared.parts.registry, shared.parts.plugins), http_status);
  reply.fields.emplace_back("ETag", etag(status.record.version));
  return reply;
}

// A configuration that is understood but breaks the plugin's rules is 422; the rest as usual.
Reply refused(const Error& error) {
  return problem(error.code == Code::invalid ? 422 : status_of(error.code), error);
}

Reply done(Shared& shared, const Result<InstanceStatus>& status) {
  return status ? instance_reply(shared, *status) : refused(status.error());
}

json stored_config(const InstanceRecord& record) {
  json config = json::parse(record.config, nullptr, false);
  return config.is_object() ? config : json::object();
}

json schema_of(Shared& shared, const std::string& plugin) {
  const auto* found = shared.parts.plugins.find(plugin);
  return found ? found->manifest.config_schema : json::object();
}

// Where it is to run, and within which limits. Whether the plugin allows that, is the plugin host's to say.
Status read_home(const json& document, InstanceRecord& record) {
  const auto isolation = document.find("isolation");
  if (isolation != document.end() && !isolation->is_null()) {
    if (!isolation->is_string()) return Error{Code::invalid, "isolation: send in_process or process", "/isolation"};
    record.isolation = isolation->get<std::string>();
  }
  const auto quota = document.find("quota");
  if (quota != document.end() && !quota->is_null()) {
    if (!quota->is_object()) return Error{Code::invalid, "quota: send an object", "/quota"};
    record.quota = quota->dump();
  }
  return {};
}

// The record that a client's document asks for. `old`: what it replaces, whose hidden secrets it keeps.
Result<InstanceRecord> record_of(Shared& shared, const json& document, const InstanceRecord* old) {
  InstanceRecord record;
  const auto plugin = text_member(document, "plugin");
  if (!plugin) return plugin.error();
  record.plugin = *plugin;
  if (!shared.parts.plugins.find(record.plugin))
    return Error{Code::invalid,
                 "there is no plugin '" + record.plugin.substr(0, 128) + "': GET /api/v1/plugins lists them",
                 "/plugin"};
  const auto config = document.find("config");
  if (config != document.end() && !config->is_object())
    return Error{Code::invalid, std::string("config is ") + config->type_name() + ": send an object", "/config"};
  json fresh = config == document.end() ? json::object() : *config;
  // Another plugin's secrets are not this one's, even under the same name.
  const bool keeps = old && old->plugin == record.plugin;
  record.config =
      keep_secrets(schema_of(shared, record.plugin), std::move(fresh), keeps ? stored_config(*old) : json::object())
          .dump();
  const auto enabled = document.find("enabled");
  if (enabled != document.end() && !enabled->is_boolean())
    return Error{Code::invalid, "enabled: send true or false", "/enabled"};
  record.enabled = enabled == document.end() || enabled->get<bool>();
  if (auto ok = read_home(document, record); !ok) return ok.error();
  return record;
}

Result<Reply> list(Shared& shared, const Call& call) {
  const auto page = page_query(call);
  if (!page) return page.error();
  auto items = json::array();
  for (const auto& status : shared.parts.instances.list())
    items.push_back(instance_json(status, shared.parts.registry, shared.parts.plugins));
  return slice_reply(call, *page, std::move(items));
}

Result<Reply> create(Shared& shared, const Call& call) {
  const auto body = parse_object(call.request.body);
  if (!body) return body.error();
  const auto id = text_member(*body, "id");
  if (!id) return refused(id.error());
  auto record = record_of(shared, *body, nullptr);
  if (!record) return refused(record.error());
  record->id = *id;
  const auto status = shared.parts.instances.create(std::move(*record));
  if (!status) return refused(status.error());
  Reply reply = instance_reply(shared, *status, 201);
  reply.fields.emplace_back("Location", "/api/v1/instances/" + status->record.id);
  return reply;
}

Result<Reply> read(Shared& shared, const Call& call) {
  const auto status = shared.parts.instances.get(call.segment("instance"));
  if (!status) return status.error();
  return instance_reply(shared, *status);
}

// `document` is the whole new instance.
Result<Reply> replace_with(Shared& shared, const json& document, const InstanceRecord& old) {
  if (document.contains("id") && document["id"] != old.id)
    return refused({Code::invalid, "an instance keeps its id '" + old.id + "': leave it, or create another", "/id"});
  auto record = record_of(shared, document, &old);
  if (!record) return refused(record.error());
  record->id = old.id;
  if (record->plugin == old.plugin) record->plugin_version = old.plugin_version;
  const auto status = shared.parts.instances.replace(std::move(*record), old.version);
  if (!status && status.error().code == Code::conflict) return precondition_failed();
  return done(shared, status);
}

Result<Reply> replace(Shared& shared, const Call& call) {
  const auto body = parse_object(call.request.body);
  if (!body) return body.error();
  const auto old = shared.parts.instances.get(call.segment("instance"));
  if (!old) return old.error();
  if (auto unmet = unmet_if_match(call, old->record.version)) return std::move(*unmet);
  return replace_with(shared, *body, old->record);
}

// RFC 7396, over what a client sees: a hidden secret is null there, and a null in the patch leaves it hidden.
Result<Reply> patch(Shared& shared, const Call& call) {
  const auto body = parse_object(call.request.body);
  if (!body) return body.error();
  const auto old = shared.parts.instances.get(call.segment("instance"));
  if (!old) return old.error();
  if (auto unmet = unmet_if_match(call, old->record.version)) return std::move(*unmet);
  json document{
      {"plugin", old->record.plugin}, {"enabled", old->record.enabled}, {"config", stored_config(old->record)}};
  json change = *body;
  if (const auto config = change.find("config"); config != change.end())
    *config = keep_secrets(schema_of(shared, old->record.plugin), std::move(*config), document["config"]);
  if (!old->record.isolation.empty()) document["isolation"] = old->record.isolation;
  if (!old->record.quota.empty()) document["quota"] = json::parse(old->record.quota);
  document.merge_patch(change);
  return replace_with(shared, document, old->record);
}

Result<Reply> remove(Shared& shared, const Call& call) {
  const auto old = shared.parts.instances.get(call.segment("instance"));
  if (!old) return old.error();
  if (auto unmet = unmet_if_match(call, old->record.version)) return std::move(*unmet);
  const auto removed = shared.parts.instances.remove(old->record.id, old->record.version);
  if (!removed) return removed.error().code == Code::conflict ? precondition_failed() : problem(removed.error());
  return no_content();
}

Result<Reply> logs(Shared& shared, const Call& call) {
  const auto status = shared.parts.instances.get(call.segment("instance"));
  if (!status) return status.error();
  const auto page = page_query(call, 100, 1'000);
  if (!page) return page.error();
  auto items = json::array();
  for (const auto& line : shared.parts.instances.logs(status->record.id, page->limit))
    items.push_back({{"time", format_time(line.time)}, {"level", level_name(line.level)}, {"text", line.text}});
  return page_reply(call, std::move(items), "");
}

}  // namespace

void add_instance_routes(Router& router, Shared& shared) {
  constexpr auto all = "/api/v1/instances", one = "/api/v1/instances/{instance}";
  auto& instances = shared.parts.instances;
  router.add({"GET", all, Access::user, [&](const Call& c) { return list(shared, c); }});
  router.add({"POST", all, Access::user, [&](const Call& c) { return create(shared, c); }});
  router.add({"GET", one, Access::user, [&](const Call& c) { return read(shared, c); }});
  router.add({"PUT", one, Access::user, [&](const Call& c) { return replace(shared, c); }});
  router.add({"PATCH", one, Access::user, [&](const Call& c) { return patch(shared, c); }});
  router.add({"DELETE", one, Access::user, [&](const Call& c) { return remove(shared, c); }});
  router.add({"POST", "/api/v1/instances/{instance}/start", Access::user,
              [&](const Call& c) { return done(shared, instances.start(c.segment("instance"))); }});
  router.add({"POST", "/api/v1/instances/{instance}/stop", Access::user,
              [&](const Call& c) { return done(shared, instances.stop(c.segment("instance"))); }});
  router.add({"POST", "/api/v1/instances/{instance}/restart", Access::user,
              [&](const Call& c) { return done(shared, instances.restart(c.segment("instance"))); }});
  router.add(
      {"GET", "/api/v1/instances/{instance}/logs", Access::user, [&](const Call& c) { return logs(shared, c); }});
}

}  // namespace myriad::api
