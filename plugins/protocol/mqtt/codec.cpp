#include "codec.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>

#include "times.h"

namespace mqtt {
namespace {

using json = nlohmann::json;

std::string excerpt(std::string_view text) {
  return "'" + std::string(text.substr(0, 48)) + (text.size() > 48 ? "…'" : "'");
}

myriad::Failure refuse(std::string_view text, const char* why) {
  return {MYRIAD_E_INVALID, excerpt(text) + " " + why};
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    return std::tolower(static_cast<unsigned char>(x)) == std::tolower(static_cast<unsigned char>(y));
  });
}

bool any_of(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::any_of(words.begin(), words.end(), [&](auto word) { return equal_ignoring_case(text, word); });
}

// Devices print a missing measurement as one of these; std::from_chars would take them for numbers.
bool is_not_finite(std::string_view text) {
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) text.remove_prefix(1);
  return any_of(text, {"nan", "inf", "infinity"});
}

// A number too large for a double: no JSON to the parser, but no text either.
bool overflows(std::string_view text) {
  double ignored = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), ignored);
  return error == std::errc::result_out_of_range && end == text.data() + text.size();
}

std::string_view trim(std::string_view text) {
  const auto is_space = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

double finite(double value, std::string_view shown) {
  if (!std::isfinite(value)) throw refuse(shown, "is not a finite number");
  return value;
}

double scaled(double value, const ValueRule& rule) {
  return finite(value * rule.scale + rule.offset, std::to_string(value));
}

double number_of(const json& node) {
  if (node.is_boolean()) return node.get<bool>() ? 1 : 0;
  if (node.is_number()) return finite(node.get<double>(), node.dump());
  if (!node.is_string()) throw refuse(node.dump(), "is no number");
  auto text = trim(node.get_ref<const std::string&>());
  if (is_not_finite(text)) throw refuse(text, "is not a finite number");
  if (text.starts_with('+')) text.remove_prefix(1);
  double out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc() || end != text.data() + text.size()) throw refuse(text, "is no number");
  return out;
}

Value integer_of(const json& node, const ValueRule& rule) {
  const bool plain = rule.scale == 1 && rule.offset == 0;
  if (plain && node.is_number_unsigned() && node.get<std::uint64_t>() > INT64_MAX) return node.get<std::uint64_t>();
  if (plain && node.is_number_integer()) return node.get<std::int64_t>();
  const double value = std::round(scaled(number_of(node), rule));
  // 2^63 itself does not fit; the double below it does.
  if (std::abs(value) >= 9223372036854775808.0) throw refuse(node.dump(), "does not fit 64 bits");
  return static_cast<std::int64_t>(value);
}

bool boolean_of(const json& node) {
  if (node.is_boolean()) return node.get<bool>();
  if (node.is_number()) return number_of(node) != 0;
  if (!node.is_string()) throw refuse(node.dump(), "is no boolean");
  const auto text = trim(node.get_ref<const std::string&>());
  if (any_of(text, {"true", "on", "yes", "1"})) return true;
  if (any_of(text, {"false", "off", "no", "0"})) return false;
  throw refuse(text, "is no boolean: true, on, yes, 1 and false, off, no, 0 are");
}

std::string utf8(std::string_view text) {
  try {
    static_cast<void>(json(text).dump());
  } catch (const json::exception&) {
    throw myriad::Failure(MYRIAD_E_INVALID, "the payload is neither JSON nor UTF-8 text");
  }
  return std::string(text);
}

std::string text_of(const json& node) {
  return node.is_string() ? node.get<std::string>() : node.dump();
}

Value automatic(const json& node, const ValueRule& rule) {
  if (node.is_boolean()) return node.get<bool>();
  if (node.is_number()) return scaled(number_of(node), rule);
  if (node.is_string() && is_not_finite(trim(node.get_ref<const std::string&>())))
    throw refuse(node.dump(), "is not a finite number");
  if (node.is_string()) return node.get<std::string>();
  if (node.is_null()) throw refuse("null", "is no value");
  return JsonText{node.dump()};
}

const char* quality_name(std::uint16_t quality) {
  constexpr const char* names[] = {"good", "uncertain", "bad", "stale"};
  return quality < std::size(names) ? names[quality] : "bad";
}

std::string base64(std::string_view bytes) {
  constexpr char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k)
      group = group << 8 | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0U);
    for (std::size_t k = 0; k < 4; ++k) out += k <= bytes.size() - i ? alphabet[group >> (18 - 6 * k) & 63] : '=';
  }
  return out;
}

json json_value(const Outgoing& out) {
  const auto& r = *out.reading;
  switch (r.type) {
    case MYRIAD_BOOL:
      return r.value.i64 != 0;
    case MYRIAD_I64:
      return r.value.i64;
    case MYRIAD_U64:
      return r.value.u64;
    case MYRIAD_F64:
      return r.value.f64;
    case MYRIAD_BYTES:
      return base64(out.text);
    case MYRIAD_JSON:
      return json::parse(out.text, nullptr, false);
    default:
      return out.text;
  }
}

std::string dump(const json& node) {
  return node.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace

Value to_value(const json& node, const ValueRule& rule) {
  switch (rule.type) {
    case Type::automatic:
      return automatic(node, rule);
    case Type::boolean:
      return boolean_of(node);
    case Type::integer:
      return integer_of(node, rule);
    case Type::number:
      return scaled(number_of(node), rule);
    case Type::text:
      return text_of(node);
  }
  throw refuse(node.dump(), "has no type");
}

Value raw_value(std::string_view payload, const ValueRule& rule) {
  if (rule.type == Type::text) return utf8(payload);
  const auto trimmed = trim(payload);
  if (trimmed.empty()) throw refuse(payload, "is empty");
  auto node = json::parse(trimmed, nullptr, false);
  if (node.is_discarded() && overflows(trimmed)) throw refuse(trimmed, "is not a finite number");
  if (node.is_discarded()) node = utf8(trimmed);
  return to_value(node, rule);
}

std::int64_t to_time(const json& node, TimeUnit unit) {
  if (node.is_number_integer()) {
    if (node.is_number_unsigned() && node.get<std::uint64_t>() > INT64_MAX) throw refuse(node.dump(), "is no time");
    return time_from_integer(node.get<std::int64_t>(), unit);
  }
  if (node.is_number()) return time_from_number(node.get<double>(), unit);
  if (!node.is_string()) throw refuse(node.dump(), "is no time");
  const auto text = trim(node.get_ref<const std::string&>());
  std::int64_t whole = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), whole);
  if (error == std::errc() && end == text.data() + text.size()) return time_from_integer(whole, unit);
  return time_from_text(text);
}

std::string encode(const Outgoing& out, PayloadForm form, bool with_sequence) {
  const auto& r = *out.reading;
  if (form == PayloadForm::value) return r.type >= MYRIAD_TEXT ? std::string(out.text) : dump(json_value(out));
  nlohmann::ordered_json message;
  message["value"] = json_value(out);
  message["time"] = format_time(r.time_ns);
  message["quality"] = quality_name(r.quality);
  if (!out.unit.empty()) message["unit"] = out.unit;
  if (with_sequence) message["sequence"] = out.sequence;
  return message.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

const char* td_type(const Value& value) {
  constexpr const char* names[] = {"boolean", "integer", "integer", "number", "string", "object"};
  static_assert(std::size(names) == std::variant_size_v<Value>);
  return names[value.index()];
}

}  // namespace mqtt
