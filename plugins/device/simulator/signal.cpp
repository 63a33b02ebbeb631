#include "signal.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace simulator {
namespace {

constexpr std::int64_t epoch_day = 19723;  // 2024-01-01, a Monday, in days since 1970

// SplitMix64 (Steele, Lea, Flood 2014): a good hash of 64 bits in five operations.
std::uint64_t mix(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15u;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

double unit_interval(std::uint64_t hash) {
  return static_cast<double>(hash >> 11) * 0x1p-53;
}

double seconds(std::int64_t time_ns) {
  return static_cast<double>(time_ns) / static_cast<double>(second_ns);
}

// Share of a day's flow in each hour: little at night, peaks before and after work.
constexpr std::array<double, 24> hourly = {.008, .005, .004, .004, .008, .025, .060, .085, .075, .055, .045, .042,
                                           .045, .042, .040, .042, .050, .070, .085, .075, .055, .040, .025, .015};

double share(const Moment& at) {
  double sum = 0;
  const auto whole = static_cast<std::size_t>(at.hour);
  for (std::size_t i = 0; i < whole; ++i) sum += hourly[i];
  return sum + hourly[whole] * (at.hour - std::floor(at.hour));
}

bool is_weekend(const Moment& at) {
  return at.weekday >= 5;
}

std::int64_t floor_div(std::int64_t a, std::int64_t b) {
  return a / b - (a % b < 0 ? 1 : 0);
}

}  // namespace

double Noise::pick(std::uint32_t channel, std::int64_t index) const {
  return unit_interval(mix(mix(seed_ ^ channel) ^ static_cast<std::uint64_t>(index)));
}

double Noise::white(std::uint32_t channel, std::int64_t time_ns) const {
  return pick(channel, time_ns) * 2 - 1;
}

double Noise::walk(std::uint32_t channel, std::int64_t time_ns, double period_s) const {
  // Four octaves of value noise: random heights, smoothly joined.
  double sum = 0, weight = 8.0 / 15, period = period_s;
  for (std::uint32_t octave = 0; octave < 4; ++octave, weight /= 2, period /= 2) {
    const double position = seconds(time_ns) / period;
    const auto left = static_cast<std::int64_t>(std::floor(position));
    const double x = position - std::floor(position), smooth = x * x * (3 - 2 * x);
    const std::uint32_t own = channel * 8 + octave + 0x10000;
    sum += weight * std::lerp(pick(own, left), pick(own, left + 1), smooth);
  }
  return sum * 2 - 1;
}

std::uint64_t seed_for(std::uint64_t seed, std::string_view thing) {
  std::uint64_t hash = mix(seed);
  for (const char c : thing) hash = mix(hash ^ static_cast<unsigned char>(c));
  return hash;
}

Moment moment(std::int64_t time_ns, int utc_offset_min) {
  const std::int64_t local_s = floor_div(time_ns, second_ns) + std::int64_t{utc_offset_min} * 60;
  const std::int64_t day = floor_div(local_s, 86400);
  const double rest = seconds(time_ns - floor_div(time_ns, second_ns) * second_ns);
  const double hour = (static_cast<double>(local_s - day * 86400) + rest) / 3600;
  const std::int64_t since = day - epoch_day;
  return {hour, since, static_cast<int>(since - floor_div(since, 7) * 7)};
}

double bump(double hour, double centre, double width) {
  const double apart = std::remainder(hour - centre, 24.0) / (width / 2);
  return std::exp(-apart * apart);
}

double passed(const Moment& at, double weekend) {
  const auto weeks = static_cast<double>(floor_div(at.day, 7));
  const double days = std::min(at.weekday, 5) + weekend * std::max(at.weekday - 5, 0);
  return std::max(0.0, weeks * (5 + 2 * weekend) + days + (is_weekend(at) ? weekend : 1) * share(at));
}

double flow(const Moment& at, double weekend) {
  return hourly[static_cast<std::size_t>(at.hour)] * 24 * (is_weekend(at) ? weekend : 1);
}

FaultAt fault_at(const Noise& noise, double per_day, std::int64_t time_ns) {
  // Each hour has at most one fault, which begins and ends within it.
  constexpr std::uint32_t channel = 0xfa017;
  constexpr std::int64_t hour_ns = 3600 * second_ns;
  const std::int64_t hour = floor_div(time_ns, hour_ns);
  if (noise.pick(channel, hour * 4) >= per_day / 24) return {};
  constexpr std::array<Fault, 3> kinds = {Fault::offline, Fault::stuck, Fault::spike};
  constexpr std::array<double, 3> longest_s = {600, 900, 5};
  const auto kind = static_cast<std::size_t>(noise.pick(channel, hour * 4 + 1) * 3);
  const double start_s = noise.pick(channel, hour * 4 + 2) * (3600 - longest_s[kind]);
  const double which = noise.pick(channel, hour * 4 + 3);
  const double length_s = longest_s[kind] * (0.2 + 0.8 * which);
  const double into_s = seconds(time_ns - hour * hour_ns) - start_s;
  if (into_s < 0 || into_s >= length_s) return {};
  return {kinds[kind], hour * hour_ns + static_cast<std::int64_t>(start_s * 1e9), which};
}

double settle(const Property& property, double value) {
  const double scale = property.type == Type::number ? std::pow(10.0, property.decimals) : 1;
  const double rounded = std::round(value * scale) / scale;
  if (property.min < property.max) return std::clamp(rounded, property.min, property.max);
  constexpr double exact = 0x1p53;  // past this a double skips integers
  return std::clamp(rounded, -exact, exact);
}

double value_at(const Signal& signal, const Noise& noise, std::uint32_t channel, std::int64_t time_ns) {
  const double span = signal.max - signal.min, cycles = seconds(time_ns) / signal.period_s;
  const double phase = cycles - std::floor(cycles);
  const double blur = signal.noise * noise.white(channel, time_ns);
  switch (signal.shape) {
    case Shape::sine:
      return signal.min + span * (0.5 + 0.5 * std::sin(2 * std::numbers::pi * phase)) + blur;
    case Shape::ramp:
      return signal.min + span * phase + blur;
    case Shape::square:
      return (phase < 0.5 ? signal.max : signal.min) + blur;
    case Shape::random_walk:
      return signal.min + span * (0.5 + 0.5 * noise.walk(channel, time_ns, signal.period_s)) + blur;
    case Shape::constant:
      return signal.min + blur;
    case Shape::counter:
      return signal.min + span * (cycles - epoch_day * day_s / signal.period_s);
  }
  return 0;
}

}  // namespace simulator
