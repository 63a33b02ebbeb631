#include "api/reading_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <iterator>
#include <nlohmann/json.hpp>

#include "base/time_text.h"

namespace myriad::api {
namespace {

bool is_plain(char c) {
  return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

template <class Number>
void append_number(std::string& out, Number v) {
  std::array<char, 32> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), v).ptr;
  out.append(text.data(), end);
}

// A number of up to four decimals, as most are that a device sends: it is that many ten-thousandths exactly when they
// make the same double, and then those digits are its shortest. Four times as fast as to_chars. Null: it is another.
char* put_decimal(char* to, double v) {
  constexpr double most = 1e11;  // 15 digits in all: a double has no two such numbers
  const double size = std::abs(v);
  if (!(size < most)) return nullptr;
  const auto parts = static_cast<std::int64_t>(size * 1e4 + 0.5);
  if (static_cast<double>(parts) / 1e4 != size) return nullptr;
  if (std::signbit(v)) *to++ = '-';
  to = std::to_chars(to, to + 12, parts / 10'000).ptr;
  auto decimals = static_cast<unsigned>(parts % 10'000);
  if (decimals == 0) return to;
  int digits = 4;
  for (; decimals % 10 == 0; decimals /= 10) --digits;
  *to = '.';
  for (int i = digits; i > 0; decimals /= 10) to[i--] = static_cast<char>('0' + decimals % 10);
  return to + 1 + digits;
}

void append_double(std::string& out, double v) {
  std::array<char, 32> text;
  char* end = put_decimal(text.data(), v);
  if (end == nullptr) end = std::to_chars(text.data(), text.data() + text.size(), v).ptr;
  out.append(text.data(), end);
}

struct Append {
  std::string& out;
  void operator()(bool v) const { out += v ? "true" : "false"; }
  void operator()(std::int64_t v) const { append_number(out, v); }
  void operator()(std::uint64_t v) const { append_number(out, v); }
  void operator()(double v) const { append_double(out, v); }
  void operator()(const std::string& v) const { append_string(out, v); }
  void operator()(const model::Bytes& v) const { out += model::to_json(v).dump(); }
  // A plugin's JSON is not checked on its way in; what does not parse goes out as text.
  void operator()(const model::JsonText& v) const {
    if (!nlohmann::json::accept(v.text)) return append_string(out, v.text);
    // A line break can only stand between tokens there; server-sent events could not carry it.
    std::transform(v.text.begin(), v.text.end(), std::back_inserter(out),
                   [](char c) { return c == '\n' || c == '\r' ? ' ' : c; });
  }
};

}  // namespace

void append_string(std::string& out, std::string_view text) {
  if (!std::all_of(text.begin(), text.end(), is_plain)) {
    out += nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    return;
  }
  out += '"';
  out += text;
  out += '"';
}

void append_value(std::string& out, const model::Value& value) {
  std::visit(Append{out}, value);
}

void append_sample(std::string& out, const model::Sample& sample) {
  out += "\"value\":";
  append_value(out, sample.value);
  out += ",\"time\":\"";
  append_time(out, sample.time);
  out += "\",\"quality\":\"";
  out += model::quality_name(sample.quality);
  out += '"';
}

}  // namespace myriad::api
