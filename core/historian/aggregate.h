// Readings in, one row for each step out: what GET /history answers when it is asked for an aggregate. Pure; one thread
// each.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "historian/chunk.h"
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

// What a step without an answer gets: nothing, the row before it, or a number on the line between the rows around it.
enum class Fill : std::uint8_t { none, previous, linear };
Result<Fill> parse_fill(std::string_view name);

struct AggregateQuery {
  Range range;  // its first and last step may be cut short by it
  Steps steps;
  Aggregate aggregate = Aggregate::mean;
  Fill fill = Fill::none;
  // Rows that begin earlier are not given. A page that goes on here has the rows of the whole query when its range
  // begins at the last row before it that was not filled (or where the whole range does).
  Nanos rows_from = INT64_MIN;
  // The last number of all is held, and fills go on, until here at the latest.
  Nanos present = INT64_MAX;
};

// One step that has an answer. `time` is where the step begins (RFC 3339 text is made of it), even before range.from.
struct Row {
  Nanos time = 0;
  model::Value value;  // whole numbers up to 2^53 as std::int64_t, others as double
  bool filled = false;
};

// Feed it in the order of time: what came before the range (if there is anything), then readings of the range, and
// tallies that lie within one step of it. Gives the same rows whether it is fed readings or tallies of them.
//
// Readings of quality good and uncertain count, booleans as 0 and 1. An answer that no double can hold is none.
class Aggregator {
 public:
  Aggregator(const AggregateQuery&, std::size_t limit);

  // Which of the two below is of use.
  bool takes_tallies() const;         // median needs every reading
  bool wants_reading_before() const;  // delta, rate, time_weighted_mean, and some fills
  Detail detail() const;              // of tallies
  // Whether readings may be replaced by this: first and last need the texts themselves.
  bool takes(const Tally&) const;

  void before(Nanos time, double number);  // the last number before range.from
  void add(Nanos time, std::uint16_t type, std::uint16_t quality, std::uint64_t bits);  // not of text
  void add(std::uint16_t type, std::uint16_t quality, std::span<const Chunk::Entry>);   // the same for many
  void add_text(Nanos time, std::uint16_t type, std::uint16_t quality, std::string_view text);
  void add(Nanos time, const Tally&);  // all of the step that holds `time`; takes() it

  bool full() const { return rows_.size() >= limit_; }  // `limit` rows are complete: nothing more needs to be fed
  std::vector<Row> take();                              // at the end; rows by ascending time, at most `limit`

 private:
  struct Number {
    Nanos time = 0;
    double value = 0;
  };

  bool enter(Nanos time);
  void finish_step();
  template <class Convert>
  void reduce(std::span<const Chunk::Entry>, Convert);
  template <class Convert>
  void reduce_area(std::span<const Chunk::Entry>, Convert);
  std::optional<double> answer();
  std::optional<double> delta_or_rate() const;
  double time_weighted_mean() const;
  double median();
  void give(Row);
  void fill_until(Nanos end, const Row* right);
  model::Value filling(Nanos time, const Row* right) const;

  const AggregateQuery query_;
  const std::size_t limit_;
  Nanos step_begin_ = INT64_MIN, step_end_ = INT64_MIN;
  Tally step_;                        // of the aggregate only what it needs
  std::vector<double> numbers_;       // of the step, for the median
  std::optional<model::Value> text_;  // the answer of first and last, when it is text
  std::optional<Number> held_;        // the last number before the step
  std::optional<Row> left_;           // the last row that was not filled
  Nanos fill_at_;                     // the step after the last row
  std::vector<Row> rows_;
};

}  // namespace myriad::historian
