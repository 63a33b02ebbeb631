#include "historian/abi_query.h"

#include <algorithm>
#include <functional>

#include "historian/aggregate.h"

namespace myriad::historian {
namespace {

constexpr std::size_t most_readings = 100'000, most_bytes = std::size_t{4} << 20;
constexpr Nanos millisecond = 1'000'000;
// Texts may be long, so that few readings are asked for at first.
constexpr std::size_t first_portion = 64, portion_growth = 8;

std::optional<Aggregate> aggregate_of(std::uint32_t number) {
  switch (number) {
    case MYRIAD_AGGREGATE_MEAN:
      return Aggregate::mean;
    case MYRIAD_AGGREGATE_MIN:
      return Aggregate::min;
    case MYRIAD_AGGREGATE_MAX:
      return Aggregate::max;
    case MYRIAD_AGGREGATE_SUM:
      return Aggregate::sum;
    case MYRIAD_AGGREGATE_COUNT:
      return Aggregate::count;
    case MYRIAD_AGGREGATE_FIRST:
      return Aggregate::first;
    case MYRIAD_AGGREGATE_LAST:
      return Aggregate::last;
    default:
      return std::nullopt;
  }
}

// Up to so many of the range, and how far behind the last of them the next one may be.
struct Source {
  std::function<Result<std::vector<model::Sample>>(Range, std::size_t limit)> ask;
  Nanos stride = 1;
};

Source readings_of(Historian& history, std::string_view name) {
  return {[&history, name](Range range, std::size_t limit) { return history.query(name, range, limit); }};
}

Result<Source> steps_of(Historian& history, std::string_view name, const myriad_history_query& q) {
  const auto aggregate = aggregate_of(q.aggregate);
  if (!aggregate)
    return Error{Code::invalid, "aggregate " + std::to_string(q.aggregate) + ": use one of MYRIAD_AGGREGATE_…"};
  if (q.step_ns < 0 || q.step_ns % millisecond != 0)
    return Error{Code::invalid, "step_ns " + std::to_string(q.step_ns) + ": use whole milliseconds"};
  const auto steps = Steps::parse(std::to_string(q.step_ns / millisecond) + "ms", "");
  if (!steps) return steps.error();
  const auto ask = [&history, name, aggregate = *aggregate, steps = *steps](
                       Range range, std::size_t limit) -> Result<std::vector<model::Sample>> {
    const auto rows = history.aggregate(name, {.range = range, .steps = steps, .aggregate = aggregate}, limit);
    if (!rows) return rows.error();
    std::vector<model::Sample> out;
    for (const auto& row : *rows) out.push_back({row.time, row.value, MYRIAD_GOOD});
    return out;
  };
  return Source{ask, q.step_ns};
}

Result<model::Batch> collect(const Source& source, const myriad_history_query& q) {
  model::Batch out;
  Range range{std::max<Nanos>(0, q.from_ns), q.to_ns};
  for (std::size_t portion = first_portion; !range.empty(); portion *= portion_growth) {
    const auto left = q.limit - out.readings.size();
    const auto wanted = std::min(left, portion);
    const auto samples = source.ask(range, wanted);
    if (!samples) return samples.error();
    for (const auto& sample : *samples) {
      if (out.view().bytes() > most_bytes) return out;
      model::append(out, model::PointId{q.point}, sample);
    }
    if (samples->size() < wanted || wanted == left) break;
    const auto last = samples->back().time;
    if (last > range.to - source.stride) break;
    range.from = last + source.stride;
  }
  return out;
}

}  // namespace

Result<model::Batch> answer(Historian& history, std::string_view name, const myriad_history_query& q) {
  if (q.limit < 1 || q.limit > most_readings)
    return Error{Code::invalid, "limit " + std::to_string(q.limit) + ": use 1 to 100000"};
  if (q.step_ns == 0) return collect(readings_of(history, name), q);
  const auto steps = steps_of(history, name, q);
  return steps ? collect(*steps, q) : steps.error();
}

}  // namespace myriad::historian
