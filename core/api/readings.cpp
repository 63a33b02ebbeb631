// POST /readings: durable before it is acknowledged.
#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "api/await_bus.h"
#include "api/readings_json.h"
#include "api/resources.h"
#include "base/names.h"
#include "model/thing.h"

namespace myriad::api {
namespace {

using nlohmann::json;

constexpr std::size_t readings_body = std::size_t{8} << 20;
constexpr std::chrono::milliseconds latest_limit{100};
constexpr std::size_t most_refusals_told = 1'000;

// Fits readings to the Things of the site, and gathers the Things that they would make.
class Intake {
 public:
  Intake(Shared& shared, bool strict) : shared_(shared), strict_(strict) {}

  // The error's field is "/point" or "/value".
  Status take(Incoming& reading) {
    auto target = target_of(reading);
    if (!target) return target.error();
    auto value = model::fit_value((*target)->schema, std::move(reading.sample.value));
    if (!value) return Error{value.error().code, reading.point + ": " + value.error().message, "/value"};
    reading.sample.value = std::move(*value);
    taken_.emplace_back(*target, std::move(reading.sample));
    return {};
  }

  std::size_t size() const { return taken_.size(); }

  // Makes what is missing, then waits for the disk.
  Result<spine::Sequence> commit() {
    if (taken_.empty()) return shared_.parts.spine.end() - 1;
    for (const auto& [thing, properties] : unknown_)
      if (auto made = shared_.parts.registry.describe_thing(thing, {{"properties", properties}}, ""); !made)
        return made.error();
    model::Batch batch;
    for (auto& [target, sample] : taken_) {
      if (target->id == model::PointId{}) {
        const auto id = shared_.parts.points.intern(target->point);
        if (!id) return id.error();
        target->id = *id;
      }
      model::append(batch, target->id, sample);
    }
    auto last = shared_.parts.spine.append_and_wait(batch.view());
    if (last) await_bus(shared_.parts.bus, *last, latest_limit);
    return last;
  }

 private:
  struct Target {
    std::string point;
    json schema;  // what a value must fit
    model::PointId id{};
  };

  Result<Target*> target_of(const Incoming& reading) {
    const auto [it, fresh] = targets_.try_emplace(reading.point);
    if (!fresh) return &it->second;
    it->second.point = reading.point;
    if (const auto known = shared_.parts.registry.property(reading.point)) {
      if (!known->type.empty())
        it->second.schema = {{"type", known->type}};
      else
        it->second.schema = json::object();
      return &it->second;
    }
    if (strict_) {
      targets_.erase(it);
      return Error{Code::not_found, "no Thing has the property '" + reading.point + "': create it, or leave strict out",
                   "/point"};
    }
    const auto [thing, property] = split_point(reading.point);
    it->second.schema = model::infer_property(reading.sample.value);
    unknown_[std::string(thing)][std::string(property)] = it->second.schema;
    return &it->second;
  }

  Shared& shared_;
  const bool strict_;
  std::unordered_map<std::string, Target> targets_;  // by point; never moves an element
  std::map<std::string, json> unknown_;              // properties to make, by Thing
  std::vector<std::pair<Target*, model::Sample>> taken_;
};

Result<Reply> take_document(Shared& shared, const Call& call) {
  auto readings = parse_readings(call.request.body, shared.parts.clock.now());
  if (!readings) return readings.error();
  Intake intake(shared, call.flag("strict"));
  for (std::size_t i = 0; i < readings->size(); ++i)
    if (auto taken = intake.take((*readings)[i]); !taken) {
      Error error = taken.error();
      error.field = "/readings/" + std::to_string(i) + error.field;
      return error;
    }
  const auto sequence = intake.commit();
  if (!sequence) return sequence.error();
  return json_reply({{"accepted", intake.size()}, {"sequence", *sequence}}, 202);
}

Result<Reply> take_lines(Shared& shared, const Call& call) {
  Lines lines = parse_reading_lines(call.request.body, shared.parts.clock.now());
  Intake intake(shared, call.flag("strict"));
  for (std::size_t i = 0; i < lines.readings.size(); ++i)
    if (auto taken = intake.take(lines.readings[i]); !taken)
      lines.refused.push_back({lines.line_of[i], taken.error().message});
  const auto sequence = intake.commit();
  if (!sequence) return sequence.error();
  std::sort(lines.refused.begin(), lines.refused.end(), [](const auto& a, const auto& b) { return a.line < b.line; });
  auto told = json::array();
  for (const auto& refused : lines.refused) {
    if (told.size() == most_refusals_told) break;
    told.push_back({{"line", refused.line}, {"detail", refused.detail}});
  }
  return json_reply({{"accepted", intake.size()},
                     {"sequence", *sequence},
                     {"refused", lines.refused.size()},
                     {"refusals", std::move(told)}},
                    202);
}

}  // namespace

void add_reading_routes(Router& router, Shared& shared) {
  const auto take = [&shared](const Call& call) {
    return call.field("Content-Type").starts_with("application/x-ndjson") ? take_lines(shared, call)
                                                                          : take_document(shared, call);
  };
  router.add({"POST", "/api/v1/readings", Access::user, take, readings_body});
}

}  // namespace myriad::api
