#include "historian/aggregate.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <numeric>

namespace myriad::historian {
namespace {

using Entries = std::span<const Chunk::Entry>;

constexpr std::array<std::string_view, 12> aggregate_names = {
    "min", "max", "mean", "sum", "count", "first", "last", "stddev", "median", "delta", "rate", "time_weighted_mean"};
constexpr std::array<std::string_view, 3> fill_names = {"none", "previous", "linear"};
constexpr std::size_t rows_at_once = 10'240;  // reserved: growing would move what is there

template <class Enum, std::size_t size>
Result<Enum> parse_name(const std::array<std::string_view, size>& names, std::string_view name, const char* field) {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found != names.end()) return static_cast<Enum>(found - names.begin());
  std::string message = std::string(field) + " '" + std::string(name.substr(0, 40)) + "': use ";
  for (std::size_t i = 0; i < size; ++i) message.append(i == 0 ? "" : i + 1 == size ? " or " : ", ").append(names[i]);
  return Error{Code::invalid, message, field};
}

double seconds(Nanos time) {
  return static_cast<double>(time) * 1e-9;
}

bool counts(std::uint16_t quality) {
  return quality <= MYRIAD_UNCERTAIN;
}

model::Value to_value(double number) {
  constexpr double exact = 9'007'199'254'740'992;  // 2^53
  if (std::abs(number) <= exact && number == std::trunc(number)) return static_cast<std::int64_t>(number);
  return number;
}

std::optional<double> to_number(const model::Value& value) {
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return static_cast<double>(*whole);
  if (const auto* number = std::get_if<double>(&value)) return *number;
  return std::nullopt;
}

model::Value to_value(std::uint16_t type, std::string_view text) {
  if (type == MYRIAD_BYTES) return model::Bytes{std::string(text)};
  if (type == MYRIAD_JSON) return model::JsonText{std::string(text)};
  return std::string(text);
}

// How many are before `end`; looks near the begin first, since steps are often short.
std::size_t count_before(Entries entries, Nanos end) {
  if (entries.back().time < end) return entries.size();
  std::size_t reach = 1;
  while (reach < entries.size() && entries[reach].time < end) reach *= 2;
  const auto near = entries.first(std::min(reach, entries.size()));
  const auto found = std::partition_point(near.begin(), near.end(), [&](const auto& e) { return e.time < end; });
  return static_cast<std::size_t>(found - near.begin());
}

// The average first, then the distances: exact, and without a division a reading.
template <class Convert>
void reduce_squares(Tally& step, Entries entries, Convert number) {
  Tally run;
  run.numbers = run.readings = entries.size();
  for (const auto& e : entries) run.sum += number(e.value);
  const double mean = run.mean();
  for (const auto& e : entries) run.squares += (number(e.value) - mean) * (number(e.value) - mean);
  step.add(run);
}

// Whether an answer is in the unit of the readings, so that one of them can stand for it.
bool is_level(Aggregate aggregate) {
  switch (aggregate) {
    case Aggregate::min:
    case Aggregate::max:
    case Aggregate::mean:
    case Aggregate::first:
    case Aggregate::last:
    case Aggregate::median:
    case Aggregate::time_weighted_mean:
      return true;
    case Aggregate::sum:
    case Aggregate::count:
    case Aggregate::stddev:
    case Aggregate::delta:
    case Aggregate::rate:
      return false;
  }
  return false;
}

bool needs_number_before(Aggregate aggregate) {
  return aggregate == Aggregate::delta || aggregate == Aggregate::rate || aggregate == Aggregate::time_weighted_mean;
}

}  // namespace

Result<Aggregate> parse_aggregate(std::string_view name) {
  return parse_name<Aggregate>(aggregate_names, name, "aggregate");
}

std::string_view aggregate_name(Aggregate aggregate) {
  return aggregate_names[static_cast<std::size_t>(aggregate)];
}

Result<Fill> parse_fill(std::string_view name) {
  return parse_name<Fill>(fill_names, name, "fill");
}

Aggregator::Aggregator(const AggregateQuery& query, std::size_t limit)
    : query_(query), limit_(limit), fill_at_(query.steps.begin(std::max(query.range.from, query.rows_from))) {
  rows_.reserve(std::min(limit, rows_at_once));
}

bool Aggregator::takes_tallies() const {
  return query_.aggregate != Aggregate::median;
}

