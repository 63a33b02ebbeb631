#include "historian/open_chunk.h"

#include <gtest/gtest.h>

#include <random>
#include <tuple>

namespace myriad::historian {
namespace {

model::Batch readings(std::size_t count, std::uint32_t seed) {
  std::mt19937_64 random(seed);
  model::Batch batch;
  Nanos time = 0;
  for (std::size_t i = 0; i < count; ++i) {
    time += 1'000;
    const bool late = random() % 50 == 0;
    const auto quality = static_cast<std::uint16_t>(random() % 40 == 0 ? MYRIAD_UNCERTAIN : MYRIAD_GOOD);
    model::Value value = static_cast<double>(random() % 1'000) / 10;
    if (random() % 30 == 0) value = std::string(random() % 20, 'x');
    model::append(batch, model::PointId{1}, {late ? time - 500'000 : time, std::move(value), quality});
  }
  return batch;
}

using Row = std::tuple<Nanos, std::uint16_t, std::uint16_t, std::string>;

std::vector<Row> rows(const Chunk& chunk) {
  std::vector<Row> out;
  chunk.for_each([&](Nanos time, std::uint16_t type, std::uint16_t quality, std::uint64_t value) {
    const bool is_text = type >= MYRIAD_TEXT;
    out.emplace_back(time, type, quality, is_text ? std::string(chunk.text(value)) : std::to_string(value));
  });
  return out;
}

TEST(OpenChunk, HoldsWhatAChunkHolds) {
  SegmentPool pool;
  for (const std::size_t size : {0u, 1u, 14u, 15u, 16u, 120u, 127u, 128u, 135u, 136u, 137u, 262u, 263u, 3'000u}) {
    const auto batch = readings(size, static_cast<std::uint32_t>(size));
    OpenChunk open;
    Chunk plain;
    std::size_t bytes = 0;
    for (const auto& r : batch.readings) {
      bytes += open.append(pool, batch.view(), r);
      plain.append(batch.view(), r);
    }
    EXPECT_EQ(open.size(), size);
    EXPECT_EQ(open.bytes(), bytes);
    EXPECT_EQ(rows(open.copy()), rows(plain)) << size;
    if (size > 0) {
      EXPECT_EQ(open.from(), plain.from());
      EXPECT_EQ(open.to(), plain.to());
    }
    Chunk sorted = open.copy();
    sorted.sort();
    plain.sort();
    EXPECT_EQ(rows(sorted), rows(plain)) << size;
    open.clear(pool);
    EXPECT_TRUE(open.empty());
    open.append(pool, sorted);
    EXPECT_EQ(rows(open.copy()), rows(sorted)) << size;
    open.clear(pool);
  }
}

TEST(OpenChunk, ClosedOnesLeaveTheirMemoryToOthers) {
  SegmentPool pool;
  const auto batch = readings(1'000, 1);
  std::size_t most = 0;
  for (int round = 0; round < 100; ++round) {
    std::vector<OpenChunk> all(20);
    for (auto& open : all)
      for (const auto& r : batch.readings) open.append(pool, batch.view(), r);
    if (round == 0) most = pool.bytes();
    for (auto& open : all) open.clear(pool);
  }
  EXPECT_EQ(pool.bytes(), most);
  EXPECT_LT(most, 2 * 20 * 1'000 * sizeof(Chunk::Entry));
}

}  // namespace
}  // namespace myriad::historian
