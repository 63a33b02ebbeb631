#include "codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <numeric>

namespace modbus {
namespace {

using testing::HasSubstr;
using Registers = std::vector<std::uint16_t>;
constexpr auto big = Order::big, little = Order::little;

myriad_reading i64(std::int64_t v) {
  myriad_reading r{};
  r.type = MYRIAD_I64;
  r.value.i64 = v;
  return r;
}
myriad_reading u64(std::uint64_t v) {
  myriad_reading r{};
  r.type = MYRIAD_U64;
  r.value.u64 = v;
  return r;
}
myriad_reading f64(double v) {
  myriad_reading r{};
  r.type = MYRIAD_F64;
  r.value.f64 = v;
  return r;
}
myriad_reading boolean(bool v) {
  myriad_reading r{};
  r.type = MYRIAD_BOOL;
  r.value.i64 = v;
  return r;
}
myriad_reading text() {
  myriad_reading r{};
  r.type = MYRIAD_TEXT;
  return r;
}

Format format(Type type, Order words = big, Order bytes = big) {
  return {.type = type, .words = words, .bytes = bytes};
}
Format scaled(Type type, double scale, double offset) {
  return {.type = type, .scale = scale, .offset = offset};
}
Format bit(std::uint8_t n, Order bytes = big) {
  return {.type = Type::boolean, .bytes = bytes, .bit = n};
}
Format string(std::uint16_t length, Order bytes = big) {
  return {.type = Type::string, .bytes = bytes, .length = length};
}

struct Case {
  const char* name;
  Format format;
  Registers registers;
  myriad_reading value;
};

const Case kCases[] = {
    {"bool of a whole register", format(Type::boolean), {1}, boolean(true)},
    {"bool false", format(Type::boolean), {0}, boolean(false)},
    {"bit 0", bit(0), {0x0001}, boolean(true)},
    {"bit 15", bit(15), {0x8000}, boolean(true)},
    {"bit 0, little bytes", bit(0, little), {0x0100}, boolean(true)},
    {"int16", format(Type::int16), {0x8000}, i64(-32768)},
    {"int16, little bytes", format(Type::int16, big, little), {0xFEFF}, i64(-2)},
    {"int16, little words", format(Type::int16, little), {0xFFFE}, i64(-2)},
    {"uint16", format(Type::uint16), {0xFFFE}, u64(65534)},
    {"uint16, little bytes", format(Type::uint16, big, little), {0x3412}, u64(0x1234)},
    {"int32", format(Type::int32), {0xFFFF, 0xFFFE}, i64(-2)},
    {"int32, little words", format(Type::int32, little), {0xFFFE, 0xFFFF}, i64(-2)},
    {"int32, little bytes", format(Type::int32, big, little), {0x0201, 0x0403}, i64(0x01020304)},
    {"int32, both little", format(Type::int32, little, little), {0x0403, 0x0201}, i64(0x01020304)},
    {"uint32", format(Type::uint32), {0xFFFF, 0xFFFF}, u64(4294967295)},
    {"uint32, little words", format(Type::uint32, little), {0x5678, 0x1234}, u64(0x12345678)},
    {"uint32, little bytes", format(Type::uint32, big, little), {0x3412, 0x7856}, u64(0x12345678)},
    {"uint32, both little", format(Type::uint32, little, little), {0x7856, 0x3412}, u64(0x12345678)},
    {"int64", format(Type::int64), {0x8000, 0, 0, 0}, i64(std::numeric_limits<std::int64_t>::min())},
    {"int64, little words", format(Type::int64, little), {4, 3, 2, 1}, i64(0x0001000200030004)},
    {"int64, little bytes",
     format(Type::int64, big, little),
     {0x0100, 0x0200, 0x0300, 0x0400},
     i64(0x0001000200030004)},
    {"int64, both little",
     format(Type::int64, little, little),
     {0x0400, 0x0300, 0x0200, 0x0100},
     i64(0x0001000200030004)},
    {"uint64", format(Type::uint64), {0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF}, u64(std::numeric_limits<std::uint64_t>::max())},
    {"uint64, little words", format(Type::uint64, little), {4, 3, 2, 1}, u64(0x0001000200030004)},
    {"uint64, little bytes", format(Type::uint64, big, little), {0x0100, 0, 0, 0x0400}, u64(0x0001000000000004)},
    {"uint64, both little", format(Type::uint64, little, little), {0x0400, 0, 0, 0x0100}, u64(0x0001000000000004)},
    {"float32", format(Type::float32), {0x4366, 0x0000}, f64(230)},
    {"float32, little words", format(Type::float32, little), {0x0000, 0x4366}, f64(230)},
    {"float32, little bytes", format(Type::float32, big, little), {0x6643, 0x0000}, f64(230)},
    {"float32, both little", format(Type::float32, little, little), {0x0000, 0x6643}, f64(230)},
    {"float64", format(Type::float64), {0x3FF8, 0, 0, 0}, f64(1.5)},
    {"float64, little words", format(Type::float64, little), {0, 0, 0, 0x3FF8}, f64(1.5)},
    {"float64, little bytes", format(Type::float64, big, little), {0xF83F, 0, 0, 0}, f64(1.5)},
    {"float64, both little", format(Type::float64, little, little), {0, 0, 0, 0xF83F}, f64(1.5)},
    {"scaled int16", scaled(Type::int16, 0.5, -10), {0xFFFE}, f64(-11)},
    {"scaled uint16", scaled(Type::uint16, 0.25, 0), {10}, f64(2.5)},
    {"scaled by a negative", scaled(Type::int16, -2, 0), {3}, f64(-6)},
    {"scaled uint64", scaled(Type::uint64, 0.5, 0), {0, 0, 0, 3}, f64(1.5)},
    {"scaled float32", scaled(Type::float32, 2, 1), {0x4366, 0x0000}, f64(461)},
};

TEST(Codec, DecodesEveryTypeInEveryOrder) {
  for (const auto& c : kCases) {
    myriad_reading out{};
    ASSERT_TRUE(decode(c.format, c.registers.data(), out)) << c.name;
    EXPECT_EQ(out.type, c.value.type) << c.name;
    EXPECT_EQ(out.value.u64, c.value.value.u64) << c.name;
    EXPECT_EQ(value_type(c.format), c.value.type) << c.name;
    EXPECT_EQ(width(c.format), c.registers.size()) << c.name;
  }
}

TEST(Codec, EncodesWhatItDecodes) {
  for (const auto& c : kCases) EXPECT_EQ(encode(c.format, c.value, ""), c.registers) << c.name;
}

TEST(Codec, NotFiniteIsNoValue) {
  const struct {
    const char* name;
    Format format;
    Registers registers;
  } cases[] = {
      {"float32 NaN", format(Type::float32), {0x7FC0, 0}},
      {"float32 infinity", format(Type::float32), {0x7F80, 0}},
      {"float64 NaN", format(Type::float64), {0x7FF8, 0, 0, 0}},
      {"scale overflows", scaled(Type::float64, 1e10, 0), {0x7FE0, 0, 0, 0}},
  };
  for (const auto& c : cases) {
    myriad_reading out{};
    EXPECT_FALSE(decode(c.format, c.registers.data(), out)) << c.name;
  }
}

TEST(Codec, DecodesStrings) {
  const struct {
    const char* name;
    Format format;
    Registers registers;
    const char* text;
  } cases[] = {
      {"two registers", string(2), {0x4142, 0x4344}, "ABCD"},
      {"little bytes", string(2, little), {0x4241, 0x4443}, "ABCD"},
      {"ends at NUL", string(2), {0x4100, 0x4344}, "A"},
      {"trailing blanks", string(2), {0x4142, 0x2020}, "AB"},
      {"nothing", string(2), {0, 0}, ""},
      {"blanks only", string(1), {0x2020}, ""},
      {"UTF-8", string(1), {0xC2B0}, "°"},
      {"UTF-8, three bytes", string(2), {0xE4B8, 0x8700}, "万"},
      {"ISO 8859-1", string(1), {0xB043}, "°C"},
      {"cut UTF-8 reads as ISO 8859-1", string(1), {0x41C2}, "AÂ"},
      {"surrogate reads as ISO 8859-1", string(2), {0xEDA0, 0x8000}, "\xC3\xAD\xC2\xA0\xC2\x80"},
  };
  for (const auto& c : cases) {
    std::string out = "before";
    decode_text(c.format, c.registers.data(), out);
    EXPECT_EQ(out, c.text) << c.name;
  }
}

TEST(Codec, EncodesStringsWithPadding) {
  EXPECT_EQ(encode(string(3), text(), "ABC"), (Registers{0x4142, 0x4300, 0}));
  EXPECT_EQ(encode(string(2, little), text(), "ABCD"), (Registers{0x4241, 0x4443}));
}

TEST(Codec, EncodesOtherValueTypesThatFit) {
  EXPECT_EQ(encode(format(Type::uint16), f64(7), ""), (Registers{7}));
  EXPECT_EQ(encode(format(Type::int16), u64(7), ""), (Registers{7}));
  EXPECT_EQ(encode(format(Type::float32), i64(230), ""), (Registers{0x4366, 0}));
  EXPECT_EQ(encode(format(Type::boolean), i64(1), ""), (Registers{1}));
  EXPECT_EQ(encode(scaled(Type::int16, 0.1, 0), f64(21.5), ""), (Registers{215})) << "rounds to the nearest step";
  EXPECT_EQ(encode(scaled(Type::int16, 0.1, 0), i64(21), ""), (Registers{210}));
}

TEST(Codec, RefusesWhatDoesNotFit) {
  const struct {
    const char* name;
    Format format;
    myriad_reading value;
    const char* says;
  } cases[] = {
      {"int16 above", format(Type::int16), i64(32768), "32768 does not fit: write -32768 to 32767"},
      {"int16 below", format(Type::int16), i64(-32769), "-32769 does not fit"},
      {"uint16 negative", format(Type::uint16), i64(-1), "write 0 to 65535"},
      {"uint16 above", format(Type::uint16), u64(65536), "65536 does not fit"},
      {"fraction", format(Type::int16), f64(2.5), "2.5 does not fit: the point takes whole numbers"},
      {"int64 above", format(Type::int64), u64(1ULL << 63), "does not fit"},
      {"int64 rounded up", format(Type::int64), f64(9223372036854775808.0), "does not fit"},
      {"uint64 rounded up", format(Type::uint64), f64(18446744073709551616.0), "does not fit"},
      {"scaled above", scaled(Type::int16, 0.1, 0), f64(4000), "write -3276.8 to 3276.7"},
      {"scaled down", scaled(Type::uint16, -1, 0), f64(1), "write -65535 to 0"},
      {"float32 above", format(Type::float32), f64(1e39), "float32 reaches"},
      {"NaN", format(Type::int16), f64(std::nan("")), "nan does not fit"},
      {"NaN in float64", format(Type::float64), f64(std::nan("")), "finite"},
      {"bool 2", format(Type::boolean), i64(2), "write true or false"},
      {"text for a number", format(Type::int16), text(), "takes a number"},
      {"number for a text", string(2), i64(1), "takes a text"},
  };
  for (const auto& c : cases) {
    try {
      (void)encode(c.format, c.value, "abc");
      ADD_FAILURE() << c.name << " was taken";
    } catch (const myriad::Failure& failure) {
      EXPECT_EQ(failure.status(), MYRIAD_E_INVALID) << c.name;
      EXPECT_THAT(failure.what(), HasSubstr(c.says)) << c.name;
    }
  }
}

TEST(Codec, RefusesLongText) {
  EXPECT_THROW((void)encode(string(1), text(), "abc"), myriad::Failure);
}

}  // namespace
}  // namespace modbus
