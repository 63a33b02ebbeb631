#include "historian/times.h"

#include <gtest/gtest.h>

#include <random>

namespace myriad::historian {
namespace {

using Integers = std::vector<std::uint64_t>;
constexpr std::uint64_t start = 1'700'000'000'000'000'000, second = 1'000'000'000;

// Bytes of the payload.
std::size_t round_trip(const Integers& times, Effort effort, const char* name) {
  Packer packer;
  packer.begin(effort);
  put_times(packer, times);
  const auto payload = packer.finish();
  Unpacker unpacker;
  EXPECT_TRUE(unpacker.open(payload)) << name;
  Integers back(times.size());
  get_times(unpacker, back);
  EXPECT_TRUE(unpacker.at_end()) << name;
  EXPECT_EQ(back, times) << name;
  return payload.size();
}

// Each time by the one before, which is `start` at first.
Integers made(std::size_t count, auto&& next) {
  Integers out(count);
  std::uint64_t time = start;
  for (auto& t : out) t = time = next(time);
  return out;
}

TEST(Times, TakeWhatIsOffTheGrid) {
  std::mt19937_64 random(1);
  const auto second_of = [](auto t) { return t / second * second; };
  struct Case {
    const char* name;
    Integers times;
    std::size_t most_bytes;
  };
  const Case cases[] = {
      {"none", {}, 10},
      {"one", {start}, 30},
      {"ends", {0, INT64_MAX}, 50},
      {"regular", made(4'000, [](auto t) { return t + second; }), 60},
      {"minutes", made(4'000, [](auto t) { return t + 60 * second; }), 60},
      {"some lost", made(4'000, [&](auto t) { return t + second * (1 + (random() % 100 == 0)); }), 120},
      {"jitter of 16 ms", made(4'000, [&](auto t) { return second_of(t) + second + random() % 16 * 1'000'000; }),
       2'150},
      {"jitter and losses",
       made(4'000,
            [&](auto t) { return second_of(t) + second * (1 + (random() % 100 == 0)) + random() % 16 * 1'000'000; }),
       2'250},
      {"drift", made(4'000, [](auto t) { return t + second + 123; }), 60},
      {"at any moment", made(4'000, [&](auto t) { return t + 1 + random() % second; }), 17'000},
      {"one far off", made(4'000, [](auto t) { return t == start + 9 * second ? t + (second << 30) : t + second; }),
       80},
  };
  for (const auto& c : cases)
    for (const Effort effort : {Effort::fast, Effort::best})
      EXPECT_LE(round_trip(c.times, effort, c.name), c.most_bytes) << c.name;
}

TEST(Times, AnyAscendingTimesComeBack) {
  std::mt19937_64 random(2);
  for (int round = 0; round < 300; ++round) {
    const auto most = std::uint64_t{1} << random() % 50, few = 1 + random() % 20;
    Integers times = made(random() % 300, [&](auto t) { return t + 1 + random() % (random() % few == 0 ? most : 9); });
    for (const Effort effort : {Effort::fast, Effort::best}) round_trip(times, effort, "any");
  }
}

}  // namespace
}  // namespace myriad::historian
