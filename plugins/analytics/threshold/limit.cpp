#include "limit.h"

namespace threshold {

std::string_view word(Side side) {
  switch (side) {
    case Side::normal:
      return "normal";
    case Side::high:
      return "high";
    case Side::low:
      return "low";
  }
  return "";
}

bool belongs(const Limits& limits, const State& state) {
  const auto is_set = [&](Side side) {
    return side == Side::normal || (side == Side::high ? limits.high : limits.low).has_value();
  };
  return is_set(state.side) && is_set(state.pending);
}

Side side_of(const Limits& limits, double value, Side before) {
  const double high_band = before == Side::high ? limits.hysteresis : 0;
  const double low_band = before == Side::low ? limits.hysteresis : 0;
  if (limits.high && value > *limits.high - high_band) return Side::high;
  if (limits.low && value < *limits.low + low_band) return Side::low;
  return Side::normal;
}

namespace {

// True when the side changes with this reading.
bool advance(const Limits& limits, State& state, double value, std::int64_t time_ns) {
  const Side heading = side_of(limits, value, state.side);
  if (heading != state.pending) state.pending_since_ns = time_ns;
  state.pending = heading;
  const std::int64_t delay = heading == Side::normal ? limits.off_delay_ns : limits.on_delay_ns;
  if (heading == state.side || time_ns - state.pending_since_ns < delay) return false;
  state.side = heading;
  return true;
}

}  // namespace

Outcome take(const Limits& limits, State& state, double value, std::int64_t time_ns) {
  if (time_ns <= state.latest_ns) return Outcome::late;
  state.latest_ns = time_ns;
  const bool changed = advance(limits, state, value, time_ns);
  const bool show = !state.shown || state.uncertain;
  state.shown = true;
  state.uncertain = false;
  if (changed) return Outcome::transition;
  return show ? Outcome::show : Outcome::nothing;
}

Outcome take_unknown(State& state, std::int64_t time_ns) {
  if (time_ns <= state.latest_ns) return Outcome::late;
  state.latest_ns = time_ns;
  if (!state.shown || state.uncertain) return Outcome::nothing;
  state.uncertain = true;
  return Outcome::show;
}

}  // namespace threshold
