#include "spine/codec.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>

#include "model/value.h"

namespace myriad::spine {
namespace {

void expect_same(model::BatchView got, model::BatchView want, const char* name) {
  ASSERT_EQ(got.readings.size(), want.readings.size()) << name;
  for (std::size_t i = 0; i < want.readings.size(); ++i) {
    const auto &a = got.readings[i], &b = want.readings[i];
    ASSERT_EQ(a.time_ns, b.time_ns) << name << ' ' << i;
    ASSERT_EQ(a.point, b.point) << name << ' ' << i;
    ASSERT_EQ(a.type, b.type) << name << ' ' << i;
    ASSERT_EQ(a.quality, b.quality) << name << ' ' << i;
    if (model::has_blob(b))
      ASSERT_EQ(got.text(a), want.text(b)) << name << ' ' << i;
    else
      ASSERT_EQ(a.value.u64, b.value.u64) << name << ' ' << i;
  }
}

void round_trip(const model::Batch& batch, const char* name) {
  Encoder encoder;
  Decoder decoder;
  for (int repeat = 0; repeat < 2; ++repeat) {  // nothing of the row before may leak into the next
    const auto back = decoder.decode(encoder.encode(batch.view()));
    ASSERT_TRUE(back) << name << ": " << back.error().message;
    expect_same(back->view(), batch.view(), name);
  }
}

model::Reading reading(std::uint32_t point, Nanos time, std::uint16_t type, std::uint64_t bits,
                       std::uint16_t quality = MYRIAD_GOOD) {
  model::Reading r{};
  r.point = point;
  r.time_ns = time;
  r.type = type;
  r.quality = quality;
  r.value.u64 = bits;
  return r;
}

model::Batch doubles(std::initializer_list<double> values) {
  model::Batch batch;
  for (const double v : values)
    batch.readings.push_back(reading(7, 1'000, MYRIAD_F64, std::bit_cast<std::uint64_t>(v)));
  return batch;
}

TEST(SpineCodec, KeepsEveryDoubleBitForBit) {
  const double tiny = std::numeric_limits<double>::denorm_min(), big = std::numeric_limits<double>::max();
  round_trip({}, "nothing");
  round_trip(doubles({1.5, 2.25, 2.26, -3}), "decimals");
  round_trip(doubles({0.0, -0.0, 0.0}), "signed zero");
  round_trip(doubles({0.1 + 0.2, 1.0 / 3, M_PI}), "no decimals");
  round_trip(doubles({tiny, big, -big, 0x1p51, 0x1p52, 0x1p53, -0x1p63}), "extremes");
  round_trip(doubles({1.5, 1.0 / 3, 2.5, 73.96732207, 74.93588199999998}), "mixed");
}

TEST(SpineCodec, KeepsIntegersAndTimesAtTheirEnds) {
  model::Batch batch;
  for (const std::uint64_t v : {std::uint64_t{0}, UINT64_MAX, std::uint64_t{INT64_MAX}, std::uint64_t{1} << 63}) {
    batch.readings.push_back(reading(UINT32_MAX, INT64_MAX, MYRIAD_I64, v));
    batch.readings.push_back(reading(1, 0, MYRIAD_U64, v, MYRIAD_STALE));
  }
  round_trip(batch, "ends");
}

TEST(SpineCodec, KeepsTextThatIsSharedOrReordered) {
  model::Batch batch;
  batch.blob = {'a', 'b', 'c', 'd'};
  const auto text = [&](std::uint32_t offset, std::uint32_t size) {
    auto r = reading(3, 5, MYRIAD_TEXT, 0);
    r.value.blob = {offset, size};
    batch.readings.push_back(r);
  };
  text(2, 2), text(0, 4), text(0, 4), text(4, 0), text(1, 1);
  round_trip(batch, "shared text");
}

model::Batch random_batch(std::mt19937_64& random) {
  model::Batch batch;
  const std::size_t n = random() % 5'000;
  const bool calm = random() % 2 == 0;  // long runs of one kind, or a new one each time
  for (std::size_t i = 0; i < n; ++i) {
    const std::uint64_t kind = calm ? i / 500 : random();
    const auto point = model::PointId{1 + static_cast<std::uint32_t>(random() % 3'000)};
    const Nanos time = calm ? Nanos(1'700'000'000'000'000'000 + Nanos(i) * 1'000'000) : Nanos(random() >> 1);
    const auto quality = static_cast<std::uint16_t>(kind % 4);
    const auto word = std::string(random() % 9, static_cast<char>('a' + random() % 26));
    const model::Value values[] = {random() % 2 == 0,
                                   static_cast<std::int64_t>(random()),
                                   random(),
                                   std::round(static_cast<double>(random() % 100'000)) / 100,
                                   std::ldexp(static_cast<double>(random()), static_cast<int>(random() % 200) - 100),
                                   word,
                                   model::Bytes{word},
                                   model::JsonText{"{\"a\":" + std::to_string(random() % 99) + "}"}};
    model::append(batch, point, {time, values[kind % 8], quality});
  }
  return batch;
}

TEST(SpineCodec, KeepsRandomBatches) {
  std::mt19937_64 random(42);
  for (int i = 0; i < 50; ++i) round_trip(random_batch(random), "random");
}

TEST(SpineCodec, AChangedBitNeverChangesAReading) {
  std::mt19937_64 random(7);
  Encoder encoder;
  Decoder decoder;
  const model::Batch batch = random_batch(random);
  const auto row = encoder.encode(batch.view());
  Bytes bytes(row.begin(), row.end());
  int unnoticed = 0;  // zstd has bits that mean nothing
  for (int i = 0; i < 2'000; ++i) {
    const std::size_t at = i < 20 ? static_cast<std::size_t>(i) : random() % bytes.size();
    const auto flip = static_cast<std::uint8_t>(1u << random() % 8);
    bytes[at] ^= flip;
    if (const auto got = decoder.decode(bytes)) {
      ++unnoticed;
      expect_same(got->view(), batch.view(), "changed bit");
    }
    bytes[at] ^= flip;
  }
  EXPECT_LT(unnoticed, 20);
  for (std::size_t size = 0; size < bytes.size(); size += 7) EXPECT_FALSE(decoder.decode(BytesView(bytes).first(size)));
}

TEST(SpineCodec, AnyBodyIsDecodedOrRefused) {
  std::mt19937_64 random(9);
  Decoder decoder;
  for (int i = 0; i < 20'000; ++i) {
    Bytes body(random() % 200);
    for (auto& byte : body) byte = static_cast<std::uint8_t>(random() % (i % 2 ? 256 : 6));
    const auto got = decoder.decode_body(body);
    if (!got) continue;
    for (const auto& r : got->readings)
      if (model::has_blob(r)) {
        const auto end = std::size_t{r.value.blob.offset} + r.value.blob.size;
        EXPECT_LE(end, got->blob.size());
      }
  }
}

}  // namespace
}  // namespace myriad::spine
