#include "load.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

namespace simulator {
namespace {

using std::chrono::steady_clock;

constexpr std::uint32_t points_a_thing = 10;

std::string thing_name(const LoadConfig& config, std::uint32_t point) {
  return config.name + "-" + std::to_string(point / points_a_thing + 1);
}

std::string property_name(std::uint32_t point) {
  return "v" + std::to_string(point % points_a_thing);
}

}  // namespace

Walks::Walks(std::vector<std::uint32_t> points, int decimals, std::uint64_t seed)
    : points_(std::move(points)),
      scale_(std::pow(10.0, decimals)),
      highest_(static_cast<std::int32_t>(100 * scale_)),
      next_(points_.size()),
      random_(seed_for(seed, "load") | 1) {
  const Noise noise(seed);
  for (std::size_t i = 0; i < points_.size(); ++i)
    values_.push_back(static_cast<std::int32_t>(noise.pick(0, static_cast<std::int64_t>(i)) * highest_));
}

void Walks::begin_round(std::int64_t now_ns) {
  // Farther ahead than any batch leads: the clock was set back.
  constexpr std::int64_t set_back_ns = 10'000'000'000;
  next_ = 0;
  const bool set_back = time_ns_ - now_ns > set_back_ns;
  time_ns_ = std::max(now_ns - now_ns % 1000, set_back ? 0 : time_ns_ + 1000);
}

void Walks::fill(std::span<myriad_reading> out, std::int64_t now_ns) {
  std::uint64_t random = random_;
  for (auto& reading : out) {
    if (next_ == points_.size()) begin_round(now_ns);
    random ^= random << 13, random ^= random >> 7, random ^= random << 17;  // xorshift64 (Marsaglia 2003)
    const auto step = static_cast<std::int32_t>(((random >> 32) * 7) >> 32) - 3;
    values_[next_] = std::clamp(values_[next_] + step, 0, highest_);
    // Divided, not multiplied by 0.01: this gives the double nearest to the decimal.
    reading = {time_ns_, points_[next_], MYRIAD_F64, MYRIAD_GOOD, {}};
    reading.value.f64 = values_[next_] / scale_;
    ++next_;
  }
  random_ = random;
}

void Load::describe() const {
  for (std::uint32_t first = 0; first < config_.points; first += points_a_thing) {
    nlohmann::json td = {{"title", "Load " + std::to_string(first / points_a_thing + 1)}};
    for (std::uint32_t p = first; p < std::min(first + points_a_thing, config_.points); ++p)
      td["properties"][property_name(p)] = {
          {"type", "number"}, {"readOnly", true}, {"observable", true}, {"minimum", 0}, {"maximum", 100}};
    host_.put_thing(thing_name(config_, first), td.dump());
  }
}

std::vector<std::uint32_t> Load::intern() const {
  std::vector<std::uint32_t> points;
  for (std::uint32_t p = 0; p < config_.points; ++p)
    points.push_back(host_.intern(thing_name(config_, p), property_name(p)));
  return points;
}

void Load::run(const std::stop_token& stop) {
  Walks walks(intern(), config_.decimals, seed_);
  Publisher publisher(host_);
  myriad::Batch batch;
  for (std::uint32_t i = 0; i < config_.batch; ++i) batch.add(myriad_reading{});
  pace_from_ = reported_ = steady_clock::now();
  std::uint64_t sent = 0;
  for (;;) {
    walks.fill(batch.readings(), host_.now_ns());
    stay_near_clock(walks.time_ns(), stop);
    if (!publisher.publish(batch, stop)) break;
    sent = keep_rate(sent + batch.size(), stop);
    report(publisher);
  }
}

std::uint64_t Load::keep_rate(std::uint64_t sent, const std::stop_token& stop) {
  if (config_.rate == 0) return 0;
  const std::chrono::duration<double> due(static_cast<double>(sent) / config_.rate);
  const std::chrono::duration<double> passed = steady_clock::now() - pace_from_;
  if (due > passed) pause(stop, std::chrono::duration_cast<std::chrono::nanoseconds>(due - passed));
  // After the host was away, go on at the rate rather than make up for it in a burst.
  if (passed - due < std::chrono::seconds(1)) return sent;
  pace_from_ = steady_clock::now();
  return 0;
}

// One point at full speed would ask for more than a reading a microsecond; the clock does not wait for it.
void Load::stay_near_clock(std::int64_t time_ns, const std::stop_token& stop) const {
  constexpr std::int64_t lead_ns = 1'000'000;
  while (time_ns - host_.now_ns() > lead_ns && !stop.stop_requested()) pause(stop, std::chrono::milliseconds(1));
}

void Load::report(const Publisher& publisher) {
  const auto now = steady_clock::now();
  if (now - reported_ < std::chrono::seconds(1)) return;
  reported_ = now;
  host_.metric("load_readings", static_cast<double>(publisher.published()));
  host_.metric("load_waits", static_cast<double>(publisher.waits()));
}

}  // namespace simulator
