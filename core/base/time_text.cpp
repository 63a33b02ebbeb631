#include "base/time_text.h"

#include <array>
#include <chrono>
#include <cstring>

namespace myriad {
namespace {

constexpr Nanos second = 1'000'000'000, day_length = 86'400 * second;

Error refuse(std::string_view text, const char* why) {
  return {Code::invalid,
          "time '" + std::string(text.substr(0, 64)) + "' " + why + ": write it as 2026-11-22T08:00:00.000Z (RFC 3339)",
          "time"};
}

// Reads exactly `digits` decimal digits from the front.
bool take(std::string_view& text, int digits, int& value) {
  if (text.size() < static_cast<std::size_t>(digits)) return false;
  value = 0;
  for (int i = 0; i < digits; ++i) {
    const char c = text[static_cast<std::size_t>(i)];
    if (c < '0' || c > '9') return false;
    value = value * 10 + (c - '0');
  }
  text.remove_prefix(static_cast<std::size_t>(digits));
  return true;
}

bool take(std::string_view& text, std::string_view any_of) {
  if (text.empty() || any_of.find(text.front()) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

// ".123" → 123'000'000; digits past the ninth are refused, since they would be lost.
bool take_fraction(std::string_view& text, Nanos& nanos) {
  nanos = 0;
  if (!take(text, ".")) return true;
  Nanos unit = second;
  while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
    unit /= 10;
    if (unit == 0) return false;
    nanos += (text.front() - '0') * unit;
    text.remove_prefix(1);
  }
  return unit != second;
}

bool take_offset(std::string_view& text, int& minutes) {
  minutes = 0;
  if (take(text, "Zz")) return true;
  if (text.empty()) return false;
  const int sign = text.front() == '-' ? -1 : 1;
  int h = 0, m = 0;
  if (!take(text, "+-") || !take(text, 2, h) || !take(text, ":") || !take(text, 2, m)) return false;
  if (h > 23 || m > 59) return false;
  minutes = sign * (h * 60 + m);
  return true;
}

// Writes `digits` decimal digits.
void put(char* to, int digits, unsigned value) {
  for (; digits > 0; value /= 10) to[--digits] = static_cast<char>('0' + value % 10);
}

}  // namespace

Result<Nanos> parse_time(std::string_view text) {
  std::string_view rest = text;
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, sec = 0, offset = 0;
  Nanos fraction = 0;
  const bool shaped = take(rest, 4, year) && take(rest, "-") && take(rest, 2, month) && take(rest, "-") &&
                      take(rest, 2, day) && take(rest, "Tt ") && take(rest, 2, hour) && take(rest, ":") &&
                      take(rest, 2, minute) && take(rest, ":") && take(rest, 2, sec) && take_fraction(rest, fraction) &&
                      take_offset(rest, offset) && rest.empty();
  if (!shaped) return refuse(text, "is not understood");

  using namespace std::chrono;
  const year_month_day date{std::chrono::year{year}, std::chrono::month(static_cast<unsigned>(month)),
                            std::chrono::day(static_cast<unsigned>(day))};
  // A leap second (:60) is taken as the second after it, as POSIX does.
  if (!date.ok() || hour > 23 || minute > 59 || sec > 60) return refuse(text, "is no date");

  const Nanos days = sys_days{date}.time_since_epoch().count();
  const Nanos seconds = days * 86400 + hour * 3600 + minute * 60 + sec - Nanos{offset} * 60;
  constexpr Nanos last = INT64_MAX / second - 1;
  if (seconds < 0 || seconds > last) return refuse(text, "is outside 1970 to 2262");
  return seconds * second + fraction;
}

std::string format_time(Nanos time) {
  std::string text;
  append_time(text, time);
  return text;
}

void append_time(std::string& out, Nanos time) {
  out += TimeWriter().text(time);
}

std::string_view TimeWriter::text(Nanos time) {
  const Nanos day = time >= 0 ? time / day_length : (time + 1) / day_length - 1;
  if (day != day_) set_day(day);
  const Nanos of_day = time - day * day_length;
  const auto seconds = static_cast<unsigned>(of_day / second);
  put(&text_[11], 2, seconds / 3600);
  put(&text_[14], 2, seconds / 60 % 60);
  put(&text_[17], 2, seconds % 60);
  std::size_t size = 19;
  if (const auto fraction = static_cast<unsigned>(of_day % second); fraction != 0) {
    text_[19] = '.';
    put(&text_[20], 9, fraction);
    for (size = 29; text_[size - 1] == '0';) --size;
  }
  text_[size] = 'Z';
  return {text_.data(), size + 1};
}

char* TimeWriter::write(char* to, Nanos time) {
  const auto size = text(time).size();
  std::memcpy(to, text_.data(), longest);  // all of it: a size that is known needs no call
  return to + size;
}

void TimeWriter::set_day(Nanos day) {
  const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{day}}};
  put(&text_[0], 4, static_cast<unsigned>(static_cast<int>(date.year())));
  put(&text_[5], 2, static_cast<unsigned>(date.month()));
  put(&text_[8], 2, static_cast<unsigned>(date.day()));
  day_ = day;
}

}  // namespace myriad
