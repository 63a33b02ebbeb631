// Things and their events.
#include <cctype>
#include <nlohmann/json.hpp>

#include "api/etag.h"
#include "api/json_body.h"
#include "api/page.h"
#include "api/problem.h"
#include "api/resources.h"
#include "api/sse.h"
#include "model/thing.h"

namespace myriad::api {
namespace {

using nlohmann::json;

bool is_authority(std::string_view host) {
  return !host.empty() && host.size() < 256 && std::all_of(host.begin(), host.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || std::string_view(".-_:[]").find(c) != std::string_view::npos;
  });
}

// "http://host:port" as the client reached us; empty when its Host cannot stand in a URI.
std::string base_of(const Call& call) {
  const auto host = call.field("Host");
  if (!is_authority(host)) return "";
  return (call.request.connection->tls ? "https://" : "http://") + std::string(host);
}

json served(Shared& shared, const Call& call, const registry::Thing& thing) {
  json td = model::serve_td(thing.name, json::parse(thing.td), base_of(call));
  td["myriad:origin"] = shared.parts.registry.owners(thing.name);
  return td;
}

Reply thing_reply(Shared& shared, const Call& call, const registry::Thing& thing, int status = 200) {
  Reply reply = json_reply(served(shared, call, thing), status);
  reply.fields.emplace_back("ETag", etag(thing.version));
  return reply;
}

// What is added when a TD is served comes back in a PUT of what was read: it is not the Thing's own.
json own_part(json td) {
  if (!td.is_object()) return td;
  for (const char* added : {"base", "forms", "security", "securityDefinitions", "name", "myriad:origin"})
    td.erase(added);
  for (const char* kind : {"properties", "actions", "events"})
    if (const auto group = td.find(kind); group != td.end() && group->is_object())
      for (auto& affordance : *group)
        if (affordance.is_object()) affordance.erase("forms");
  return td;
}

// "Main meter (north)" → "main-meter-north"
std::string slug_of(std::string_view title) {
  std::string slug;
  for (const char c : title.substr(0, 128)) {
    if (std::isalnum(static_cast<unsigned char>(c)))
      slug += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    else if (!slug.empty() && slug.back() != '-')
      slug += '-';
  }
  while (!slug.empty() && slug.back() == '-') slug.pop_back();
  return slug;
}

Result<std::string> name_for(const json& td) {
  if (td.contains("name")) return text_member(td, "name");
  const auto title = text_member(td, "title");
  if (!title) return title.error();
  const std::string slug = slug_of(*title);
  if (slug.empty())
    return Error{Code::invalid, "no name can be made of the title '" + title->substr(0, 80) + "': add a member 'name'",
                 "/name"};
  return slug;
}

Result<Reply> list(Shared& shared, const Call& call) {
  const auto page = page_query(call);
  if (!page) return page.error();
  const auto found = shared.parts.registry.things(call.query("q").value_or(""), page->after, page->limit);
  auto items = json::array();
  for (const auto& thing : found.items) items.push_back(served(shared, call, thing));
  return page_reply(call, std::move(items), found.next);
}

Result<Reply> create(Shared& shared, const Call& call) {
  auto td = parse_object(call.request.body);
  if (!td) return td.error();
  const auto name = name_for(*td);
  if (!name) return name.error();
  const auto thing = shared.parts.registry.create_thing(*name, own_part(std::move(*td)));
  if (!thing) return thing.error();
  Reply reply = thing_reply(shared, call, *thing, 201);
  reply.fields.emplace_back("Location", "/api/v1/things/" + thing->name);
  return reply;
}

Result<Reply> read(Shared& shared, const Call& call) {
  const auto thing = shared.parts.registry.thing(call.segment("thing"));
  if (!thing) return thing.error();
  Reply reply = thing_reply(shared, call, *thing);
  if (!not_modified(call, etag(thing->version))) return reply;
  reply.status = 304;
  reply.body.clear();
  reply.type.clear();
  return reply;
}

// `change` makes the new Thing of the body; the version was checked against If-Match.
template <class Change>
Result<Reply> change_thing(Shared& shared, const Call& call, Change&& change) {
  auto body = parse_object(call.request.body);
  if (!body) return body.error();
  const auto old = shared.parts.registry.thing(call.segment("thing"));
  if (!old) return old.error();
  if (auto unmet = unmet_if_match(call, old->version)) return std::move(*unmet);
  const auto thing = change(old->name, own_part(std::move(*body)), old->version);
  if (!thing) return thing.error().code == Code::conflict ? precondition_failed() : problem(thing.error());
  return thing_reply(shared, call, *thing);
}

Result<Reply> remove(Shared& shared, const Call& call) {
  const auto old = shared.parts.registry.thing(call.segment("thing"));
  if (!old) return old.error();
  if (auto unmet = unmet_if_match(call, old->version)) return std::move(*unmet);
  const auto removed = shared.parts.registry.remove_thing(old->name, old->version);
  if (!removed) return removed.error().code == Code::conflict ? precondition_failed() : problem(removed.error());
  return no_content();
}

Result<Reply> events(Shared& shared, const Call& call) {
  const auto thing = shared.parts.registry.thing(call.segment("thing"));
  if (!thing) return thing.error();
  const auto page = page_query(call);
  if (!page) return page.error();
  const auto found = shared.parts.registry.events(thing->name, page->after, page->limit);
  auto items = json::array();
  for (const auto& event : found.items) items.push_back(event_json(event));
  return page_reply(call, std::move(items), found.next);
}

}  // namespace

void add_thing_routes(Router& router, Shared& shared) {
  constexpr auto one = "/api/v1/things/{thing}";
  auto& registry = shared.parts.registry;
  router.add({"GET", "/api/v1/things", Access::user, [&](const Call& c) { return list(shared, c); }});
  router.add({"POST", "/api/v1/things", Access::user, [&](const Call& c) { return create(shared, c); }});
  router.add({"GET", one, Access::user, [&](const Call& c) { return read(shared, c); }});
  router.add({"PUT", one, Access::user, [&](const Call& c) {
                return change_thing(shared, c, [&](const auto& name, const json& td, std::uint64_t version) {
                  return registry.replace_thing(name, td, version);
                });
              }});
  router.add({"PATCH", one, Access::user, [&](const Call& c) {
                return change_thing(shared, c, [&](const auto& name, const json& patch, std::uint64_t version) {
                  return registry.patch_thing(name, patch, version);
                });
              }});
  router.add({"DELETE", one, Access::user, [&](const Call& c) { return remove(shared, c); }});
  router.add({"GET", "/api/v1/things/{thing}/events", Access::user, [&](const Call& c) { return events(shared, c); }});
}

}  // namespace myriad::api
