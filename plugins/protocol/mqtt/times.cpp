#include "times.h"

#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <myriad/plugin.hpp>

namespace mqtt {
namespace {

constexpr std::int64_t second = 1'000'000'000;
constexpr std::int64_t last_second = INT64_MAX / second - 1;

myriad::Failure refuse(std::string_view shown, const char* why) {
  return {MYRIAD_E_INVALID, "time '" + std::string(shown.substr(0, 48)) + "' " + why};
}

// Reads exactly `digits` decimal digits from the front.
bool take(std::string_view& text, std::size_t digits, int& value) {
  if (text.size() < digits) return false;
  value = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    if (text[i] < '0' || text[i] > '9') return false;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(digits);
  return true;
}

bool take(std::string_view& text, std::string_view any_of) {
  if (text.empty() || any_of.find(text.front()) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

// ".123" → 123'000'000. Digits past the ninth are dropped: devices print more than they know.
bool take_fraction(std::string_view& text, std::int64_t& nanos) {
  nanos = 0;
  if (!take(text, ".,")) return true;
  std::int64_t unit = second;
  const auto before = text.size();
  while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
    unit /= 10;
    nanos += (text.front() - '0') * unit;
    text.remove_prefix(1);
  }
  return text.size() != before;
}

bool take_offset(std::string_view& text, int& minutes) {
  minutes = 0;
  if (take(text, "Zz")) return true;
  if (text.empty()) return false;
  const int sign = text.front() == '-' ? -1 : 1;
  int h = 0, m = 0;
  if (!take(text, "+-") || !take(text, 2, h) || !take(text, ":") || !take(text, 2, m)) return false;
  minutes = sign * (h * 60 + m);
  return h <= 23 && m <= 59;
}

std::int64_t unit_nanos(double magnitude, TimeUnit unit) {
  switch (unit) {
    case TimeUnit::s:
      return second;
    case TimeUnit::ms:
      return 1'000'000;
    case TimeUnit::us:
      return 1'000;
    case TimeUnit::ns:
      return 1;
    case TimeUnit::automatic:
      break;
  }
  return magnitude < 1e11 ? second : magnitude < 1e14 ? 1'000'000 : magnitude < 1e17 ? 1'000 : 1;
}

}  // namespace

std::int64_t time_from_text(std::string_view text) {
  std::string_view rest = text;
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, sec = 0, offset = 0;
  std::int64_t fraction = 0;
  const bool shaped = take(rest, 4, year) && take(rest, "-") && take(rest, 2, month) && take(rest, "-") &&
                      take(rest, 2, day) && take(rest, "Tt ") && take(rest, 2, hour) && take(rest, ":") &&
                      take(rest, 2, minute) && take(rest, ":") && take(rest, 2, sec) && take_fraction(rest, fraction) &&
                      take_offset(rest, offset) && rest.empty();
  if (!shaped) throw refuse(text, "is neither RFC 3339 (2026-11-22T08:00:00Z) nor a number since 1970");
  using namespace std::chrono;
  const year_month_day date{std::chrono::year{year}, std::chrono::month(static_cast<unsigned>(month)),
                            std::chrono::day(static_cast<unsigned>(day))};
  // A leap second (:60) is taken as the second after it, as POSIX does.
  if (!date.ok() || hour > 23 || minute > 59 || sec > 60) throw refuse(text, "is no date");
  const std::int64_t days = sys_days{date}.time_since_epoch().count();
  const std::int64_t seconds = days * 86400 + hour * 3600 + minute * 60 + sec - std::int64_t{offset} * 60;
  if (seconds < 0 || seconds > last_second) throw refuse(text, "is outside 1970 to 2262");
  return seconds * second + fraction;
}

std::int64_t time_from_integer(std::int64_t count, TimeUnit unit) {
  const auto nanos = unit_nanos(static_cast<double>(count), unit);
  if (count < 0 || count > INT64_MAX / nanos) throw refuse(std::to_string(count), "is outside 1970 to 2262");
  return count * nanos;
}

std::int64_t time_from_number(double count, TimeUnit unit) {
  const double micros = std::round(count * (static_cast<double>(unit_nanos(count, unit)) / 1000.0));
  if (!(micros >= 0 && micros <= static_cast<double>(last_second) * 1e6))
    throw refuse(std::to_string(count), "is outside 1970 to 2262");
  return static_cast<std::int64_t>(micros) * 1000;
}

std::string format_time(std::int64_t ns) {
  using namespace std::chrono;
  const sys_time<nanoseconds> point{nanoseconds{ns}};
  const auto whole = floor<std::chrono::seconds>(point);
  const auto date = floor<days>(whole);
  const year_month_day ymd{date};
  const hh_mm_ss clock{whole - date};
  std::array<char, 48> out{};
  int size = std::snprintf(out.data(), out.size(), "%04d-%02u-%02uT%02d:%02d:%02d", static_cast<int>(ymd.year()),
                           static_cast<unsigned>(ymd.month()), static_cast<unsigned>(ymd.day()),
                           static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                           static_cast<int>(clock.seconds().count()));
  std::string text(out.data(), static_cast<std::size_t>(size));
  if (const auto fraction = (point - whole).count(); fraction != 0) {
    size = std::snprintf(out.data(), out.size(), ".%09lld", static_cast<long long>(fraction));
    text.append(out.data(), static_cast<std::size_t>(size));
    text.erase(text.find_last_not_of('0') + 1);
  }
  return text + 'Z';
}

}  // namespace mqtt
