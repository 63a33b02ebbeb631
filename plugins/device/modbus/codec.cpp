#include "codec.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdio>
#include <limits>
#include <type_traits>
#include <utility>

namespace modbus {
namespace {

using myriad::Failure;

std::uint64_t gather(const Format& format, const std::uint16_t* registers) {
  const unsigned count = width(format);
  std::uint64_t raw = 0;
  for (unsigned i = 0; i < count; ++i) {
    const auto reg = registers[format.words == Order::big ? i : count - 1 - i];
    raw = raw << 16 | in_order(reg, format.bytes);
  }
  return raw;
}

std::vector<std::uint16_t> scatter(const Format& format, std::uint64_t raw) {
  const unsigned count = width(format);
  std::vector<std::uint16_t> out(count);
  for (unsigned i = count; i-- > 0; raw >>= 16)
    out[format.words == Order::big ? i : count - 1 - i] = in_order(static_cast<std::uint16_t>(raw), format.bytes);
  return out;
}

bool set_float(const Format& format, double raw, myriad_reading& out) {
  const double value = format.scaled() ? raw * format.scale + format.offset : raw;
  if (!std::isfinite(value)) return false;
  out.type = MYRIAD_F64;
  out.value.f64 = value;
  return true;
}

template <class T>
bool set_integer(const Format& format, std::uint64_t raw, myriad_reading& out) {
  const T value = static_cast<T>(raw);
  if (format.scaled()) return set_float(format, static_cast<double>(value), out);
  out.type = std::is_signed_v<T> ? MYRIAD_I64 : MYRIAD_U64;
  if constexpr (std::is_signed_v<T>)
    out.value.i64 = value;
  else
    out.value.u64 = value;
  return true;
}

bool set_boolean(bool value, myriad_reading& out) {
  out.type = MYRIAD_BOOL;
  out.value.i64 = value ? 1 : 0;
  return true;
}

// Length of the UTF-8 sequence that begins with this byte; 0 when none does.
std::size_t sequence_length(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead < 0xE0) return 2;
  if (lead >= 0xE0 && lead < 0xF0) return 3;
  return lead >= 0xF0 && lead < 0xF5 ? 4 : 0;
}

// RFC 3629: no overlong forms, no surrogates, nothing past U+10FFFF.
bool is_allowed(unsigned char lead, unsigned char second) {
  const unsigned low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const unsigned high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  return second >= low && second <= high;
}

bool is_utf8(std::string_view s) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(s[i]); };
  for (std::size_t i = 0, length = 0; i < s.size(); i += length) {
    length = sequence_length(byte(i));
    if (length == 0 || i + length > s.size()) return false;
    if (length > 1 && !is_allowed(byte(i), byte(i + 1))) return false;
    for (std::size_t k = i + 2; k < i + length; ++k)
      if ((byte(k) & 0xC0) != 0x80) return false;
  }
  return true;
}

std::string from_latin1(std::string_view s) {
  std::string out;
  for (const char c : s) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      out += c;
    } else {
      out += static_cast<char>(0xC0 | byte >> 6);
      out += static_cast<char>(0x80 | (byte & 0x3F));
    }
  }
  return out;
}

std::string shown(double number) {
  char text[32];
  std::snprintf(text, sizeof text, "%.15g", number);
  return text;
}

std::string shown(const myriad_reading& value, std::string_view text) {
  switch (value.type) {
    case MYRIAD_BOOL:
      return value.value.i64 ? "true" : "false";
    case MYRIAD_I64:
      return std::to_string(value.value.i64);
    case MYRIAD_U64:
      return std::to_string(value.value.u64);
    case MYRIAD_F64:
      return shown(value.value.f64);
    default:
      return "'" + std::string(text) + "'";
  }
}

[[noreturn]] void misfit(const std::string& value, const std::string& what) {
  throw Failure(MYRIAD_E_INVALID, value + " does not fit: " + what);
}

double as_double(const myriad_reading& value, std::string_view text) {
  switch (value.type) {
    case MYRIAD_BOOL:
    case MYRIAD_I64:
      return static_cast<double>(value.value.i64);
    case MYRIAD_U64:
      return static_cast<double>(value.value.u64);
    case MYRIAD_F64:
      return value.value.f64;
    default:
      misfit(shown(value, text), "the point takes a number");
  }
}

template <class T>
std::string range_of(const Format& format) {
  const auto low = static_cast<double>(std::numeric_limits<T>::min()) * format.scale + format.offset;
  const auto high = static_cast<double>(std::numeric_limits<T>::max()) * format.scale + format.offset;
  if (format.scaled()) return "write " + shown(std::min(low, high)) + " to " + shown(std::max(low, high));
  return "write " + std::to_string(std::numeric_limits<T>::min()) + " to " +
         std::to_string(std::numeric_limits<T>::max());
}

template <class T>
std::uint64_t integer_bits(const Format& format, const myriad_reading& value, std::string_view text) {
  const auto bits = [](T v) { return static_cast<std::uint64_t>(static_cast<std::make_unsigned_t<T>>(v)); };
  if (!format.scaled() && value.type == MYRIAD_U64 && std::in_range<T>(value.value.u64))
    return bits(static_cast<T>(value.value.u64));
  if (!format.scaled() && (value.type == MYRIAD_I64 || value.type == MYRIAD_BOOL) && std::in_range<T>(value.value.i64))
    return bits(static_cast<T>(value.value.i64));
  const double exact = (as_double(value, text) - format.offset) / format.scale;
  const double raw = std::nearbyint(exact);
  if (!format.scaled() && raw != exact) misfit(shown(value, text), "the point takes whole numbers");
  // 2^digits is exact in a double where the largest integer is not.
  const double beyond = std::ldexp(1.0, std::numeric_limits<T>::digits);
  const double lowest = std::is_signed_v<T> ? -beyond : 0.0;
  if (!(raw >= lowest && raw < beyond)) misfit(shown(value, text), range_of<T>(format));
  return bits(static_cast<T>(raw));
}