bool Aggregator::takes(const Tally& tally) const {
  const bool wants_texts = query_.aggregate == Aggregate::first || query_.aggregate == Aggregate::last;
  return takes_tallies() && (!wants_texts || tally.numbers == tally.readings);
}

bool Aggregator::wants_reading_before() const {
  return needs_number_before(query_.aggregate) || (query_.fill == Fill::previous && is_level(query_.aggregate));
}

Detail Aggregator::detail() const {
  switch (query_.aggregate) {
    case Aggregate::mean:
    case Aggregate::sum:
    case Aggregate::count:
      return Detail::sums;
    case Aggregate::min:
    case Aggregate::max:
    case Aggregate::first:
    case Aggregate::last:
    case Aggregate::median:
    case Aggregate::delta:
    case Aggregate::rate:
      return Detail::values;
    case Aggregate::stddev:
    case Aggregate::time_weighted_mean:
      return Detail::all;
  }
  return Detail::all;
}

// ---- In

void Aggregator::before(Nanos time, double number) {
  held_ = Number{time, number};
  if (query_.fill != Fill::previous || !is_level(query_.aggregate)) return;
  left_.emplace(Row{time, to_value(number), false});
}

void Aggregator::add(Nanos time, std::uint16_t type, std::uint16_t quality, std::uint64_t bits) {
  const Chunk::Entry entry{time, bits};
  add(type, quality, {&entry, 1});
}

void Aggregator::add(std::uint16_t type, std::uint16_t quality, Entries entries) {
  if (!counts(quality)) return;
  while (!entries.empty() && enter(entries.front().time)) {
    const auto run = entries.first(count_before(entries, step_end_));
    if (type == MYRIAD_F64)
      reduce(run, [](std::uint64_t bits) { return std::bit_cast<double>(bits); });
    else if (type == MYRIAD_U64)
      reduce(run, [](std::uint64_t bits) { return static_cast<double>(bits); });
    else
      reduce(run, [](std::uint64_t bits) { return static_cast<double>(static_cast<std::int64_t>(bits)); });
    entries = entries.subspan(run.size());
  }
}

void Aggregator::add_text(Nanos time, std::uint16_t type, std::uint16_t quality, std::string_view text) {
  if (!counts(quality) || !enter(time)) return;
  const bool first = query_.aggregate == Aggregate::first && step_.readings == 0;
  if (first || query_.aggregate == Aggregate::last) text_ = to_value(type, text);
  ++step_.readings;
}

void Aggregator::add(Nanos time, const Tally& tally) {
  if (tally.readings == 0 || !enter(time)) return;
  if (query_.aggregate == Aggregate::last) text_.reset();
  step_.add(tally);
}

// False: full, what comes is of no use.
bool Aggregator::enter(Nanos time) {
  if (time < step_end_) return true;
  finish_step();
  if (full()) return false;
  step_begin_ = query_.steps.begin(time);
  step_end_ = query_.steps.next(step_begin_);
  return true;
}

template <class Convert>
void Aggregator::reduce(Entries entries, Convert number) {
  const auto& first = entries.front();
  const auto& last = entries.back();
  switch (query_.aggregate) {
    case Aggregate::min:
      if (step_.numbers == 0) step_.min = number(first.value);
      for (const auto& e : entries) step_.min = std::min(step_.min, number(e.value));
      break;
    case Aggregate::max:
      if (step_.numbers == 0) step_.max = number(first.value);
      for (const auto& e : entries) step_.max = std::max(step_.max, number(e.value));
      break;
    case Aggregate::mean:
    case Aggregate::sum: {
      double sum = step_.sum;
      for (const auto& e : entries) sum += number(e.value);
      step_.sum = sum;
      break;
    }
    case Aggregate::stddev:
      return reduce_squares(step_, entries, number);
    case Aggregate::median:
      for (const auto& e : entries) numbers_.push_back(number(e.value));
      break;
    case Aggregate::time_weighted_mean:
      reduce_area(entries, number);
      break;
    case Aggregate::last:
      text_.reset();
      break;
    case Aggregate::count:
    case Aggregate::first:
    case Aggregate::delta:
    case Aggregate::rate:
      break;
  }
  if (step_.numbers == 0) {
    step_.first = number(first.value);
    step_.first_time = first.time;
  }
  step_.last = number(last.value);
  step_.last_time = last.time;
  step_.numbers += entries.size();
  step_.readings += entries.size();
}

