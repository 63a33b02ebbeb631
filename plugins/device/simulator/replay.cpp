#include "replay.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include "thing.h"

namespace simulator {
namespace {

constexpr std::int64_t last_second = INT64_MAX / second_ns - 1;  // in April 2262

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

template <class T>
std::optional<T> number(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// Exactly `digits` digits from the front, then one of `separators` (none wanted: "").
std::optional<int> take(std::string_view& text, std::size_t digits, std::string_view separators) {
  if (text.size() < digits || !std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(digits),
                                           [](char c) { return c >= '0' && c <= '9'; }))
    return std::nullopt;
  const auto value = number<int>(text.substr(0, digits));
  text.remove_prefix(digits);
  if (separators.empty()) return value;
  if (text.empty() || separators.find(text.front()) == std::string_view::npos) return std::nullopt;
  text.remove_prefix(1);
  return value;
}

// ".25" → 250'000'000, and leaves what follows the digits. Digits past the ninth are dropped.
std::optional<std::int64_t> take_fraction(std::string_view& text) {
  if (text.empty() || text.front() != '.') return 0;
  text.remove_prefix(1);
  std::int64_t nanos = 0, unit = second_ns;
  const auto digits = std::min(text.find_first_not_of("0123456789"), text.size());
  if (digits == 0) return std::nullopt;
  for (const char c : text.substr(0, digits)) nanos += (c - '0') * (unit /= 10);
  text.remove_prefix(digits);
  return nanos;
}

// "Z", "+01:00", or nothing: then `otherwise`. Minutes ahead of UTC.
std::optional<int> zone(std::string_view text, int otherwise) {
  if (text.empty()) return otherwise;
  if (text == "Z" || text == "z") return 0;
  const int sign = text.front() == '-' ? -1 : 1;
  if (text.front() != '+' && text.front() != '-') return std::nullopt;
  text.remove_prefix(1);
  const auto hours = take(text, 2, ":"), minutes = hours ? take(text, 2, "") : std::nullopt;
  if (!minutes || !text.empty() || *hours > 23 || *minutes > 59) return std::nullopt;
  return sign * (*hours * 60 + *minutes);
}

std::optional<std::int64_t> parse_calendar(std::string_view text, int utc_offset_min) {
  const auto year = take(text, 4, "-"), month = take(text, 2, "-"), day = take(text, 2, "Tt ");
  if (!year || !month || !day) return std::nullopt;
  const auto hour = take(text, 2, ":"), minute = take(text, 2, ":"), sec = take(text, 2, "");
  if (!hour || !minute || !sec || *hour > 23 || *minute > 59 || *sec > 60) return std::nullopt;
  const auto fraction = take_fraction(text);
  const auto offset = fraction ? zone(text, utc_offset_min) : std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!offset || !date.ok()) return std::nullopt;
  const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  const std::int64_t seconds = days * 86400 + *hour * 3600 + *minute * 60 + *sec - std::int64_t{*offset} * 60;
  if (seconds < 0 || seconds > last_second) return std::nullopt;
  return seconds * second_ns + *fraction;
}

// The size tells the unit: seconds reach 1e11 in the year 5138, milliseconds are past it since 1973.
std::optional<std::int64_t> parse_epoch(std::string_view text) {
  const auto whole_text = text.substr(0, text.find('.'));
  const auto whole = number<std::int64_t>(whole_text);
  if (!whole || *whole < 0) return std::nullopt;
  text.remove_prefix(whole_text.size());
  const auto fraction = take_fraction(text);
  if (!fraction || !text.empty()) return std::nullopt;
  std::int64_t unit = second_ns;
  for (auto rest = *whole; unit > 1 && rest >= 100'000'000'000; rest /= 1000) unit /= 1000;
  if (*whole > last_second * (second_ns / unit)) return std::nullopt;
  return *whole * unit + *fraction / (second_ns / unit);
}

std::optional<bool> parse_bool(std::string_view text) {
  if (text == "1" || text == "true" || text == "True" || text == "TRUE") return true;
  if (text == "0" || text == "false" || text == "False" || text == "FALSE") return false;
  return std::nullopt;
}

}  // namespace

std::optional<std::int64_t> parse_time(std::string_view text, int utc_offset_min) {
  text = trim(text);
  const bool calendar = text.size() > 4 && text[4] == '-';
  return calendar ? parse_calendar(text, utc_offset_min) : parse_epoch(text);
}

std::optional<Cell> parse_cell(Type type, std::string_view text) {
  const auto as_cell = [](auto value) { return value ? std::optional<Cell>(*value) : std::nullopt; };
  if (type == Type::text) return text.empty() ? Cell() : Cell(std::string(text));
  text = trim(text);
  if (text.empty()) return Cell();
  switch (type) {
    case Type::number: {
      const auto value = number<double>(text);
      return value && std::isfinite(*value) ? std::optional<Cell>(*value) : std::nullopt;
    }
    case Type::integer:
      return as_cell(number<std::int64_t>(text));
    case Type::boolean:
      return as_cell(parse_bool(text));
    case Type::text:
      break;
  }
  return std::nullopt;
}

Recording::Recording(std::istream& in, const ReplayConfig& config, Bad bad)
    : csv_(in), config_(config), bad_(std::move(bad)) {
  if (csv_.next(cells_) != CsvReader::Row::cells)
    throw myriad::Failure(MYRIAD_E_INVALID, "'" + config.file + "' has no header row: name its columns in line 1");
  width_ = cells_.size();
  time_index_ = index_of(config.time_column);
  for (const auto& column : config.columns) indexes_.push_back(index_of(column.header));
}

std::size_t Recording::index_of(std::string_view header) const {
  const auto it = std::find_if(cells_.begin(), cells_.end(), [&](const auto& c) { return trim(c) == header; });
  if (it != cells_.end()) return static_cast<std::size_t>(it - cells_.begin());
  std::string there;
  for (const auto& cell : cells_) there += (there.empty() ? "" : ", ") + cell.substr(0, 40);
  throw myriad::Failure(MYRIAD_E_INVALID,
                        "'" + config_.file + "' has no column '" + std::string(header) + "': it has " + there);
}

bool Recording::next(Row& row) {
  for (;;) {
    switch (csv_.next(cells_)) {
      case CsvReader::Row::end:
        return false;
      case CsvReader::Row::broken:
        complain(csv_.why());
        break;
      case CsvReader::Row::cells:
        if (take(row)) return true;
    }
  }
}

bool Recording::take(Row& row) {
  if (cells_.size() != width_)
    return complain(std::to_string(cells_.size()) + " cells, the header has " + std::to_string(width_)), false;
  const auto time = parse_time(cells_[time_index_], config_.utc_offset_min);
  if (!time) return complain("'" + cells_[time_index_].substr(0, 64) + "' is no time from 1970 to 2262"), false;
  row.time_ns = *time;
  row.cells.assign(indexes_.size(), Cell());
  for (std::size_t i = 0; i < indexes_.size(); ++i) {
    const auto& text = cells_[indexes_[i]];
    if (auto cell = parse_cell(config_.columns[i].type, text))
      row.cells[i] = std::move(*cell);
    else
      complain("'" + text.substr(0, 64) + "' in column '" + config_.columns[i].header + "' has the wrong type");
  }
  return true;
}

void Recording::complain(const std::string& what) const {
  bad_("line " + std::to_string(csv_.line()) + ": " + what);
}

void Replay::describe() const {
  std::ifstream file(config_.file, std::ios::binary);
  if (!file)
    throw myriad::Failure(MYRIAD_E_UNAVAILABLE, "cannot open '" + config_.file + "': is the path right, and readable?");
  const Recording check(file, config_, [](const std::string&) {});
  nlohmann::json td = {{"title", config_.thing}};
  for (const auto& column : config_.columns) {
    const Property property{column.property, column.header, "", column.unit, column.type};
    td["properties"][column.property] = simulator::describe(property);
  }
  host_.put_thing(config_.thing, td.dump());
}

void Replay::run(const std::stop_token& stop) {
  points_.clear();
  for (const auto& column : config_.columns) points_.push_back(host_.intern(config_.thing, column.property));
  while (play(stop)) {
  }
}

bool Replay::play(const std::stop_token& stop) {
  std::ifstream file(config_.file, std::ios::binary);
  Recording recording(file, config_, [this](const std::string& what) { note_bad(what); });
  begin_ns_ = std::max(host_.now_ns(), latest_ns_ + 1000);
  std::optional<std::int64_t> first_ns;
  for (Recording::Row row; recording.next(row);) {
    if (!first_ns) first_ns = row.time_ns;
    const std::int64_t due_ns = due(row, *first_ns);
    if (!wait_for(due_ns, stop)) return false;
    add(row, due_ns);
    if (batch_.size() >= 256 && !flush(stop)) return false;
  }
  if (!flush(stop)) return false;
  host_.info("'" + config_.file + "' is played: " + std::to_string(publisher_.published()) + " readings, " +
             std::to_string(bad_) + " bad rows or cells");
  return config_.loop && first_ns;
}

std::int64_t Replay::due(const Recording::Row& row, std::int64_t first_ns) const {
  if (config_.speed == 0) return std::max(host_.now_ns(), latest_ns_ + 1000);
  constexpr double longest_ns = 2e18;  // keeps the sum before 2262 at any speed
  const double after_ns = static_cast<double>(row.time_ns - first_ns) / config_.speed;
  return begin_ns_ + static_cast<std::int64_t>(std::clamp(after_ns, -1e18, longest_ns));
}

// What is due goes out before the wait; slices follow a clock that is set.
bool Replay::wait_for(std::int64_t due_ns, const std::stop_token& stop) {
  constexpr std::int64_t slice_ns = 200'000'000;
  if (config_.speed == 0) return !stop.stop_requested();
  for (auto now = host_.now_ns(); now < due_ns; now = host_.now_ns()) {
    if (!batch_.empty() && !flush(stop)) return false;
    if (stop.stop_requested()) return false;
    pause(stop, std::chrono::nanoseconds(std::min(due_ns - now, slice_ns)));
  }
  return !stop.stop_requested();
}

void Replay::add(const Recording::Row& row, std::int64_t due_ns) {
  latest_ns_ = std::max(latest_ns_, due_ns);
  const std::int64_t time_ns = config_.keep_times ? row.time_ns : due_ns;
  for (std::size_t i = 0; i < row.cells.size(); ++i)
    std::visit(
        [&](const auto& value) {
          if constexpr (!std::is_same_v<std::decay_t<decltype(value)>, std::monostate>)
            batch_.add(points_[i], time_ns, value);
        },
        row.cells[i]);
}

bool Replay::flush(const std::stop_token& stop) {
  const bool taken = batch_.empty() || publisher_.publish(batch_, stop);
  batch_.clear();
  host_.metric("replay_readings", static_cast<double>(publisher_.published()));
  host_.metric("replay_bad", static_cast<double>(bad_));
  return taken;
}

void Replay::note_bad(const std::string& what) {
  constexpr std::uint64_t shown = 10;
  if (++bad_ <= shown) host_.warn("'" + config_.file + "' " + what);
  if (bad_ == shown) host_.warn("more bad rows are counted and not shown");
}

}  // namespace simulator
