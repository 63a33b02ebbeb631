#include "plugin.h"

#include <map>
#include <nlohmann/json.hpp>
#include <thread>

namespace modbus {
namespace {

using myriad::Failure;
using nlohmann::json;

const char* td_type(const Format& format) {
  switch (value_type(format)) {
    case MYRIAD_BOOL:
      return "boolean";
    case MYRIAD_I64:
    case MYRIAD_U64:
      return "integer";
    case MYRIAD_TEXT:
      return "string";
    default:
      return "number";
  }
}

json td_property(const Point& point) {
  json out = {{"type", td_type(point.format)}, {"readOnly", !point.writable}, {"observable", true}};
  if (!point.unit.empty()) out["unit"] = point.unit;
  if (!point.title.empty()) out["title"] = point.title;
  return out;
}

}  // namespace

Modbus::Modbus(myriad::Host host, std::string_view config_json)
    : Plugin(host), settings_(parse(myriad::Config::parse(config_json))), client_(settings_) {}

void Modbus::start() {
  ids_.clear();
  points_.clear();
  std::vector<Place> places;
  for (const auto& point : settings_.points) {
    ids_.push_back(host().intern(point.thing, point.property));
    points_.emplace(ids_.back(), places.size());
    places.push_back(point.place);
  }
  plan_ = make_plan(places, settings_.limits);
  image_.emplace(settings_.points, plan_, ids_);
  make_live();
  batch_.reserve(kBatch + settings_.limits.bits);
  retry_.reset();
  up_ = false;
  client_.resume();
  describe();
}

void Modbus::stop() {
  client_.close();
  deadline_ns_ = host().now_ns();
  if (flush()) return;
  host().warn(std::to_string(batch_.size()) + " readings are lost: the host's queue stayed full until the stop");
  batch_.clear();
}

void Modbus::describe() const {
  std::map<std::string, json> things;
  for (const auto& point : settings_.points) {
    json& td = things.try_emplace(point.thing, json{{"title", point.thing}}).first->second;
    td["properties"][point.property] = td_property(point);
  }
  for (const auto& [thing, td] : things) host().put_thing(thing, td.dump());
}

// The requests as planned, as if nothing had been refused.
void Modbus::make_live() {
  live_.clear();
  units_.clear();
  for (const auto& request : plan_.requests) {
    if (units_.empty() || units_.back().id != request.unit) units_.push_back({request.unit, backoff()});
    live_.push_back({request, units_.size() - 1, backoff()});
  }
}

// False when the host's queue stays full until the deadline; the batch is kept.
bool Modbus::flush() {
  while (!batch_.empty()) {
    const auto status = host().publish(batch_);
    if (status == MYRIAD_E_AGAIN) {
      ++held_;
      if (client_.is_cancelled() || host().now_ns() >= deadline_ns_) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      continue;
    }
    const auto count = batch_.size();
    batch_.clear();
    if (status != MYRIAD_OK)
      throw Failure(MYRIAD_E_INTERNAL, "the host refused " + std::to_string(count) + " readings with status " +
                                           std::to_string(status) + ": report this");
    values_ += count;
  }
  return true;
}

void Modbus::publish() {
  if (flush()) return;
  throw Failure(client_.is_cancelled() ? MYRIAD_E_CANCELLED : MYRIAD_E_AGAIN,
                "the host's queue is full: " + std::to_string(batch_.size()) + " readings wait");
}

void Modbus::report() const {
  host().metric("requests", static_cast<double>(client_.requests()));
  host().metric("errors", static_cast<double>(client_.errors()));
  host().metric("reconnects", static_cast<double>(opened_ > 0 ? opened_ - 1 : 0));
  host().metric("values", static_cast<double>(values_));
  host().metric("publish_again", static_cast<double>(held_));
}

}  // namespace modbus

MYRIAD_PLUGIN(modbus::Modbus, "modbus", "0.1.0")