template <class Convert>
void Aggregator::reduce_area(Entries entries, Convert number) {
  Nanos time = step_.numbers == 0 ? entries.front().time : step_.last_time;
  double held = step_.last, area = step_.area;
  for (const auto& e : entries) {
    area += held * seconds(e.time - time);
    time = e.time;
    held = number(e.value);
  }
  step_.area = area;
}

// ---- Answers

void Aggregator::finish_step() {
  if (step_.readings == 0) return;
  if (text_) {
    give({step_begin_, std::move(*text_), false});
  } else if (const auto number = answer(); number && std::isfinite(*number)) {
    give({step_begin_, to_value(*number), false});
  }
  if (step_.numbers != 0) held_ = Number{step_.last_time, step_.last};
  step_.clear();
  numbers_.clear();
  text_.reset();
}

std::optional<double> Aggregator::answer() {
  if (query_.aggregate == Aggregate::count) return static_cast<double>(step_.readings);
  if (step_.numbers == 0) return std::nullopt;
  switch (query_.aggregate) {
    case Aggregate::count:
      break;
    case Aggregate::min:
      return step_.min;
    case Aggregate::max:
      return step_.max;
    case Aggregate::mean:
      return step_.mean();
    case Aggregate::sum:
      return step_.sum;
    case Aggregate::first:
      return step_.first;
    case Aggregate::last:
      return step_.last;
    case Aggregate::stddev:
      return std::sqrt(step_.squares / static_cast<double>(step_.numbers));
    case Aggregate::median:
      return median();
    case Aggregate::delta:
    case Aggregate::rate:
      return delta_or_rate();
    case Aggregate::time_weighted_mean:
      return time_weighted_mean();
  }
  return std::nullopt;
}

// Of the very first step of a point, from its first number on.
std::optional<double> Aggregator::delta_or_rate() const {
  const Number base = held_.value_or(Number{step_.first_time, step_.first});
  if (base.time >= step_.last_time) return std::nullopt;
  const double delta = step_.last - base.value;
  return query_.aggregate == Aggregate::delta ? delta : delta / seconds(step_.last_time - base.time);
}

double Aggregator::time_weighted_mean() const {
  const Nanos from = held_ ? std::max(step_begin_, query_.range.from) : step_.first_time;
  const Nanos to = std::max(step_.last_time, std::min({step_end_, query_.range.to, query_.present}));
  if (from >= to) return step_.last;
  const double ahead = held_ ? held_->value * seconds(step_.first_time - from) : 0;
  return (ahead + step_.area + step_.last * seconds(to - step_.last_time)) / seconds(to - from);
}

double Aggregator::median() {
  const auto middle = numbers_.begin() + static_cast<std::ptrdiff_t>(numbers_.size() / 2);
  std::nth_element(numbers_.begin(), middle, numbers_.end());
  if (numbers_.size() % 2 == 1) return *middle;
  return std::midpoint(*std::max_element(numbers_.begin(), middle), *middle);
}

// ---- Rows

void Aggregator::give(Row row) {
  if (query_.fill != Fill::none) {
    fill_until(row.time, &row);
    fill_at_ = std::max(query_.steps.next(row.time), fill_at_);
    left_.emplace(row);
  }
  if (row.time >= query_.rows_from && !full()) rows_.push_back(std::move(row));
}

void Aggregator::fill_until(Nanos end, const Row* right) {
  if (query_.fill == Fill::none || !left_) return;
  if (query_.fill == Fill::linear && (right == nullptr || !to_number(left_->value) || !to_number(right->value))) return;
  for (; fill_at_ < end && !full(); fill_at_ = query_.steps.next(fill_at_))
    rows_.push_back({fill_at_, filling(fill_at_, right), true});
}

model::Value Aggregator::filling(Nanos time, const Row* right) const {
  if (query_.fill == Fill::previous) return left_->value;
  const double part = seconds(time - left_->time) / seconds(right->time - left_->time);
  return to_value(std::lerp(*to_number(left_->value), *to_number(right->value), part));
}

std::vector<Row> Aggregator::take() {
  finish_step();
  if (query_.fill == Fill::previous) fill_until(std::min(query_.range.to, query_.present), nullptr);
  return std::move(rows_);
}

}  // namespace myriad::historian
