// The built-in machines and places. Pure: the values of a Thing follow from its noise, the time and what was written
// to it.
#pragma once

#include <optional>
#include <span>

#include "signal.h"

namespace simulator {

// The latest value written to a property.
struct Command {
  double value;
  std::int64_t since_ns;
};

// What a model looks at. `commands` has one slot per property of the model, in its order.
struct Scene {
  std::int64_t time_ns;
  int utc_offset_min;
  const Noise& noise;
  std::span<const std::optional<Command>> commands;

  Moment at() const { return moment(time_ns, utc_offset_min); }
};

struct Model {
  std::string_view id, title, title_zh;
  std::vector<Property> properties;
  void (*values)(const Scene&, std::span<double> out);  // out: one per property, in order
};

// Every model; lasts for the process.
const std::vector<Model>& models();
// nullptr when there is no such model.
const Model* find_model(std::string_view id);

}  // namespace simulator
