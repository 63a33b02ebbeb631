#include "historian/chunk_codec.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <random>

namespace myriad::historian {
namespace {

Chunk chunk_of(const std::vector<model::Sample>& samples) {
  Chunk chunk;
  for (const auto& sample : samples) {
    model::Batch batch;
    model::append(batch, model::PointId{1}, sample);
    chunk.append(batch.view(), batch.readings[0]);
  }
  chunk.sort();
  return chunk;
}

std::vector<model::Sample> samples_of(const Chunk& chunk) {
  std::vector<model::Sample> out;
  chunk.for_each([&](auto... reading) { out.push_back(chunk.sample(reading...)); });
  return out;
}

bool same(const model::Sample& a, const model::Sample& b) {
  if (a.time != b.time || a.quality != b.quality || a.value.index() != b.value.index()) return false;
  const auto *x = std::get_if<double>(&a.value), *y = std::get_if<double>(&b.value);
  return x ? std::bit_cast<std::uint64_t>(*x) == std::bit_cast<std::uint64_t>(*y) : a.value == b.value;
}

void expect_same(const Chunk& chunk, const Chunk& back, const char* name) {
  const auto samples = samples_of(chunk), got = samples_of(back);
  ASSERT_EQ(got.size(), samples.size()) << name;
  for (std::size_t i = 0; i < got.size(); ++i) EXPECT_TRUE(same(got[i], samples[i])) << name << ' ' << i;
}

// Bytes of the payload with Effort::fast.
std::size_t round_trip(const std::vector<model::Sample>& samples, const char* name) {
  static ChunkEncoder encoder;
  static ChunkDecoder decoder;
  const auto chunk = chunk_of(samples);
  std::size_t size = 0;
  for (const Effort effort : {Effort::best, Effort::fast}) {
    const auto payload = encoder.encode(chunk, effort);
    const auto back = decoder.decode(chunk_codec, payload);
    EXPECT_TRUE(back) << name << ": " << (back ? "" : back.error().message);
    if (back) expect_same(chunk, *back, name);
    size = payload.size();
  }
  return size;
}

template <class F>
std::vector<model::Sample> series(std::size_t count, F&& value) {
  std::vector<model::Sample> out;
  for (std::size_t i = 0; i < count; ++i)
    out.push_back({1'700'000'000'000'000'000 + static_cast<Nanos>(i) * 1'000'000'000, value(i), MYRIAD_GOOD});
  return out;
}

TEST(ChunkCodec, KeepsEachTypeInFewBytes) {
  std::mt19937_64 random(1);
  std::normal_distribution<double> noise(0, 0.3);
  struct Case {
    const char* name;
    std::vector<model::Sample> samples;
    std::size_t most_bytes;
  };
  const Case cases[] = {
      {"nothing", {}, 30},
      {"one", series(1, [](auto) { return 1.5; }), 60},
      {"constant", series(1024, [](auto) { return 21.5; }), 100},
      {"switch", series(1024, [](auto i) { return i / 100 % 2 == 0; }), 200},
      {"random bits", series(1024, [&](auto) { return random() % 2 == 0; }), 500},
      {"counter", series(1024, [](auto i) { return static_cast<std::int64_t>(i * 3); }), 120},
      {"decimals", series(1024, [&](auto) { return std::round((20 + noise(random)) * 100) / 100; }), 1'400},
      {"sine", series(1024, [](auto i) { return std::sin(static_cast<double>(i) / 50); }), 8'300},
      {"states", series(1024, [](auto i) { return std::string(i / 64 % 2 ? "running" : "stopped"); }), 200},
      {"unsigned ends", series(9, [](auto i) { return i % 2 ? UINT64_MAX : std::uint64_t{0}; }), 200},
      {"signed ends", series(9, [](auto i) { return i % 2 ? INT64_MAX : INT64_MIN; }), 200},
      {"json", series(5, [](auto i) { return model::JsonText{"[" + std::to_string(i) + "]"}; }), 100},
      {"bytes", series(5, [](auto i) { return model::Bytes{std::string(i, '\0')}; }), 100},
  };
  for (const auto& c : cases) EXPECT_LE(round_trip(c.samples, c.name), c.most_bytes) << c.name;
}

TEST(ChunkCodec, KeepsMixedTypesAndQualities) {
  std::mt19937_64 random(5);
  for (int round = 0; round < 100; ++round) {
    std::vector<model::Sample> samples;
    Nanos time = static_cast<Nanos>(random() >> 2);
    for (std::size_t i = 0, n = random() % 1'500; i < n; ++i, time += 1 + static_cast<Nanos>(random() % 1'000)) {
      const std::string word(random() % 5, 'w');
      const model::Value values[] = {random() % 2 == 0,
                                     static_cast<std::int64_t>(random()),
                                     random(),
                                     std::round(static_cast<double>(random() % 1'000)) / 10,
                                     std::ldexp(static_cast<double>(random()), static_cast<int>(random() % 300) - 150),
                                     word,
                                     model::JsonText{"{}"}};
      samples.push_back({time, values[random() % 7], static_cast<std::uint16_t>(random() % 4)});
    }
    round_trip(samples, "mixed");
  }
}

TEST(ChunkCodec, KeepsARecordedSeries) {
  std::ifstream file(std::string(MYRIAD_TEST_DATA) + "/nab/machine_temperature_system_failure.csv");
  std::vector<double> values;
  for (std::string line; std::getline(file, line);)
    if (const auto comma = line.find(','); comma != std::string::npos && std::isdigit(line[0]))
      values.push_back(std::strtod(line.c_str() + comma + 1, nullptr));
  if (!file.is_open())  // not every source tree carries the recordings: then the like of one
    for (int i = 0; i < 22'000; ++i) values.push_back(std::round((80 + 10 * std::sin(i / 288.0)) * 1e8) / 1e8);
  ASSERT_GT(values.size(), 20'000u);
  std::size_t bytes = 0;
  for (std::size_t at = 0; at + 1'024 <= values.size(); at += 1'024)
    bytes += round_trip(series(1'024, [&](auto i) { return values[at + i]; }), "recorded");
  EXPECT_LT(bytes, values.size() * 8);
}

TEST(ChunkCodec, SortsAndKeepsTheLastOfEqualTimes) {
  const auto chunk = chunk_of({{5, 1.0, MYRIAD_GOOD},
                               {3, std::string("x"), MYRIAD_BAD},
                               {5, 2.0, MYRIAD_GOOD},
                               {4, true, MYRIAD_GOOD},
                               {3, std::string("y"), MYRIAD_GOOD}});
  const auto samples = samples_of(chunk);
  ASSERT_EQ(samples.size(), 3u);
  EXPECT_EQ(samples[0].value, model::Value(std::string("y")));
  EXPECT_EQ(samples[1].value, model::Value(true));
  EXPECT_EQ(samples[2].value, model::Value(2.0));
}

// A payload whose checksum is right, whatever it holds.
spine::Bytes sealed(spine::BytesView rest) {
  const std::uint32_t checksum = payload_checksum(rest);
  spine::Bytes payload(4 + rest.size());
  for (unsigned i = 0; i < 4; ++i) payload[i] = static_cast<std::uint8_t>(checksum >> (8 * i));
  std::copy(rest.begin(), rest.end(), payload.begin() + 4);
  return payload;
}

TEST(ChunkCodec, DamageIsAnError) {
  std::mt19937_64 random(9);
  ChunkEncoder encoder;
  ChunkDecoder decoder;
  const auto chunk = chunk_of(series(500, [&](auto) { return static_cast<double>(random() % 1'000) / 10; }));
  const auto view = encoder.encode(chunk);
  const spine::Bytes payload(view.begin(), view.end());
  for (std::size_t size = 0; size < payload.size(); ++size) {
    const auto got = decoder.decode(chunk_codec, spine::BytesView(payload).first(size));
    ASSERT_FALSE(got) << size;
    EXPECT_EQ(got.error().code, Code::internal);
    const auto rest = spine::BytesView(payload).subspan(4);
    (void)decoder.decode(chunk_codec, sealed(rest.first(std::min(size, rest.size()))));
  }
  for (std::size_t i = 0; i < 20'000; ++i) {
    auto hurt = payload;
    hurt[random() % hurt.size()] ^= static_cast<std::uint8_t>(1 + random() % 255);
    EXPECT_FALSE(decoder.decode(chunk_codec, hurt));
    if (const auto got = decoder.decode(chunk_codec, sealed(spine::BytesView(hurt).subspan(4)))) samples_of(*got);
  }
}

TEST(ChunkCodec, AnyBytesAreDecodedOrRefused) {
  std::mt19937_64 random(9);
  ChunkDecoder decoder;
  for (int i = 0; i < 20'000; ++i) {
    spine::Bytes rest(random() % 200);
    for (auto& byte : rest) byte = static_cast<std::uint8_t>(random() % (i % 2 ? 256 : 6));
    if (const auto got = decoder.decode(chunk_codec, sealed(rest))) samples_of(*got);
  }
}

TEST(ChunkCodec, AnUnknownCodecIsNamed) {
  ChunkDecoder decoder;
  const auto got = decoder.decode(99, {});
  ASSERT_FALSE(got);
  EXPECT_NE(got.error().message.find("codec 99"), std::string::npos) << got.error().message;
}

}  // namespace
}  // namespace myriad::historian
