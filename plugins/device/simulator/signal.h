// How simulated quantities move. Pure: every value follows from a seed and a time alone, so that polling more often,
// missing a poll or restarting changes nothing. Times are ns since 1970, UTC.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace simulator {

constexpr std::int64_t second_ns = 1'000'000'000;
constexpr double day_s = 86400;

// Repeatable noise. A channel is a quantity; channels are independent of each other.
class Noise {
 public:
  explicit Noise(std::uint64_t seed) : seed_(seed) {}
  // From 0 up to 1, fixed for a channel and an index.
  double pick(std::uint32_t channel, std::int64_t index = 0) const;
  // -1 to 1, independent from one time to the next.
  double white(std::uint32_t channel, std::int64_t time_ns) const;
  // -1 to 1, wandering: turns about once a period, with finer movement on top.
  double walk(std::uint32_t channel, std::int64_t time_ns, double period_s) const;

 private:
  std::uint64_t seed_;
};

// One seed per Thing, so that a lamp's values do not depend on the lamps before it.
std::uint64_t seed_for(std::uint64_t seed, std::string_view thing);

// The time of day at the simulated place.
struct Moment {
  double hour;       // 0 to 24
  std::int64_t day;  // since 2024-01-01; may be negative
  int weekday;       // 0 is Monday
};
Moment moment(std::int64_t time_ns, int utc_offset_min);

// A bump of height 1 around `centre` (hours), `width` hours wide, that knows that midnight joins the days.
double bump(double hour, double centre, double width);

// What has flowed since 2024-01-01, in days' worth: grows forever, faster by day than by night, and on Saturdays and
// Sundays by `weekend` of a working day.
double passed(const Moment& at, double weekend);
// The flow at this moment, in average working days' worth: the derivative of passed().
double flow(const Moment& at, double weekend);

enum class Fault : std::uint8_t { none, offline, stuck, spike };
struct FaultAt {
  Fault kind = Fault::none;
  std::int64_t since_ns = 0;
  double which = 0;  // 0 to 1: chooses the sensor, when only one fails
};
FaultAt fault_at(const Noise& noise, double per_day, std::int64_t time_ns);

enum class Type : std::uint8_t { number, integer, boolean, text };

// One property of a simulated Thing. Its value is a double until it is published; for text it is a state's index.
struct Property {
  std::string name, title, title_zh, unit;
  Type type = Type::number;
  double min = 0, max = 0;  // equal: no range is stated
  int decimals = 0;
  bool writable = false;
  std::vector<std::string> states = {};
};
// Rounds to the decimals and holds to the range.
double settle(const Property& property, double value);

enum class Shape : std::uint8_t { sine, ramp, square, random_walk, constant, counter };
struct Signal {
  Shape shape = Shape::constant;
  double min = 0, max = 0, period_s = 60, noise = 0;
};
double value_at(const Signal& signal, const Noise& noise, std::uint32_t channel, std::int64_t time_ns);

}  // namespace simulator
