#include "historian/integers.h"

#include <gtest/gtest.h>

#include <random>

namespace myriad::historian {
namespace {

using Integers = std::vector<std::uint64_t>;

// Bytes of the payload.
std::size_t round_trip(const Integers& values, Effort effort, const char* name) {
  Packer packer;
  packer.begin(effort);
  put_integers(packer, values);
  const auto payload = packer.finish();
  Unpacker unpacker;
  EXPECT_TRUE(unpacker.open(payload)) << name;
  Integers back(values.size());
  get_integers(unpacker, back);
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

TEST(IntegerColumns, TakeWhatTheirPatternLeaves) {
  std::mt19937_64 random(1);
  const std::int64_t words[] = {INT64_MIN, -1, 7, INT64_MAX};
  std::int64_t level = 0;
  const Case cases[] = {
      {"none", {}, 10},
      {"equal", made(1'000, [](auto) { return -5; }), 20},
      {"counter by 3", made(1'000, [](auto i) { return 100 + 3 * i; }), 30},
      {"noise of hundreds", made(4'000, [&](auto) { return 100 * (random() % 16); }), 2'100},
      {"walk", made(4'000, [&](auto) { return level += static_cast<std::int64_t>(random() % 16) - 8; }), 2'150},
      {"parabola", made(4'000, [](auto i) { return i * i; }), 60},
      {"four words", made(4'000, [&](auto) { return words[random() % 4]; }), 1'150},
      {"ends of unsigned", made(100, [](auto i) { return i % 2 ? UINT64_MAX : 0; }), 60},
      {"any bits", made(1'000, [&](auto) { return random(); }), 8'050},
  };
  for (const auto& c : cases) {
    EXPECT_LE(round_trip(c.values, Effort::best, c.name), c.most_bytes) << c.name;
    round_trip(c.values, Effort::fast, c.name);
  }
}

TEST(IntegerColumns, TheCommonDivisorIsOfSignedIntegers) {
  EXPECT_EQ(common_divisor({}), 1u);
  EXPECT_EQ(common_divisor(Integers{0, 0}), 1u);
  EXPECT_EQ(common_divisor(Integers{0, 12, 0 - std::uint64_t{18}, 6}), 6u);
  EXPECT_EQ(common_divisor(Integers{12, 18, 7}), 1u);
  EXPECT_EQ(common_divisor(Integers{std::uint64_t{1} << 63, 0}), std::uint64_t{1} << 63);
  Integers values{0, 12, 0 - std::uint64_t{18}};
  divide(values, 6);
  EXPECT_EQ(values, (Integers{0, 2, 0 - std::uint64_t{3}}));
}

}  // namespace
}  // namespace myriad::historian
