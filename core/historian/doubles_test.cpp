#include "historian/doubles.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <random>

namespace myriad::historian {
namespace {

using Integers = std::vector<std::uint64_t>;

// Bytes of the payload.
std::size_t round_trip(const Integers& values, Effort effort, const char* name) {
  Packer packer;
  packer.begin(effort);
  put_doubles(packer, values);
  const auto payload = packer.finish();
  Unpacker unpacker;
  EXPECT_TRUE(unpacker.open(payload)) << name;
  Integers back(values.size());
  get_doubles(unpacker, back);
  EXPECT_TRUE(unpacker.at_end()) << name;
  EXPECT_EQ(back, values) << name;
  return payload.size();
}

struct Case {
  const char* name;
  Integers values;
  std::size_t most_bytes;  // with Effort::best
};

Integers made(std::size_t count, auto&& value) {
  Integers out(count);
  for (std::size_t i = 0; i < count; ++i) out[i] = static_cast<std::uint64_t>(value(i));
  return out;
}

std::uint64_t bits(double v) {
  return std::bit_cast<std::uint64_t>(v);
}

TEST(Doubles, TakeWhatTheirDecimalsLeave) {
  std::mt19937_64 random(2);
  const double odd[] = {
      -0.0, 0.0,  5e-324, std::numeric_limits<double>::max(),      -std::numeric_limits<double>::min(),
      1e22, -1.5, 1e15,   std::numeric_limits<double>::infinity(), 1.0 / 3,
      0.1};
  const Case cases[] = {
      {"none", {}, 10},
      {"two decimals", made(4'000, [&](auto) { return bits(static_cast<double>(random() % 256) / 100); }), 4'100},
      {"last places of a product", made(4'000, [&](auto) { return bits(static_cast<double>(random() % 256) * 0.1); }),
       5'300},
      {"floats", made(4'000, [&](auto) { return bits(static_cast<double>(static_cast<float>(random() % 256) / 10)); }),
       4'100},
      {"whole floats",
       made(2'000, [&](auto) { return bits(static_cast<double>(std::sqrt(static_cast<float>(random())))); }), 7'100},
      {"three words", made(4'000, [&](auto) { return bits(std::sin(static_cast<double>(random() % 3))); }), 1'050},
      {"smooth", made(2'000, [](auto i) { return bits(std::sin(static_cast<double>(i) / 50)); }), 13'500},
      {"odd", made(1'000, [&](auto) { return bits(odd[random() % std::size(odd)]); }), 700},
      {"any bits", made(1'000, [&](auto) { return random(); }), 8'050},
  };
  for (const auto& c : cases) {
    EXPECT_LE(round_trip(c.values, Effort::best, c.name), c.most_bytes) << c.name;
    round_trip(c.values, Effort::fast, c.name);
  }
}

TEST(Doubles, AFewWholeDoublesAmongDecimalsStay) {
  std::mt19937_64 random(3);
  for (int round = 0; round < 100; ++round) {
    const auto share = 1 + random() % 40;
    const auto values = made(random() % 400, [&](auto) {
      return random() % share == 0 ? random() : bits(static_cast<double>(random() % 1'000) / 1'000 - 0.5);
    });
    for (const Effort effort : {Effort::fast, Effort::best}) round_trip(values, effort, "among decimals");
  }
}

TEST(Doubles, AllAsFarAboveTheirDecimals) {
  const auto values = made(150, [](auto i) { return bits(static_cast<double>(64 + i % 60)) + 3; });
  for (const Effort effort : {Effort::fast, Effort::best}) round_trip(values, effort, "all above");
}

}  // namespace
}  // namespace myriad::historian
