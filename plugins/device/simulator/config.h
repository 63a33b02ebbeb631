// What an instance is told to simulate, checked. Pure.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "model.h"

namespace simulator {

// What the Things of one group have in common.
struct Kind {
  const Model* model = nullptr;      // none: only signals
  std::vector<Property> properties;  // the model's, then one per signal
  std::vector<Signal> signals;
  double faults_per_day = 0;
};

struct ThingConfig {
  std::string name, title;
  std::shared_ptr<const Kind> kind;
};

struct LoadConfig {
  std::uint32_t points, batch;
  int decimals;
  double rate;  // readings a second; 0: as fast as the host takes them
  std::string name;
};

struct ReplayConfig {
  struct Column {
    std::string header, property, unit;
    Type type;
  };
  std::string file, thing, time_column;
  std::vector<Column> columns;
  double speed;  // 0: as fast as the host takes it
  bool loop, keep_times;
  int utc_offset_min;
};

struct Config {
  std::uint64_t seed;
  int utc_offset_min;
  std::vector<ThingConfig> things;
  std::optional<LoadConfig> load;
  std::optional<ReplayConfig> replay;
};

// Throws myriad::Failure INVALID, naming the place. The schema's own checks are the host's.
Config parse_config(std::string_view json);

}  // namespace simulator
