// Watches points against limits. Per point one slot leads to its limits, so that a batch costs comparisons only;
// names are looked at when a point is seen for the first time.
#include <deque>
#include <nlohmann/json.hpp>

#include "config.h"
#include "myriad/plugin.hpp"
#include "state_text.h"

namespace threshold {
namespace {

std::vector<std::string> inputs(const std::vector<Rule>& rules) {
  std::vector<std::string> patterns;
  for (const auto& rule : rules) patterns.push_back(rule.input);
  return patterns;
}

std::optional<double> number_in(const myriad_reading& reading) {
  switch (reading.type) {
    case MYRIAD_I64:
      return static_cast<double>(reading.value.i64);
    case MYRIAD_U64:
      return static_cast<double>(reading.value.u64);
    case MYRIAD_F64:
      return reading.value.f64;
    default:
      return std::nullopt;  // also what we publish ourselves: booleans
  }
}

class Threshold final : public myriad::Plugin, public myriad::Processor {
 public:
  Threshold(myriad::Host host, std::string_view config_json) : Plugin(host), rules_(parse_rules(config_json)) {
    this->host().select(inputs(rules_));
  }

  void process(const myriad::BatchView& batch) override;
  std::string save() override;
  void load(std::string_view state) override;

 private:
  // A rule on a point, and where its outcome goes.
  struct Watch {
    const Rule* rule;
    State state;
    std::uint32_t output;
    std::string point, output_thing, output_property;  // the event has the property's name
  };
  struct Event {
    std::string thing, name, data;
    std::int64_t time_ns;
  };
  struct Slot {
    bool known = false;
    std::uint32_t first = 0, count = 0;  // its watches lie together
  };

  Slot& slot_of(std::uint32_t point);
  Slot bind(std::uint32_t point);
  void watch(const Rule& rule, std::uint32_t point, const myriad::Host::PointName& name);
  void describe(const Watch& watch, std::uint32_t point, const myriad::Host::PointName& name) const;
  void apply(Watch& watch, const myriad_reading& reading, double value);
  void report(const Watch& watch, Side before, double value, std::int64_t time_ns);
  void flush();

