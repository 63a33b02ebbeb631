#include "historian/steps.h"

#include <cctz/civil_time.h>
#include <cctz/time_zone.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <numeric>
#include <optional>
#include <string>

namespace myriad::historian {
namespace {

constexpr Nanos second = 1'000'000'000, day = 86'400 * second;

enum class Kind : std::uint8_t { fixed, days, months, years };

struct Unit {
  std::string_view name;
  Kind kind = Kind::fixed;
  std::int64_t size = 0;  // nanoseconds, days, months or years
  std::int64_t most = 0;  // of them are 100 years
};
constexpr Unit units[] = {
    {"ms", Kind::fixed, second / 1000, 3'155'760'000'000},
    {"s", Kind::fixed, second, 3'155'760'000},
    {"m", Kind::fixed, 60 * second, 52'596'000},
    {"h", Kind::fixed, 3'600 * second, 876'600},
    {"d", Kind::days, 1, 36'525},
    {"w", Kind::days, 7, 5'217},
    {"mo", Kind::months, 1, 1'200},
    {"y", Kind::years, 1, 100},
};

struct Amount {
  Kind kind = Kind::fixed;
  std::int64_t size = 0;  // as in Unit
};

Error bad_step(std::string_view text) {
  return {Code::invalid,
          "step '" + std::string(text.substr(0, 40)) +
              "': write a whole number and ms, s, m, h, d, w, mo or y, such as 15m; from 1ms to 100y",
          "step"};
}

Result<Amount> parse_amount(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (fault != std::errc{}) return bad_step(text);
  const auto name = text.substr(static_cast<std::size_t>(end - text.data()));
  const auto* unit = std::find_if(std::begin(units), std::end(units), [&](const Unit& u) { return u.name == name; });
  if (unit == std::end(units) || number < 1 || number > unit->most) return bad_step(text);
  return Amount{unit->kind, number * unit->size};
}

// ---- Zones

using Instant = cctz::time_point<cctz::seconds>;

bool is_zone_name(std::string_view name) {
  if (name.empty() || name.size() > 64 || name.front() < 'A' || name.front() > 'Z') return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '/' || c == '_' ||
           c == '-' || c == '+';
  });
}

// The library keeps every name that it is asked for, so it is only asked for those that exist.
bool is_zone_file(const std::string& name) {
  const char* folder = std::getenv("TZDIR");
  std::error_code ignored;
  return std::filesystem::is_regular_file(
      std::filesystem::path(folder != nullptr ? folder : "/usr/share/zoneinfo") / name, ignored);
}

Result<cctz::time_zone> load_zone(std::string_view text) {
  if (text.empty()) return cctz::utc_time_zone();
  const std::string name(text.substr(0, 65));
  cctz::time_zone zone;
  // Of UTC the library needs no file.
  if (is_zone_name(text) && (name == "UTC" || is_zone_file(name)) && cctz::load_time_zone(name, &zone)) return zone;
  return Error{Code::invalid, "zone '" + name + "': use an IANA name such as Europe/Berlin, or UTC", "zone"};
}

Nanos offset_at(const cctz::time_zone& zone, const cctz::civil_second& time) {
  return zone.lookup(zone.lookup(time).pre).offset * second;
}

Nanos standard_offset(const cctz::time_zone& zone) {
  return std::min(offset_at(zone, cctz::civil_second(2025, 1, 1)), offset_at(zone, cctz::civil_second(2025, 7, 1)));
}

// ---- Arithmetic

// The remainder of a division that rounds down.
template <class Number>
Number modulo(Number a, Number b) {
  const Number r = a % b;
  return r < 0 ? r + b : r;
}

std::int64_t floor_to(std::int64_t value, std::int64_t unit) {
  return value - modulo(value, unit);
}

Nanos to_nanos(Instant instant) {
  const auto seconds = instant.time_since_epoch().count();
  if (seconds >= INT64_MAX / second) return INT64_MAX;
  return seconds <= INT64_MIN / second ? INT64_MIN : seconds * second;
}

Instant to_instant(Nanos time) {
  return Instant(cctz::seconds(time / second - (time % second < 0 ? 1 : 0)));  // rounds down
}

}  // namespace

// ---- The calendar

struct Steps::Calendar {
  cctz::time_zone zone;
  Amount amount;
  cctz::civil_day first;  // day of a step: 1970-01-01, for weeks a Monday

  // Days, months or years from the first to the step that holds the day.
  std::int64_t index(cctz::civil_day date) const {
    switch (amount.kind) {
      case Kind::fixed:
      case Kind::days:
        return floor_to(date - first, amount.size);
      case Kind::months:
        return floor_to(cctz::civil_month(date) - cctz::civil_month(first), amount.size);
      case Kind::years:
        return floor_to(date.year() - first.year(), amount.size);
    }
    return 0;
  }

  cctz::civil_day date(std::int64_t index) const {
    switch (amount.kind) {
      case Kind::fixed:
      case Kind::days:
        return first + index;
      case Kind::months:
        return cctz::civil_day(cctz::civil_month(first) + index);
      case Kind::years:
        return cctz::civil_day(cctz::civil_year(first) + index);
    }
    return first;
  }

  // Midnight; the first of two; where there is none, when the clock passes it.
  Nanos start(cctz::civil_day date) const {
    const auto found = zone.lookup(cctz::civil_second(date));
    return to_nanos(found.kind == cctz::time_zone::civil_lookup::SKIPPED ? found.trans : found.pre);
  }
  Nanos start(std::int64_t index) const { return start(date(index)); }

  // The last step that begins by then. Where a clock was put back over midnight, its date alone would mislead.
  std::int64_t find(Nanos time) const {
    time = std::min(time, INT64_MAX - 1);  // nothing begins later
    auto at = index(cctz::civil_day(zone.lookup(to_instant(time)).cs));
    while (start(at) > time) at -= amount.size;
    while (start(at + amount.size) <= time) at += amount.size;
    return at;
  }

  // What divides the begin of every day from 1970 on; after 2040 the rules of today are taken to hold.
  Nanos grid() const {
    Nanos grid = std::gcd(day, start(cctz::civil_day(1970, 1, 1)));
    Instant at{};
    cctz::time_zone::civil_transition change;
    while (zone.next_transition(at, &change) && change.to.year() <= 2040) {
      for (std::int64_t days = 0; days <= 2; ++days)
        grid = std::gcd(grid, start(cctz::civil_day(std::min(change.from, change.to)) + days));
      at = zone.lookup(change.to).trans;
    }
    return grid;
  }
};

// ---- Steps

Result<Steps> Steps::parse(std::string_view step, std::string_view zone_name) {
  const auto amount = parse_amount(step);
  if (!amount) return amount.error();
  const auto zone = load_zone(zone_name);
  if (!zone) return zone.error();
  Steps steps;
  if (amount->kind == Kind::fixed) {
    steps.length_ = amount->size;
    steps.phase_ = modulo(-standard_offset(*zone), steps.length_);
    return steps;
  }
  const bool weeks = amount->kind == Kind::days && step.ends_with('w');
  const auto calendar = std::make_shared<Calendar>(Calendar{*zone, *amount, cctz::civil_day(1970, 1, weeks ? 5 : 1)});
  steps.length_ = calendar->grid();
  steps.calendar_ = calendar;
  return steps;
}

Steps Steps::one(Nanos from) {
  Steps steps;
  steps.phase_ = from;
  return steps;
}

Nanos Steps::begin(Nanos time) const {
  if (calendar_) return calendar_->start(calendar_->find(time));
  if (length_ == 0) return phase_;
  const Nanos remainder = modulo(time, length_);
  const Nanos into = remainder >= phase_ ? remainder - phase_ : remainder - phase_ + length_;
  return time < INT64_MIN + into ? INT64_MIN : time - into;
}

Nanos Steps::next(Nanos begin) const {
  if (calendar_) return calendar_->start(calendar_->find(begin) + calendar_->amount.size);
  if (length_ == 0 || begin > INT64_MAX - length_) return INT64_MAX;
  return begin + length_;
}

bool Steps::holds_whole(Nanos bucket) const {
  if (!calendar_ && length_ == 0) return true;
  return length_ % bucket == 0 && phase_ % bucket == 0;
}

}  // namespace myriad::historian
