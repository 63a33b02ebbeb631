// Latest values, and writes to the equipment.
#include <nlohmann/json.hpp>
#include <thread>

#include "api/json_body.h"
#include "api/problem.h"
#include "api/reading_text.h"
#include "api/resources.h"
#include "base/names.h"
#include "model/thing.h"

namespace myriad::api {
namespace {

using nlohmann::json;
using registry::Registry;

constexpr std::chrono::seconds equipment_limit{5};
constexpr std::chrono::seconds readback_limit{2};

struct Target {
  std::string thing, property;  // names
  Registry::Property described;

  std::string point() const { return thing + '/' + property; }
};

Result<std::string> thing_name(Shared& shared, const std::string& key) {
  if (is_slug(key)) return key;
  const auto thing = shared.parts.registry.thing(key);
  if (!thing) return thing.error();
  return thing->name;
}

Result<Target> target_of(Shared& shared, const Call& call) {
  auto thing = thing_name(shared, call.segment("thing"));
  if (!thing) return thing.error();
  Target target{std::move(*thing), call.segment("property"), {}};
  if (auto found = shared.parts.registry.property(target.point())) {
    target.described = std::move(*found);
    return target;
  }
  if (const auto known = shared.parts.registry.thing(target.thing); !known) return known.error();
  return Error{Code::not_found, "the Thing '" + target.thing + "' has no property '" + target.property.substr(0, 128) +
                                    "': its TD lists what it has"};
}

std::string reason_of(Shared& shared, const std::string& owner) {
  if (owner.empty()) return "";
  const auto instance = shared.parts.instances.get(owner);
  return instance && instance->connection ? instance->connection->reason : "";
}

void append_member(std::string& out, std::string_view name, std::string_view text) {
  if (text.empty()) return;
  out.append(",\"").append(name).append("\":");
  append_string(out, text);
}

// {"value":230.1,"time":"…","quality":"good","unit":"V"}
void append_latest(Shared& shared, std::string& out, const std::string& point, const Registry::Property& property,
                   bool with_reason) {
  const auto id = shared.parts.points.find(point);
  const auto sample = id ? shared.parts.bus.latest(*id) : std::nullopt;
  out += '{';
  if (sample)
    append_sample(out, *sample);
  else
    out += R"("value":null,"time":null,"quality":"stale")";
  append_member(out, "unit", property.unit);
  if (with_reason && (!sample || sample->quality != MYRIAD_GOOD))
    append_member(out, "reason", reason_of(shared, property.owner));
  out += '}';
}

Reply latest_reply(Shared& shared, const Target& target) {
  Reply reply;
  append_latest(shared, reply.body, target.point(), target.described, true);
  return reply;
}

// Until what the equipment's plugin has published by now is on disk and on the bus. An empty batch is committed after
// all that was appended before it; the bus follows a commit within microseconds and cannot be waited for by sequence.
void await_published(Shared& shared) {
  if (!shared.parts.spine.append_and_wait({})) return;  // then there is nothing newer to wait for
  const auto last = shared.parts.spine.end() - 1;
  const auto deadline = std::chrono::steady_clock::now() + readback_limit;
  const auto seen = shared.parts.bus.subscribe({}, 1, [] {});
  while (seen->take().sequence < last && std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(std::chrono::microseconds(200));
}

Result<Reply> read_one(Shared& shared, const Call& call) {
  const auto target = target_of(shared, call);
  if (!target) return target.error();
  if (call.flag("live")) {
    if (auto asked = shared.parts.instances.read(target->point(), equipment_limit); !asked) return asked.error();
    await_published(shared);
  }
  return latest_reply(shared, *target);
}

Result<Reply> read_all(Shared& shared, const Call& call) {
  const auto thing = shared.parts.registry.thing(call.segment("thing"));
  if (!thing) return thing.error();
  const json properties = json::parse(thing->td).value("properties", json::object());
  Reply reply;
  reply.body = "{";
  for (const auto& [name, schema] : properties.items()) {
    const auto property = shared.parts.registry.property(thing->name + '/' + name);
    if (!property) continue;
    if (reply.body.size() > 1) reply.body += ',';
    append_string(reply.body, name);
    reply.body += ':';
    append_latest(shared, reply.body, thing->name + '/' + name, *property, false);
  }
  reply.body += '}';
  return reply;
}

// The value of {"value":…} that fits the property's schema.
Result<model::Value> fitting_value(Shared& shared, const Call& call, const Target& target) {
  const auto body = parse_object(call.request.body);
  if (!body) return body.error();
  const auto given = body->find("value");
  if (given == body->end()) return Error{Code::invalid, R"(member 'value' is missing: send {"value":…})", "/value"};
  auto value = model::value_from_json(*given);
  if (!value) return Error{Code::invalid, value.error().message, "/value"};
  const auto thing = shared.parts.registry.thing(target.thing);
  if (!thing) return thing.error();
  const json schema =
      json::parse(thing->td).value(json::json_pointer("/properties/" + target.property), json::object());
  auto fitted = model::fit_value(schema, std::move(*value));
  if (!fitted) return Error{fitted.error().code, fitted.error().message, "/value"};
  return fitted;
}

Result<Reply> write(Shared& shared, const Call& call) {
  const auto target = target_of(shared, call);
  if (!target) return target.error();
  if (target->described.read_only) {
    Reply reply = problem({Code::unsupported, "the property '" + target->point() + "' is read-only"});
    reply.fields.emplace_back("Allow", "GET");
    return reply;
  }
  auto value = fitting_value(shared, call, *target);
  if (!value) return value.error();
  if (target->described.owner.empty())
    return Error{Code::conflict,
                 "no instance serves '" + target->point() + "': configure one whose plugin writes this property"};
  if (auto written = shared.parts.instances.write(target->point(), *value, equipment_limit); !written) {
    Error error = written.error();
    if (error.code == Code::invalid) error.field = "/value";
    return error;
  }
  await_published(shared);
  return latest_reply(shared, *target);
}

}  // namespace

void add_property_routes(Router& router, Shared& shared) {
  constexpr auto one = "/api/v1/things/{thing}/properties/{property}";
  router.add({"GET", one, Access::user, [&](const Call& c) { return read_one(shared, c); }});
  router.add({"PUT", one, Access::user, [&](const Call& c) { return write(shared, c); }});
  router.add(
      {"GET", "/api/v1/things/{thing}/properties", Access::user, [&](const Call& c) { return read_all(shared, c); }});
}

}  // namespace myriad::api
