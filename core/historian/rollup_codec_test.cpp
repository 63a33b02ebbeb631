#include "historian/rollup_codec.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

namespace myriad::historian {
namespace {

constexpr Nanos second = 1'000'000'000, minute = 60 * second;

struct Reading {
  Nanos time;
  double value;
};

Bucket bucket_of(std::span<const Reading> readings, Nanos width) {
  Bucket b{readings.front().time / width * width, {}};
  Tally& t = b.tally;
  t.readings = t.numbers = readings.size();
  t.first_time = readings.front().time;
  t.last_time = readings.back().time;
  t.first = t.min = t.max = readings.front().value;
  t.last = readings.back().value;
  for (std::size_t i = 0; i < readings.size(); ++i) {
    const double v = readings[i].value;
    t.min = std::min(t.min, v);
    t.max = std::max(t.max, v);
    t.sum += v;
    if (i > 0) t.area += readings[i - 1].value * (static_cast<double>(readings[i].time - readings[i - 1].time) / 1e9);
  }
  for (const auto& r : readings) t.squares += (r.value - t.mean()) * (r.value - t.mean());
  return b;
}

std::vector<Bucket> buckets_of(std::span<const Reading> readings, Nanos width) {
  std::vector<Bucket> out;
  for (std::size_t i = 0, end; i < readings.size(); i = end) {
    for (end = i; end < readings.size() && readings[end].time / width == readings[i].time / width;) ++end;
    out.push_back(bucket_of(readings.subspan(i, end - i), width));
  }
  return out;
}

// The walk of two decimals with jittered times that the benchmarks use.
std::vector<Reading> walk(std::size_t count) {
  std::mt19937_64 random(3);
  std::vector<Reading> out;
  for (std::int64_t i = 0, level = 2'000; out.size() < count; ++i) {
    level += static_cast<std::int64_t>(random() % 21) - 10;
    out.push_back({(1'700'000'000 + i) * second + static_cast<Nanos>(random() % 20) * 1'000'000,
                   static_cast<double>(level) / 100});
  }
  return out;
}

bool same_bits(double a, double b) {
  return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
}

void expect_same(const Bucket& a, const Bucket& b, const char* name) {
  EXPECT_EQ(a.begin, b.begin) << name;
  const Tally &x = a.tally, &y = b.tally;
  EXPECT_EQ(x.readings, y.readings) << name;
  EXPECT_EQ(x.numbers, y.numbers) << name;
  EXPECT_EQ(x.first_time, y.first_time) << name;
  EXPECT_EQ(x.last_time, y.last_time) << name;
  for (const auto member : {&Tally::min, &Tally::max, &Tally::sum, &Tally::first, &Tally::last})
    EXPECT_TRUE(same_bits(x.*member, y.*member)) << name << ' ' << x.*member << ' ' << y.*member;
  const double largest = std::max(std::fabs(x.min), std::fabs(x.max));
  const double noise = rollup_noise * largest, allowed = noise * noise * static_cast<double>(x.numbers);
  EXPECT_LE(std::fabs(x.squares - y.squares), std::max(rollup_error * x.squares, allowed)) << name;
  const double span = static_cast<double>(x.last_time - x.first_time) / 1e9;
  EXPECT_LE(std::fabs(x.area - y.area), rollup_error * largest * span) << name;
}

// Bytes of the payload with Effort::fast.
std::size_t round_trip(const std::vector<Bucket>& buckets, Nanos width, const char* name) {
  static RollupEncoder encoder;
  static RollupDecoder decoder;
  std::size_t size = 0;
  for (const Effort effort : {Effort::best, Effort::fast}) {
    const auto payload = encoder.encode(buckets, width, effort);
    const auto back = decoder.decode(rollup_codec, payload);
    EXPECT_TRUE(back) << name << ": " << (back ? "" : back.error().message);
    if (!back) return 0;
    EXPECT_EQ(back->size(), buckets.size()) << name;
    for (std::size_t i = 0; i < std::min(back->size(), buckets.size()); ++i) expect_same(buckets[i], (*back)[i], name);
    size = payload.size();
  }
  return size;
}

TEST(RollupCodec, KeepsAWalkInFewBytes) {
  const auto buckets = buckets_of(walk(60 * 500), minute);
  EXPECT_LE(round_trip(buckets, minute, "walk"), 12 * buckets.size());
  EXPECT_LE(round_trip({buckets.begin(), buckets.begin() + 1}, minute, "one"), 80u);
  round_trip({}, minute, "none");
}

TEST(RollupCodec, KeepsGapsAndOddNumbers) {
  std::mt19937_64 random(4);
  std::vector<Reading> readings;
  Nanos time = 5 * minute;
  const double odd[] = {-0.0, 5e-324, 1e300, -1e300, 1.0 / 3, std::numeric_limits<double>::max(), 12.25};
  for (int i = 0; i < 2'000; ++i) {
    time += 1 + static_cast<Nanos>(random() % (random() % 50 == 0 ? 500 * minute : minute));
    readings.push_back({time, odd[random() % std::size(odd)]});
  }
  for (const Nanos width : {minute, 60 * minute, 1'440 * minute}) {
    auto buckets = buckets_of(readings, width);
    for (auto& b : buckets)
      for (double Tally::*member : {&Tally::sum, &Tally::squares, &Tally::area})
        if (!std::isfinite(b.tally.*member)) b.tally.*member = std::numeric_limits<double>::max();
    round_trip(buckets, width, "odd");
  }
}

// Of decimals, floats, and doubles that are neither.
TEST(RollupCodec, LessDetailIsTheSameUpToThere) {
  RollupEncoder encoder;
  RollupDecoder decoder;
  using Convert = double (*)(double);
  for (const auto& [name, convert] : {std::pair<const char*, Convert>{"decimals", [](double v) { return v; }},
                                      {"floats", [](double v) { return static_cast<double>(static_cast<float>(v)); }},
                                      {"doubles", [](double v) { return std::sqrt(v + 1e6); }}}) {
    auto readings = walk(600);
    for (auto& reading : readings) reading.value = convert(reading.value);
    const auto buckets = buckets_of(readings, minute);
    const auto payload = encoder.encode(buckets, minute, Effort::best);
    const auto sums = decoder.decode(rollup_codec, payload, Detail::sums);
    const auto values = decoder.decode(rollup_codec, payload, Detail::values);
    ASSERT_TRUE(sums && values) << name;
    ASSERT_EQ(sums->size(), buckets.size()) << name;
    ASSERT_EQ(values->size(), buckets.size()) << name;
    for (std::size_t i = 0; i < buckets.size(); ++i) {
      Bucket all = (*values)[i];
      all.tally.squares = buckets[i].tally.squares;
      all.tally.area = buckets[i].tally.area;
      expect_same(buckets[i], all, name);
      const Tally &less = (*sums)[i].tally, &whole = buckets[i].tally;
      EXPECT_EQ((*sums)[i].begin, buckets[i].begin) << name;
      EXPECT_EQ(less.readings, whole.readings) << name;
      EXPECT_EQ(less.numbers, whole.numbers) << name;
      EXPECT_EQ(less.first_time, whole.first_time) << name;
      EXPECT_EQ(less.last_time, whole.last_time) << name;
      EXPECT_TRUE(same_bits(less.sum, whole.sum)) << name << ' ' << less.sum << ' ' << whole.sum;
    }
  }
}

TEST(RollupCodec, AnyBytesAreDecodedOrRefused) {
  RollupDecoder decoder;
  RollupEncoder encoder;
  const auto payload = encoder.encode(buckets_of(walk(6'000), minute), minute);
  for (std::size_t size = 0; size < payload.size(); ++size) {
    const auto got = decoder.decode(rollup_codec, payload.first(size));
    ASSERT_FALSE(got) << size;
    EXPECT_EQ(got.error().code, Code::internal);
  }
  EXPECT_FALSE(decoder.decode(99, payload));
}

}  // namespace
}  // namespace myriad::historian
