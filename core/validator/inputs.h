// Readings for the plugin to be delivered, processed or written: random, and valid.
#pragma once

#include <random>
#include <string>
#include <vector>

#include "validator/trial_host.h"

namespace myriad::validator {

class Inputs {
 public:
  // Of the points that the plugin selected, or that it may write. The same seed gives the same readings.
  static Inputs selected(TrialHost&, std::uint64_t seed = 1);
  static Inputs writable(TrialHost&, std::uint64_t seed = 1);

  bool empty() const { return points_.empty(); }

  // So many readings, in order of time, a second apart. The view lasts until the next call. `stride`: as a newer host
  // would have it.
  const myriad_batch& next(std::uint32_t count, std::uint32_t stride = sizeof(myriad_reading));
  // The plugin has changed what it was lent.
  bool changed() const;

 private:
  struct Point {
    std::uint32_t id;
    std::string type;  // of the Thing's description; empty: any
  };
  Inputs(std::vector<Point> points, std::uint64_t seed) : points_(std::move(points)), random_(seed) {}
  myriad_reading make(const Point& point);
  void set_text(myriad_reading& r, std::uint16_t type, const std::string& text);

  std::vector<Point> points_;
  std::mt19937_64 random_;
  std::vector<std::uint64_t> readings_, lent_;  // raw: strides are multiples of 8
  std::string blob_, lent_blob_;
  myriad_batch batch_{};
  std::int64_t time_ns_ = 1'700'000'000'000'000'000;
  std::uint64_t sequence_ = 0;
};

}  // namespace myriad::validator
