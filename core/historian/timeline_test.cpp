#include "historian/timeline.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace myriad::historian {
namespace {

Chunk chunk_of(const std::vector<std::pair<Nanos, std::int64_t>>& readings) {
  model::Batch batch;
  for (const auto& [time, value] : readings) model::append(batch, model::PointId{1}, {time, value, MYRIAD_GOOD});
  Chunk chunk;
  for (const auto& r : batch.readings) chunk.append(batch.view(), r);
  chunk.sort();
  return chunk;
}

struct Seen {
  std::string text;
  std::size_t visits = 0, most = SIZE_MAX;
  Timeline::Visit visitor() {
    return [this](const Chunk& chunk, std::size_t first, std::size_t last) {
      ++visits;
      chunk.for_each(first, last, [this](Nanos time, std::uint16_t, std::uint16_t, std::uint64_t value) {
        text += std::to_string(time) + "=" + std::to_string(value) + " ";
      });
      return visits < most;
    };
  }
};

TEST(Timeline, PassesOnWholeWhatOverlapsNothing) {
  Seen seen;
  Timeline timeline({2, 9}, seen.visitor());
  timeline.add(chunk_of({{1, 1}, {2, 2}, {3, 3}}), 1);
  timeline.add(chunk_of({{5, 5}, {9, 9}}), 2);
  timeline.finish();
  EXPECT_EQ(seen.text, "2=2 3=3 5=5 ");
  EXPECT_EQ(seen.visits, 2u);
}

TEST(Timeline, LastWrittenWinsWhateverTheOrderOfStarts) {
  Seen seen;
  Timeline timeline({}, seen.visitor());
  timeline.add(chunk_of({{1, 10}, {2, 10}, {5, 10}}), 7);
  timeline.add(chunk_of({{2, 20}, {3, 20}, {5, 20}}), 3);
  timeline.finish();
  EXPECT_EQ(seen.text, "1=10 2=10 3=20 5=10 ");
}

TEST(Timeline, StopsWhenTheVisitorHasEnough) {
  Seen seen;
  seen.most = 1;
  Timeline timeline({}, seen.visitor());
  EXPECT_TRUE(timeline.add(chunk_of({{1, 1}}), 1));
  EXPECT_FALSE(timeline.add(chunk_of({{2, 2}}), 2));
  EXPECT_FALSE(timeline.finish());
  EXPECT_EQ(seen.text, "1=1 ");
}

TEST(Timeline, RandomChunksEqualAMap) {
  std::mt19937 random(5);
  for (int round = 0; round < 300; ++round) {
    std::map<Nanos, std::int64_t> want;
    std::vector<std::pair<std::int64_t, Chunk>> chunks;
    for (int written = 1; written <= 8; ++written) {
      std::vector<std::pair<Nanos, std::int64_t>> readings;
      const Nanos base = static_cast<Nanos>(random() % 60);
      for (int i = 0; i < 10; ++i) readings.emplace_back(base + static_cast<Nanos>(random() % 30), written * 100 + i);
      for (const auto& [time, value] : readings) want[time] = value;
      chunks.emplace_back(written, chunk_of(readings));
    }
    const Range range{static_cast<Nanos>(random() % 30), static_cast<Nanos>(30 + random() % 60)};
    std::string expected;
    for (const auto& [time, value] : want)
      if (time >= range.from && time < range.to) expected += std::to_string(time) + "=" + std::to_string(value) + " ";
    std::sort(chunks.begin(), chunks.end(),
              [](const auto& a, const auto& b) { return a.second.from() < b.second.from(); });
    Seen seen;
    Timeline timeline(range, seen.visitor());
    for (auto& [written, chunk] : chunks) timeline.add(std::move(chunk), written);
    timeline.finish();
    EXPECT_EQ(seen.text, expected) << round;
  }
}

}  // namespace
}  // namespace myriad::historian
