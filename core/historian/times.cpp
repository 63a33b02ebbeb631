#include "historian/times.h"

#include <algorithm>
#include <array>
#include <numeric>

#include "historian/numbers.h"

namespace myriad::historian {
namespace {

using Integers = std::vector<std::uint64_t>;
using View = std::span<const std::uint64_t>;

// The interval that the series mostly has; a few samples suffice.
std::uint64_t usual(View intervals) {
  std::array<std::uint64_t, 31> sample{};
  const std::size_t n = std::min(intervals.size(), sample.size());
  for (std::size_t i = 0; i < n; ++i) sample[i] = intervals[i * intervals.size() / n];
  const auto middle = sample.begin() + static_cast<std::ptrdiff_t>(n / 2);
  std::nth_element(sample.begin(), middle, sample.begin() + static_cast<std::ptrdiff_t>(n));
  return *middle;
}

// How many periods lie in each interval, at least one.
Integers periods_in(View intervals, std::uint64_t period) {
  Integers periods(intervals.size());
  for (std::size_t i = 0; i < periods.size(); ++i)
    periods[i] = intervals[i] < period + period / 2 ? 1 : (intervals[i] + period / 2) / period;
  return periods;
}

// What the grid skips, and how far each time is from the grid.
void put_on_grid(Packer& out, View intervals, std::uint64_t period, View periods) {
  Integers skipped(periods.size()), offsets(periods.size());
  std::uint64_t offset = 0, any = 0;
  for (std::size_t i = 0; i < periods.size(); ++i) {
    any |= skipped[i] = periods[i] - 1;
    offsets[i] = offset += intervals[i] - periods[i] * period;
  }
  out.varint(period);
  any == 0 ? out.constant_column(0) : out.column(skipped);
  put_integers(out, offsets, false);
}

}  // namespace

void put_times(Packer& out, View times) {
  if (times.empty()) return;
  out.varint(times[0]);
  if (times.size() == 1) return;
  Integers intervals(times.size() - 1);
  for (std::size_t i = 0; i < intervals.size(); ++i) intervals[i] = times[i + 1] - times[i];
  const std::uint64_t unit = common_divisor(intervals);
  divide(intervals, unit);
  out.varint(unit);

  const std::uint64_t rough = usual(intervals);
  const Integers periods = periods_in(intervals, rough);
  // Jitter moves the usual interval; over the whole chunk it averages out.
  const std::uint64_t span = (times.back() - times.front()) / unit;
  const std::uint64_t sum = std::accumulate(periods.begin(), periods.end(), std::uint64_t{0});
  const std::uint64_t period = (span + sum / 2) / sum;
  const auto on_grid = [&] { put_on_grid(out, intervals, period, periods); };
  const bool skips = sum > periods.size();
  if (out.effort() == Effort::fast || (!skips && period == rough)) return on_grid();
  const Integers no_skips(skips ? periods.size() : 0, 1);
  out.smallest([&] { put_on_grid(out, intervals, rough, skips ? no_skips : periods); }, on_grid);
}

void get_times(Unpacker& in, std::span<std::uint64_t> times) {
  if (times.empty()) return;
  std::uint64_t time = times[0] = in.varint();
  if (times.size() == 1) return;
  const std::uint64_t unit = in.varint(), period = in.varint();
  const auto evenly = in.constant_column();
  Integers skipped(evenly ? 0 : times.size() - 1);
  in.column(skipped);
  const auto offsets = times.subspan(1);
  get_integers(in, offsets);
  if (!in.ok()) return;
  const std::uint64_t step = period * unit;
  if (evenly)
    for (auto& offset : offsets) offset = (time += (*evenly + 1) * step) + offset * unit;
  else
    for (std::size_t i = 0; i < offsets.size(); ++i) offsets[i] = (time += (skipped[i] + 1) * step) + offsets[i] * unit;
}

}  // namespace myriad::historian
