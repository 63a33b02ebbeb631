#include "thing.h"

#include <cmath>
#include <nlohmann/json.hpp>

namespace simulator {
namespace {

using nlohmann::json;

const char* type_name(Type type) {
  switch (type) {
    case Type::number:
      return "number";
    case Type::integer:
      return "integer";
    case Type::boolean:
      return "boolean";
    case Type::text:
      return "string";
  }
  return "";
}

void add(myriad::Batch& out, std::uint32_t point, std::int64_t time_ns, const Property& property, double value,
         std::uint16_t quality) {
  switch (property.type) {
    case Type::number:
      return out.add(point, time_ns, value, quality);
    case Type::integer:
      return out.add(point, time_ns, static_cast<std::int64_t>(value), quality);
    case Type::boolean:
      return out.add(point, time_ns, value >= 0.5, quality);
    case Type::text:
      return out.add(point, time_ns, std::string_view(property.states.at(static_cast<std::size_t>(value))), quality);
  }
}

// What a written reading says as a number, whatever numeric type the writer chose.
std::optional<double> number_in(const myriad_reading& reading) {
  switch (reading.type) {
    case MYRIAD_BOOL:
    case MYRIAD_I64:
      return static_cast<double>(reading.value.i64);
    case MYRIAD_U64:
      return static_cast<double>(reading.value.u64);
    case MYRIAD_F64:
      return reading.value.f64;
    default:
      return std::nullopt;
  }
}

bool fits(const Property& property, double value) {
  if (!std::isfinite(value)) return false;
  if (property.type != Type::number && value != std::floor(value)) return false;
  return property.min >= property.max || (value >= property.min && value <= property.max);
}

}  // namespace

json describe(const Property& property) {
  json td = {{"title", property.title}, {"type", type_name(property.type)}, {"observable", true}};
  td["readOnly"] = !property.writable;
  if (!property.title_zh.empty()) td["titles"] = {{"en", property.title}, {"zh", property.title_zh}};
  if (!property.unit.empty()) td["unit"] = property.unit;
  if (property.type == Type::text && !property.states.empty()) td["enum"] = property.states;
  if ((property.type == Type::number || property.type == Type::integer) && property.min < property.max) {
    td["minimum"] = property.min;
    td["maximum"] = property.max;
  }
  return td;
}

Thing::Thing(const myriad::Host& host, const ThingConfig& config, std::uint64_t seed, int utc_offset_min)
    : config_(config),
      noise_(seed_for(seed, config.name)),
      utc_offset_min_(utc_offset_min),
      commands_(config.kind->properties.size()) {
  for (const auto& property : properties()) points_.push_back(host.intern(name(), property.name));
}

std::string Thing::description() const {
  json td = {{"title", config_.title}, {"properties", json::object()}};
  for (const auto& property : properties()) td["properties"][property.name] = describe(property);
  return td.dump();
}

void Thing::sample(std::int64_t time_ns, myriad::Batch& out) const {
  const FaultAt fault = this->fault(time_ns);
  const auto values = faulty_values(time_ns, fault);
  const std::uint16_t quality = fault.kind == Fault::offline ? MYRIAD_BAD : MYRIAD_GOOD;
  for (std::size_t i = 0; i < values.size(); ++i) add(out, points_[i], time_ns, properties()[i], values[i], quality);
}

myriad_status Thing::write(std::size_t property, const myriad_reading& value, std::int64_t time_ns) {
  const Property& target = properties()[property];
  if (!target.writable) return MYRIAD_E_UNSUPPORTED;
  if (fault(time_ns).kind == Fault::offline) return MYRIAD_E_UNAVAILABLE;
  const auto number = number_in(value);
  if (!number || !fits(target, *number)) return MYRIAD_E_INVALID;
  commands_[property] = Command{*number, time_ns};
  return MYRIAD_OK;
}

std::vector<double> Thing::values(std::int64_t time_ns) const {
  const Kind& kind = *config_.kind;
  std::vector<double> out(properties().size());
  const std::size_t modelled = kind.model ? kind.model->properties.size() : 0;
  if (kind.model)
    kind.model->values({time_ns, utc_offset_min_, noise_, std::span(commands_).first(modelled)},
                       std::span(out).first(modelled));
  for (std::size_t i = modelled; i < out.size(); ++i) {
    const Signal& signal = kind.signals[i - modelled];
    const double value = value_at(signal, noise_, static_cast<std::uint32_t>(i + 1000), time_ns);
    const double middle = (signal.min + signal.max) / 2;
    out[i] = properties()[i].type == Type::boolean ? value > middle : value;
    if (commands_[i]) out[i] = commands_[i]->value;
  }
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = settle(properties()[i], out[i]);
  return out;
}

std::vector<double> Thing::faulty_values(std::int64_t time_ns, const FaultAt& fault) const {
  if (fault.kind == Fault::offline) return values(fault.since_ns);  // the last that was heard
  auto out = values(time_ns);
  const auto sensor = static_cast<std::size_t>(fault.which * static_cast<double>(out.size()));
  const Property& property = properties()[sensor];
  if (fault.kind == Fault::stuck && !property.writable) out[sensor] = values(fault.since_ns)[sensor];
  if (fault.kind == Fault::spike && property.type == Type::number && property.min < property.max)
    out[sensor] = property.max;
  return out;
}

}  // namespace simulator
