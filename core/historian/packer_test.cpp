#include "historian/packer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "historian/unpacker.h"

namespace myriad::historian {
namespace {

using Integers = std::vector<std::uint64_t>;

Integers made(std::size_t count, auto&& value) {
  Integers out(count);
  for (std::size_t i = 0; i < count; ++i) out[i] = value(i);
  return out;
}

// Packs the columns one after the other; bytes of the payload.
std::size_t round_trip(const std::vector<Integers>& columns, Effort effort, const char* name) {
  static Packer packer;
  static Unpacker unpacker;
  packer.begin(effort);
  for (const auto& column : columns) packer.column(column);
  const auto payload = packer.finish();
  EXPECT_TRUE(unpacker.open(payload)) << name;
  for (const auto& column : columns) {
    Integers back(column.size());
    unpacker.column(back);
    EXPECT_EQ(back, column) << name;
  }
  EXPECT_TRUE(unpacker.at_end()) << name;
  return payload.size();
}

TEST(Packer, KeepsColumnsInAboutTheirEntropy) {
  std::mt19937_64 random(1);
  std::normal_distribution<double> normal(0, 3'000);
  struct Case {
    const char* name;
    Integers column;
    std::size_t most_bytes;
  };
  const Case cases[] = {
      {"none", {}, 10},
      {"one", {UINT64_MAX}, 20},
      {"the same", made(4'096, [](auto) { return 77u; }), 20},
      {"all 64 bits", made(1'000, [&](auto) { return random(); }), 8'080},
      {"every length", made(64, [](auto i) { return std::uint64_t{1} << i; }), 400},
      {"three bits", made(4'096, [&](auto) { return random() % 8; }), 1'600},
      {"21 steps", made(4'096, [&](auto) { return random() % 21; }), 2'350},
      {"mostly 5", made(4'096, [&](auto) { return random() % 50 == 0 ? random() % 99 : 5; }), 200},
      {"once not 5", made(4'096, [&](auto i) { return i == 4'095 ? 6u : 5u; }), 30},
      {"a bell", made(4'096, [&](auto) { return static_cast<std::uint64_t>(std::fabs(normal(random))); }), 6'700},
      {"few", made(20, [&](auto) { return random() % 300; }), 60},
  };
  for (const auto& c : cases)
    for (const Effort effort : {Effort::fast, Effort::best})
      EXPECT_LE(round_trip({c.column}, effort, c.name), c.most_bytes) << c.name;
}

TEST(Packer, KeepsAnyColumnsInOrder) {
  std::mt19937_64 random(2);
  for (int round = 0; round < 300; ++round) {
    std::vector<Integers> columns(random() % 6);
    for (auto& column : columns)
      column = made(random() % 700, [&, width = random() % 64, rare = random() % 20](auto) {
        return random() % (rare + 1) == 0 ? random() >> width : 3;
      });
    for (const Effort effort : {Effort::fast, Effort::best}) round_trip(columns, effort, "any");
  }
}

TEST(Packer, SmallestKeepsTheCheapestCandidateAndNothingOfOthers) {
  const auto noise = made(500, [](auto i) { return i * 0x9e3779b97f4a7c15u; });
  Packer packer;
  for (const int cheap : {0, 1, 2}) {
    const auto put = [&](int which) {
      packer.varint(static_cast<std::uint64_t>(which));
      which == cheap ? packer.constant_column(9) : packer.column(noise);
    };
    packer.begin(Effort::best);
    packer.smallest([&] { put(0); }, [&] { put(1); }, [&] { put(2); });
    Unpacker unpacker;
    ASSERT_TRUE(unpacker.open(packer.finish()));
    EXPECT_EQ(unpacker.varint(), static_cast<std::uint64_t>(cheap));
    EXPECT_EQ(unpacker.constant_column(), 9u);
    EXPECT_TRUE(unpacker.at_end());
  }
}

TEST(Packer, ReadingPastTheEndFails) {
  Packer packer;
  packer.begin(Effort::fast);
  packer.column(made(100, [](auto i) { return i * 1'000; }));
  Unpacker unpacker;
  ASSERT_TRUE(unpacker.open(packer.finish()));
  Integers more(101);
  unpacker.column(more);
  EXPECT_FALSE(unpacker.ok());
}

TEST(Packer, AChangedBitIsNoticed) {
  Packer packer;
  packer.begin(Effort::fast);
  packer.column(made(300, [](auto i) { return i * i; }));
  const auto view = packer.finish();
  spine::Bytes payload(view.begin(), view.end());
  Unpacker unpacker;
  for (std::size_t bit = 0; bit < 8 * payload.size(); ++bit) {
    payload[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
    EXPECT_FALSE(unpacker.open(payload)) << bit;
    payload[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
  }
}

}  // namespace
}  // namespace myriad::historian
