// One limit on one point: deadband, on-delay and off-delay as ANSI/ISA-18.2 means them. Pure; time is the readings'.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace threshold {

enum class Side : std::uint8_t { normal, high, low };

std::string_view word(Side side);  // "normal", "high" or "low"

struct Limits {
  std::optional<double> high, low;
  double hysteresis = 0;  // in the value's unit
  std::int64_t on_delay_ns = 0, off_delay_ns = 0;
};

// What a limit remembers between readings.
struct State {
  Side side = Side::normal;
  Side pending = Side::normal;  // where the value is heading while a delay runs; equal to `side`: nowhere
  std::int64_t pending_since_ns = 0;
  std::int64_t latest_ns = INT64_MIN;
  bool shown = false;      // the output was published since the start
  bool uncertain = false;  // and then with this quality

  bool operator==(const State&) const = default;
};

// False when the state is about a limit that is no longer set.
bool belongs(const Limits& limits, const State& state);

// Where a value lies. Beyond a limit at once; back only when it is inside by the hysteresis. At the limit is inside.
Side side_of(const Limits& limits, double value, Side before);

enum class Outcome : std::uint8_t {
  nothing,
  late,        // not newer than the latest reading: left out
  show,        // the output is to be published, its side unchanged
  transition,  // the side changed: publish, and report the event
};

// A reading of good quality.
Outcome take(const Limits& limits, State& state, double value, std::int64_t time_ns);
// A reading of any other quality: the side stays, and what is shown becomes uncertain. A running delay goes on.
Outcome take_unknown(State& state, std::int64_t time_ns);

}  // namespace threshold
