// Turns registers into values and back. Pure: no I/O, no state; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "myriad/plugin.hpp"

namespace modbus {

enum class Type : std::uint8_t { boolean, int16, uint16, int32, uint32, int64, uint64, float32, float64, string };
enum class Order : std::uint8_t { big, little };

// How a value lies in registers.
struct Format {
  Type type = Type::int16;
  Order words = Order::big;                        // big: the first register holds the most significant part
  Order bytes = Order::big;                        // big: the high byte of a register comes first, as the protocol says
  std::optional<std::uint8_t> bit = std::nullopt;  // with Type::boolean: 0 (least significant) to 15
  std::uint16_t length = 1;                        // of a string, in registers
  double scale = 1, offset = 0;                    // value = raw * scale + offset

  bool scaled() const { return scale != 1 || offset != 0; }
};

// Registers that a value takes.
std::uint16_t width(const Format& format);

// MYRIAD_BOOL, _I64, _U64, _F64 or _TEXT.
std::uint16_t value_type(const Format& format);

// A register in the order in which its bytes are meant.
constexpr std::uint16_t in_order(std::uint16_t reg, Order bytes) {
  return bytes == Order::big ? reg : static_cast<std::uint16_t>(reg << 8 | reg >> 8);
}

// Sets out.type and out.value from width(format) registers. False, and no value, when the number is not finite.
// Not for strings.
bool decode(const Format& format, const std::uint16_t* registers, myriad_reading& out);

// A string up to its first NUL, without trailing blanks, as UTF-8. Bytes that are no UTF-8 are taken as ISO 8859-1.
void decode_text(const Format& format, const std::uint16_t* registers, std::string& out);

// The registers to write for a reading; `text` is the content of a TEXT reading. For a format with `bit`, the mask of
// that bit or 0. Throws myriad::Failure INVALID when the value does not fit, naming the value and the range.
std::vector<std::uint16_t> encode(const Format& format, const myriad_reading& value, std::string_view text);

}  // namespace modbus
