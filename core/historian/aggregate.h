// Readings in, one row for each step out: what GET /history answers when it is asked for an aggregate. Pure; one thread
// each.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "historian/historian.h"
#include "historian/steps.h"
#include "historian/tally.h"
#include "model/value.h"

namespace myriad::historian {

enum class Aggregate : std::uint8_t {
  min,
  max,
  mean,
  sum,
  count,
  first,
  last,
  stddev,
  median,
  delta,
  rate,
  time_weighted_mean
};
Result<Aggregate> parse_aggregate(std::string_view name);
std::string_view aggregate_name(Aggregate);

// What a step without readings gets.
enum class Fill : std::uint8_t { none, previous, linear };
Result<Fill> parse_fill(std::string_view name);

struct AggregateQuery {
  Range range;  // its first and last step may be cut short by it
  Steps steps;
  Aggregate aggregate = Aggregate::mean;
  Fill fill = Fill::none;
};

// One step that has an answer. `time` is where the step begins (RFC 3339 text is made of it), even before range.from.
struct Row {
  Nanos time = 0;
  model::Value value;
};

// Feed it in the order of time: what came before the range (if there is anything), then readings of the range, and
// tallies that lie within one step of it. Gives the same rows whether it is fed readings or tallies of them.
class Aggregator {
 public:
  Aggregator(const AggregateQuery&, std::size_t limit);

  // Which of the two below is of use. median needs every reading, and so do first and last of text.
  bool takes_tallies() const;
  bool wants_reading_before() const;  // delta, rate, time_weighted_mean, and some fills

  void before(Nanos time, double number);  // the last number before range.from
  void add(Nanos time, std::uint16_t type, std::uint16_t quality, std::uint64_t bits);  // not of text
  void add_text(Nanos time, std::uint16_t type, std::uint16_t quality, std::string_view text);
  void add(const Tally&);  // all of one step; has readings

  bool full() const;        // `limit` rows are complete: nothing more needs to be fed
  std::vector<Row> take();  // at the end; rows by ascending time, at most `limit`
};

}  // namespace myriad::historian