std::uint64_t float32_bits(const Format& format, const myriad_reading& value, std::string_view text) {
  const double raw = (as_double(value, text) - format.offset) / format.scale;
  if (!(std::abs(raw) <= static_cast<double>(std::numeric_limits<float>::max())))
    misfit(shown(value, text), "float32 reaches 3.4e38 either way");
  return std::bit_cast<std::uint32_t>(static_cast<float>(raw));
}

std::uint64_t float64_bits(const Format& format, const myriad_reading& value, std::string_view text) {
  const double raw = (as_double(value, text) - format.offset) / format.scale;
  if (!std::isfinite(raw)) misfit(shown(value, text), "write a finite number");
  return std::bit_cast<std::uint64_t>(raw);
}

std::uint64_t boolean_bits(const Format& format, const myriad_reading& value, std::string_view text) {
  const double number = as_double(value, text);
  if (number != 0 && number != 1) misfit(shown(value, text), "write true or false");
  return number == 0 ? 0 : std::uint64_t{1} << format.bit.value_or(0);
}

std::vector<std::uint16_t> encode_text(const Format& format, const myriad_reading& value, std::string_view text) {
  if (value.type != MYRIAD_TEXT) misfit(shown(value, text), "the point takes a text");
  if (text.size() > std::size_t{2} * format.length)
    misfit(shown(value, text),
           "the text has " + std::to_string(text.size()) + " bytes, the point " + std::to_string(2 * format.length));
  std::string padded(text);
  padded.resize(std::size_t{2} * format.length, '\0');
  std::vector<std::uint16_t> out(format.length);
  for (std::size_t i = 0; i < out.size(); ++i) {
    const auto high = static_cast<unsigned char>(padded[2 * i]), low = static_cast<unsigned char>(padded[2 * i + 1]);
    out[i] = in_order(static_cast<std::uint16_t>(high << 8 | low), format.bytes);
  }
  return out;
}

}  // namespace

std::uint16_t width(const Format& format) {
  switch (format.type) {
    case Type::boolean:
    case Type::int16:
    case Type::uint16:
      return 1;
    case Type::int32:
    case Type::uint32:
    case Type::float32:
      return 2;
    case Type::int64:
    case Type::uint64:
    case Type::float64:
      return 4;
    case Type::string:
      return format.length;
  }
  return 1;
}

std::uint16_t value_type(const Format& format) {
  switch (format.type) {
    case Type::boolean:
      return MYRIAD_BOOL;
    case Type::int16:
    case Type::int32:
    case Type::int64:
      return format.scaled() ? MYRIAD_F64 : MYRIAD_I64;
    case Type::uint16:
    case Type::uint32:
    case Type::uint64:
      return format.scaled() ? MYRIAD_F64 : MYRIAD_U64;
    case Type::float32:
    case Type::float64:
      return MYRIAD_F64;
    case Type::string:
      return MYRIAD_TEXT;
  }
  return MYRIAD_F64;
}

bool decode(const Format& format, const std::uint16_t* registers, myriad_reading& out) {
  const auto raw = gather(format, registers);
  switch (format.type) {
    case Type::boolean:
      return set_boolean(format.bit ? (raw >> *format.bit & 1) != 0 : raw != 0, out);
    case Type::int16:
      return set_integer<std::int16_t>(format, raw, out);
    case Type::uint16:
      return set_integer<std::uint16_t>(format, raw, out);
    case Type::int32:
      return set_integer<std::int32_t>(format, raw, out);
    case Type::uint32:
      return set_integer<std::uint32_t>(format, raw, out);
    case Type::int64:
      return set_integer<std::int64_t>(format, raw, out);
    case Type::uint64:
      return set_integer<std::uint64_t>(format, raw, out);
    case Type::float32:
      return set_float(format, static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(raw))), out);
    case Type::float64:
      return set_float(format, std::bit_cast<double>(raw), out);
    case Type::string:
      return false;
  }
  return false;
}

void decode_text(const Format& format, const std::uint16_t* registers, std::string& out) {
  out.clear();
  for (unsigned i = 0; i < format.length; ++i) {
    const auto reg = in_order(registers[i], format.bytes);
    out += static_cast<char>(reg >> 8);
    out += static_cast<char>(reg & 0xFF);
  }
  out.resize(std::min(out.find('\0'), out.size()));
  out.resize(out.find_last_not_of(' ') + 1);
  if (!is_utf8(out)) out = from_latin1(out);
}

std::vector<std::uint16_t> encode(const Format& format, const myriad_reading& value, std::string_view text) {
  switch (format.type) {
    case Type::boolean:
      return scatter(format, boolean_bits(format, value, text));
    case Type::int16:
      return scatter(format, integer_bits<std::int16_t>(format, value, text));
    case Type::uint16:
      return scatter(format, integer_bits<std::uint16_t>(format, value, text));
    case Type::int32:
      return scatter(format, integer_bits<std::int32_t>(format, value, text));
    case Type::uint32:
      return scatter(format, integer_bits<std::uint32_t>(format, value, text));
    case Type::int64:
      return scatter(format, integer_bits<std::int64_t>(format, value, text));
    case Type::uint64:
      return scatter(format, integer_bits<std::uint64_t>(format, value, text));
    case Type::float32:
      return scatter(format, float32_bits(format, value, text));
    case Type::float64:
      return scatter(format, float64_bits(format, value, text));
    case Type::string:
      return encode_text(format, value, text);
  }
  return {};
}

}  // namespace modbus