  std::vector<Rule> rules_;
  std::vector<Slot> slots_;  // by point id
  std::vector<Watch> watches_;
  SavedStates restored_;  // of points not seen since the start
  myriad::Batch out_;     // what the host has not taken yet, and the events after it
  std::deque<Event> events_;
  std::uint64_t late_ = 0;
};

Threshold::Slot& Threshold::slot_of(std::uint32_t point) {
  if (point >= slots_.size()) slots_.resize(std::size_t{point} + 1);
  if (!slots_[point].known) slots_[point] = bind(point);
  return slots_[point];
}

Threshold::Slot Threshold::bind(std::uint32_t point) {
  const auto name = host().name(point);
  const std::string full = std::string(name.thing) + "/" + std::string(name.property);
  const std::size_t first = watches_.size();
  for (const auto& rule : rules_) try {
      if (matches(rule.input, full)) watch(rule, point, name);
    } catch (const myriad::Failure& failure) {
      host().error("rule '" + rule.name + "' leaves out '" + full + "': " + failure.what());
    }
  return {true, static_cast<std::uint32_t>(first), static_cast<std::uint32_t>(watches_.size() - first)};
}

void Threshold::watch(const Rule& rule, std::uint32_t point, const myriad::Host::PointName& name) {
  Watch made{&rule,
             {},
             0,
             std::string(name.thing) + "/" + std::string(name.property),
             expand(rule.output_thing, rule, name.thing, name.property),
             expand(rule.output_property, rule, name.thing, name.property)};
  made.output = host().intern(made.output_thing, made.output_property);
  describe(made, point, name);
  if (const auto saved = restored_.extract({rule.name, made.point}); saved && belongs(rule.limits, saved.mapped()))
    made.state = saved.mapped();
  watches_.push_back(std::move(made));
}

void Threshold::describe(const Watch& watch, std::uint32_t point, const myriad::Host::PointName& name) const {
  using nlohmann::json;
  json value = {{"type", "number"}}, limit = {{"type", "number"}};
  if (const auto unit = host().unit(point); !unit.empty()) value["unit"] = limit["unit"] = unit;
  const json state = {{"type", "string"}, {"enum", {"normal", "high", "low"}}};
  json td;
  if (watch.output_thing != name.thing) td["title"] = watch.output_thing;
  td["properties"][watch.output_property] = {
      {"title", watch.rule->name}, {"type", "boolean"}, {"readOnly", true}, {"observable", true}};
  td["events"][watch.output_property] = {{"title", watch.rule->name},
                                         {"data",
                                          {{"type", "object"},
                                           {"properties",
                                            {{"rule", {{"type", "string"}}},
                                             {"point", {{"type", "string"}}},
                                             {"state", state},
                                             {"value", value},
                                             {"limit", limit}}}}}};
  host().put_thing(watch.output_thing, td.dump());
}

void Threshold::process(const myriad::BatchView& batch) {
  flush();
  const auto late_before = late_;
  for (std::uint32_t i = 0; i < batch.size(); ++i) {
    const auto value = number_in(batch[i]);
    if (!value) continue;  // before its slot: what is no number gets no output
    const Slot slot = slot_of(batch[i].point);
    for (std::uint32_t w = slot.first; w < slot.first + slot.count; ++w) apply(watches_[w], batch[i], *value);
  }
  if (late_ != late_before) host().metric("late_readings", static_cast<double>(late_));
  flush();
}

void Threshold::apply(Watch& watch, const myriad_reading& reading, double value) {
  const bool good = reading.quality == MYRIAD_GOOD;
  const Side before = watch.state.side;
  const Outcome outcome =
      good ? take(watch.rule->limits, watch.state, value, reading.time_ns) : take_unknown(watch.state, reading.time_ns);
  switch (outcome) {
    case Outcome::nothing:
      return;
    case Outcome::late:
      ++late_;
      return;
    case Outcome::transition:
      report(watch, before, value, reading.time_ns);
      [[fallthrough]];
    case Outcome::show:
      out_.add(watch.output, reading.time_ns, watch.state.side != Side::normal,
               std::uint16_t{good ? MYRIAD_GOOD : MYRIAD_UNCERTAIN});
  }
}

// The limit in the event is the one passed: on the way out, the one it had passed before.
void Threshold::report(const Watch& watch, Side before, double value, std::int64_t time_ns) {
  const Side side = watch.state.side, passed = side == Side::normal ? before : side;
  const auto& limits = watch.rule->limits;
  const nlohmann::json data = {{"rule", watch.rule->name},
                               {"point", watch.point},
                               {"state", word(side)},
                               {"value", value},
                               {"limit", *(passed == Side::high ? limits.high : limits.low)}};
  events_.push_back({watch.output_thing, watch.output_property, data.dump(), time_ns});
}

// The host's queue full: what is here stays, and the same batch comes again; its readings are then late, hence not
// counted twice.
void Threshold::flush() {
  const auto check = [](myriad_status status) {
    if (status != MYRIAD_OK) throw myriad::Failure(status, "the host does not take the outcome of a limit");
  };
  if (!out_.empty()) {
    const auto status = host().publish(out_);
    if (status != MYRIAD_E_AGAIN) out_.clear();
    check(status);
  }
  while (!events_.empty()) {
    const Event& event = events_.front();
    const auto status = host().emit(event.thing, event.name, event.data, event.time_ns);
    if (status != MYRIAD_E_AGAIN) events_.pop_front();
    check(status);
  }
}

std::string Threshold::save() {
  SavedStates states = restored_;
  for (const auto& watch : watches_) states[{watch.rule->name, watch.point}] = watch.state;
  return to_text(states);
}

void Threshold::load(std::string_view text) {
  auto states = from_text(text);
  if (!states) return host().warn("the saved state is not of this version: limits begin anew");
  restored_ = std::move(*states);
}

}  // namespace
}  // namespace threshold

MYRIAD_PLUGIN(threshold::Threshold, "threshold", "0.1.0")
