// How long history is kept, what that costs, what was written over, and its deletion.
#include <limits>
#include <nlohmann/json.hpp>

#include "api/etag.h"
#include "api/history_query.h"
#include "api/json_body.h"
#include "api/page.h"
#include "api/point_select.h"
#include "api/problem.h"
#include "api/resources.h"
#include "base/time_text.h"

namespace myriad::api {
namespace {

using historian::RetentionRule;
using nlohmann::json;

constexpr std::int64_t day_hours = 24, most_days = 366 * 200;
constexpr std::size_t usual_revisions = 100, most_revisions = 1'000;

// ---- Retention: {"rules":[{"points":"ward/*","raw_days":30,"minutes_days":365}]}; a missing member is for ever.

constexpr std::pair<const char*, std::chrono::hours RetentionRule::*> kept_members[] = {
    {"raw_days", &RetentionRule::raw},
    {"minutes_days", &RetentionRule::minutes},
    {"hours_days", &RetentionRule::hours},
    {"days_days", &RetentionRule::days}};

json rules_json(const std::vector<RetentionRule>& rules) {
  auto out = json::array();
  for (const auto& rule : rules) {
    json one{{"points", rule.points}};
    for (const auto& [name, member] : kept_members)
      if ((rule.*member).count() > 0) one[name] = (rule.*member).count() / day_hours;
    out.push_back(std::move(one));
  }
  return {{"rules", std::move(out)}};
}

// FNV-1a: the rules are their own version.
std::uint64_t version_of(const json& rules) {
  std::uint64_t hash = 14'695'981'039'346'656'037u;
  for (const char c : rules.dump()) hash = (hash ^ static_cast<unsigned char>(c)) * 1'099'511'628'211u;
  return hash;
}

Result<RetentionRule> parse_rule(const json& document, const std::string& at) {
  if (!document.is_object()) return Error{Code::invalid, "a rule is an object with 'points'", at};
  RetentionRule rule;
  for (const auto& [name, value] : document.items()) {
    if (name == "points" && value.is_string()) {
      rule.points = value.get<std::string>();
      continue;
    }
    const auto* known = std::find_if(std::begin(kept_members), std::end(kept_members),
                                     [&, &key = name](const auto& each) { return key == each.first; });
    if (known == std::end(kept_members))
      return Error{Code::invalid, "a rule has points (a pattern), raw_days, minutes_days, hours_days and days_days",
                   at + "/" + pointer_token(name)};
    if (!value.is_number_integer() || value.get<std::int64_t>() < 1 || value.get<std::int64_t>() > most_days)
      return Error{Code::invalid,
                   name + " " + value.dump() + ": a whole number of days from 1 to " + std::to_string(most_days) +
                       "; leave it out to keep for ever",
                   at + "/" + name};
    rule.*(known->second) = std::chrono::hours(value.get<std::int64_t>() * day_hours);
  }
  return rule;
}

Result<std::vector<RetentionRule>> parse_rules(const json& body) {
  const auto list = body.find("rules");
  if (list == body.end() || !list->is_array() || body.size() != 1)
    return Error{Code::invalid, "send {\"rules\":[…]}; the first rule whose pattern matches a point counts", "/rules"};
  std::vector<RetentionRule> rules;
  for (std::size_t i = 0; i < list->size(); ++i) {
    auto rule = parse_rule((*list)[i], "/rules/" + std::to_string(i));
    if (!rule) return rule.error();
    rules.push_back(std::move(*rule));
  }
  return rules;
}

Reply rules_reply(const std::vector<RetentionRule>& rules) {
  const json body = rules_json(rules);
  Reply reply = json_reply(body);
  reply.fields.emplace_back("ETag", etag(version_of(body)));
  return reply;
}

Result<Reply> replace_rules(Shared& shared, const Call& call) {
  const auto body = parse_object(call.request.body);
  if (!body) return body.error();
  const auto old = rules_json(shared.parts.historian.retention());
  if (auto unmet = unmet_if_match(call, version_of(old))) return std::move(*unmet);
  auto rules = parse_rules(*body);
  if (!rules) return rules.error();
  if (auto done = shared.parts.historian.set_retention(*rules); !done) return done.error();
  shared.parts.security.audit(call.session->identity.name,
                              "retention of history changed to " + rules_json(*rules).dump(),
                              call.request.connection->peer);
  return rules_reply(shared.parts.historian.retention());
}

// ---- What it costs

Result<Reply> estimate(Shared& shared, const Call& call) {
  const auto patterns = parse_point_patterns(shared, call);
  if (!patterns) return patterns.error();
  auto items = json::array();
  for (const auto& group : shared.parts.historian.estimate(*patterns)) {
    json one{{"points", group.points},
             {"count", group.count},
             {"readings_per_day", group.readings_per_day},
             {"bytes_per_day", group.bytes_per_day},
             {"kept_bytes", nullptr}};
    if (group.kept_bytes) one["kept_bytes"] = *group.kept_bytes;
    items.push_back(std::move(one));
  }
  return json_reply({{"items", std::move(items)}, {"stored_bytes", shared.parts.historian.stats().disk_bytes}});
}

// ---- What was written over

Result<std::string> one_point(Shared& shared, const Call& call) {
  auto points = parse_point_patterns(shared, call);
  if (!points) return points.error();
  if (points->size() != 1 || is_pattern(points->front()))
    return Error{Code::invalid, "say which point: point=meter/voltage, one and no pattern", "point"};
  return std::move(points->front());
}

Result<Reply> revisions(Shared& shared, const Call& call) {
  const auto point = one_point(shared, call);
  if (!point) return point.error();
  const auto page = page_query(call, usual_revisions, most_revisions);
  if (!page) return page.error();
  const auto found = shared.parts.historian.revisions(*point, page->limit);
  if (!found) return found.error();
  auto items = json::array();
  for (const auto& each : *found)
    items.push_back({{"noticed", format_time(each.noticed)},
                     {"readings", each.readings},
                     {"from", format_time(each.from)},
                     {"to", format_time(each.to)}});
  return json_reply({{"point", *point}, {"items", std::move(items)}});
}

// ---- Deletion

Result<Reply> remove(Shared& shared, const Call& call) {
  const auto points = parse_point_patterns(shared, call);
  if (!points) return points.error();
  if (points->empty())
    return Error{Code::invalid, "say which points: point=meter/voltage or point=meter/*, several times if wanted",
                 "point"};
  const auto from = parse_time_parameter(call, "from", 0);
  if (!from) return from.error();
  const auto to = parse_time_parameter(call, "to", std::numeric_limits<Nanos>::max());
  if (!to) return to.error();
  if (*from > *to) return Error{Code::invalid, "from is later than to: swap them", "from"};
  std::uint64_t removed = 0;
  const auto found = matching_points(shared.parts.points, *points);
  for (const auto& [point, id] : found) {
    const auto done = shared.parts.historian.remove(point, {*from, *to});
    if (!done) return done.error();
    removed += *done;
  }
  std::string what = "history removed: " + std::to_string(removed) + " readings of";
  for (const auto& point : *points) what += ' ' + point;
  shared.parts.security.audit(call.session->identity.name,
                              what + " from " + format_time(*from) + " to " + format_time(*to),
                              call.request.connection->peer);
  return json_reply({{"points", found.size()}, {"removed", removed}});
}

}  // namespace

void add_history_keeping_routes(Router& router, Shared& shared) {
  router.add({"GET", "/api/v1/history/retention", Access::user,
              [&](const Call&) { return Result<Reply>(rules_reply(shared.parts.historian.retention())); }});
  router.add(
      {"PUT", "/api/v1/history/retention", Access::user, [&](const Call& c) { return replace_rules(shared, c); }});
  router.add({"GET", "/api/v1/history/estimate", Access::user, [&](const Call& c) { return estimate(shared, c); }});
  router.add({"GET", "/api/v1/history/revisions", Access::user, [&](const Call& c) { return revisions(shared, c); }});
  router.add({"DELETE", "/api/v1/history", Access::user, [&](const Call& c) { return remove(shared, c); }});
}

}  // namespace myriad::api
