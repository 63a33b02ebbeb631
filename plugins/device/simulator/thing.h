// One simulated Thing: its model, its signals, its faults, and what was written to it. Not thread-safe.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "config.h"
#include "myriad/plugin.hpp"

namespace simulator {

class Thing {
 public:
  // Interns one point per property. Throws myriad::Failure when a name is no slug.
  Thing(const myriad::Host& host, const ThingConfig& config, std::uint64_t seed, int utc_offset_min);

  const std::string& name() const { return config_.name; }
  std::string description() const;  // a partial W3C Thing Description
  const std::vector<std::uint32_t>& points() const { return points_; }

  // Adds a reading of every property.
  void sample(std::int64_t time_ns, myriad::Batch& out) const;
  // Takes a value for a property: OK, or why not.
  myriad_status write(std::size_t property, const myriad_reading& value, std::int64_t time_ns);

 private:
  const std::vector<Property>& properties() const { return config_.kind->properties; }
  std::vector<double> values(std::int64_t time_ns) const;
  std::vector<double> faulty_values(std::int64_t time_ns, const FaultAt& fault) const;
  FaultAt fault(std::int64_t time_ns) const { return fault_at(noise_, config_.kind->faults_per_day, time_ns); }

  ThingConfig config_;
  Noise noise_;
  int utc_offset_min_;
  std::vector<std::uint32_t> points_;
  std::vector<std::optional<Command>> commands_;
};

// The TD of a property, as far as it is known here.
nlohmann::json describe(const Property& property);

}  // namespace simulator
