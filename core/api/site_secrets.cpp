// The site's secrets: an administrator sets them and says which instances may read them. No answer holds a value.
#include <nlohmann/json.hpp>

#include "api/etag.h"
#include "api/json_body.h"
#include "api/page.h"
#include "api/problem.h"
#include "api/resources.h"
#include "base/time_text.h"
#include "security/cleanse.h"

namespace myriad::api {
namespace {

using nlohmann::json;
using security::SecretInfo;

json secret_json(const SecretInfo& info) {
  return {{"name", info.name}, {"instances", info.instances}, {"updated", format_time(info.updated)}};
}

Reply secret_reply(const SecretInfo& info, int status = 200) {
  Reply reply = json_reply(secret_json(info), status);
  reply.fields.emplace_back("ETag", etag(info.version));
  return reply;
}

// A secret that is understood but breaks a rule is 422; the rest as usual.
Reply refused(const Error& error) {
  if (error.code == Code::conflict) return precondition_failed();
  return problem(error.code == Code::invalid ? 422 : status_of(error.code), error);
}

// The parser's own words quote what it read, which may be the value.
Result<json> parse_secret(std::string_view text) {
  auto body = parse_object(text);
  if (body) return body;
  return Error{Code::invalid, R"(the body is no JSON object like {"value":"…","instances":["plc-*"]})"};
}

Status check_members(const json& body, const std::string& name) {
  for (const auto& [member, value] : body.items()) {
    if (member == "name" && value != name)
      return Error{Code::invalid, "a secret keeps its name '" + name + "': leave it, or set another", "/name"};
    if (member != "name" && member != "value" && member != "instances" && member != "updated")
      return Error{Code::invalid, "a secret has a value and instances, and no '" + member.substr(0, 80) + "'",
                   "/" + pointer_token(member)};
  }
  return {};
}

Result<std::vector<std::string>> parse_instances(const json& body) {
  const auto list = body.find("instances");
  if (list == body.end() || !list->is_array())
    return Error{Code::invalid, R"(say who may read it: "instances":["plc-1","line-*"])", "/instances"};
  std::vector<std::string> out;
  for (const auto& pattern : *list) {
    if (!pattern.is_string())
      return Error{Code::invalid, "an instance is text, an id or a pattern like plc-*",
                   "/instances/" + std::to_string(out.size())};
    out.push_back(pattern.get<std::string>());
  }
  return out;
}

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const auto& word : words) out += (out.empty() ? "" : ", ") + word;
  return out;
}

void record(Shared& shared, const Call& call, const std::string& what) {
  shared.parts.security.audit(call.session->identity.name, what, call.request.connection->peer);
}

Result<Reply> list(Shared& shared, const Call& call) {
  const auto page = page_query(call);
  if (!page) return page.error();
  auto items = json::array();
  for (const auto& info : shared.parts.secrets.list()) items.push_back(secret_json(info));
  return slice_reply(call, *page, std::move(items));
}

Result<Reply> read(Shared& shared, const Call& call) {
  const auto info = shared.parts.secrets.find(call.segment("secret"));
  if (!info) return info.error();
  return secret_reply(*info);
}

// `value` null or left out: as it is.
Result<SecretInfo> store(Shared& shared, const Call& call, json& body, std::uint64_t version) {
  const auto& name = call.segment("secret");
  if (auto ok = check_members(body, name); !ok) return ok.error();
  auto instances = parse_instances(body);
  if (!instances) return instances.error();
  std::optional<std::string_view> value;
  if (const auto sent = body.find("value"); sent != body.end() && !sent->is_null()) {
    if (!sent->is_string()) return Error{Code::invalid, "value: send text", "/value"};
    value = sent->get_ref<const std::string&>();
  }
  return shared.parts.secrets.put(name, value, *std::move(instances), version);
}

// Whoever creates sends no If-Match; whoever replaces must.
std::optional<Reply> unmet(const Call& call, const Result<SecretInfo>& old) {
  if (old) return unmet_if_match(call, old->version);
  if (call.request.head.field("If-Match")) return precondition_failed();
  return std::nullopt;
}

Result<Reply> put(Shared& shared, const Call& call) {
  auto body = parse_secret(call.request.body);
  if (!body) return body.error();
  std::string none;
  const auto sent = body->find("value");
  const security::Cleanser cleanser(sent != body->end() && sent->is_string() ? sent->get_ref<std::string&>() : none);
  const auto old = shared.parts.secrets.find(call.segment("secret"));
  if (auto reply = unmet(call, old)) return std::move(*reply);
  const auto info = store(shared, call, *body, old ? old->version : 0);
  if (!info) return refused(info.error());
  record(shared, call, "secret " + info->name + " set for " + joined(info->instances));
  Reply reply = secret_reply(*info, old ? 200 : 201);
  if (!old) reply.fields.emplace_back("Location", "/api/v1/secrets/" + info->name);
  return reply;
}

Result<Reply> remove(Shared& shared, const Call& call) {
  const auto old = shared.parts.secrets.find(call.segment("secret"));
  if (!old) return old.error();
  if (auto unmet = unmet_if_match(call, old->version)) return std::move(*unmet);
  if (auto removed = shared.parts.secrets.remove(old->name, old->version); !removed) return refused(removed.error());
  record(shared, call, "secret " + old->name + " removed");
  return no_content();
}

}  // namespace

void add_secret_routes(Router& router, Shared& shared) {
  constexpr auto one = "/api/v1/secrets/{secret}";
  router.add({"GET", "/api/v1/secrets", Access::user, [&](const Call& c) { return list(shared, c); }});
  router.add({"GET", one, Access::user, [&](const Call& c) { return read(shared, c); }});
  router.add({"PUT", one, Access::user, [&](const Call& c) { return put(shared, c); }});
  router.add({"DELETE", one, Access::user, [&](const Call& c) { return remove(shared, c); }});
}

}  // namespace myriad::api
