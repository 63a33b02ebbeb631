// How small and how fast chunks of history are: each recorded series (*.csv: time, value) of a folder, and the walks
// like those of myriad bench, by chunk size and effort, beside fixed-width columns through zstd -3. Then the walk's
// rollups by the minute.
//
//   codec_bench [--data FOLDER] [--rounds N]
#include <time.h>
#include <zstd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "base/time_text.h"
#include "historian/chunk_codec.h"
#include "historian/rollup_codec.h"

namespace {

using namespace myriad;
using historian::Chunk;
using historian::Effort;

struct Series {
  std::string name;
  std::vector<Chunk::Entry> entries;  // doubles
};

double cpu_ns() {
  timespec t{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) * 1e9 + static_cast<double>(t.tv_nsec);
}

// A time as RFC 3339 or, as in the recordings, with a space and without a zone.
std::optional<Nanos> time_of(std::string text) {
  if (text.size() == 19) text[10] = 'T', text += 'Z';
  const auto time = parse_time(text);
  return time ? std::optional(*time) : std::nullopt;
}

Series recorded(const std::filesystem::path& file) {
  Series series{file.stem(), {}};
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    const auto comma = line.find(',');
    if (comma == std::string::npos) continue;
    const auto time = time_of(line.substr(0, comma));
    if (!time) continue;
    const double value = std::strtod(line.c_str() + comma + 1, nullptr);
    series.entries.push_back({*time, std::bit_cast<std::uint64_t>(value)});
  }
  // As the historian: by time, of equal times the last.
  std::reverse(series.entries.begin(), series.entries.end());
  const auto earlier = [](const auto& a, const auto& b) { return a.time < b.time; };
  std::stable_sort(series.entries.begin(), series.entries.end(), earlier);
  const auto same = [](const auto& a, const auto& b) { return a.time == b.time; };
  series.entries.erase(std::unique(series.entries.begin(), series.entries.end(), same), series.entries.end());
  return series;
}

// Two decimals, one step a second, the times jittered by up to 20 ms.
Series walk(std::size_t readings) {
  Series series{"walk at 1 Hz", {}};
  std::uint64_t random = 42;
  std::int64_t hundredths = 2'000;
  for (std::size_t i = 0; i < readings; ++i) {
    random = random * 6364136223846793005u + 1442695040888963407u;
    hundredths += static_cast<std::int64_t>((random >> 33) % 21) - 10;
    const Nanos time =
        (1'700'000'000 + static_cast<Nanos>(i)) * 1'000'000'000 + static_cast<Nanos>((random >> 40) % 20) * 1'000'000;
    series.entries.push_back({time, std::bit_cast<std::uint64_t>(static_cast<double>(hundredths) / 100)});
  }
  return series;
}

std::vector<Chunk> chunks_of(const Series& series, std::size_t size) {
  std::vector<Chunk> chunks;
  const std::size_t n = series.entries.size(), parts = (n + size - 1) / size;
  for (std::size_t i = 0; i < parts; ++i) {
    const auto from = series.entries.begin() + static_cast<std::ptrdiff_t>(i * size);
    const auto count = std::min(size, n - i * size);
    chunks.emplace_back(std::vector<Chunk::Entry>(from, from + static_cast<std::ptrdiff_t>(count)),
                        std::vector<spine::Kind>{{static_cast<std::uint32_t>(count), MYRIAD_F64, MYRIAD_GOOD}},
                        spine::Bytes());
  }
  return chunks;
}

struct Figures {
  double bytes = 0, encode_ns = 0, decode_ns = 0;  // a reading
};

Figures measure(const std::vector<Chunk>& chunks, Effort effort, int rounds) {
  historian::ChunkEncoder encoder;
  historian::ChunkDecoder decoder;
  std::vector<spine::Bytes> payloads;
  std::size_t bytes = 0, readings = 0;
  for (const auto& chunk : chunks) {
    const auto payload = encoder.encode(chunk, effort);
    payloads.emplace_back(payload.begin(), payload.end());
    bytes += payload.size();
    readings += chunk.size();
  }
  const auto n = static_cast<double>(readings);
  std::vector<double> encode, decode;
  for (int round = 0; round < rounds; ++round) {
    const double start = cpu_ns();
    for (const auto& chunk : chunks) (void)encoder.encode(chunk, effort);
    const double between = cpu_ns();
    for (const auto& payload : payloads)
      if (!decoder.decode(historian::chunk_codec, payload)) std::abort();
    encode.push_back((between - start) / n);
    decode.push_back((cpu_ns() - between) / n);
  }
  const auto median = [](std::vector<double>& v) {
    std::sort(v.begin(), v.end());
    return v[v.size() / 2];
  };
  return {static_cast<double>(bytes) / n, median(encode), median(decode)};
}

// Times and values as they are in memory, each column whole, through zstd.
double plain_bytes(const std::vector<Chunk>& chunks) {
  std::size_t bytes = 0, readings = 0;
  for (const auto& chunk : chunks) {
    std::vector<std::uint64_t> columns(2 * chunk.size());
    for (std::size_t i = 0; i < chunk.size(); ++i) {
      columns[i] = static_cast<std::uint64_t>(chunk.entries()[i].time);
      columns[chunk.size() + i] = chunk.entries()[i].value;
    }
    spine::Bytes out(ZSTD_compressBound(8 * columns.size()));
    bytes += ZSTD_compress(out.data(), out.size(), columns.data(), 8 * columns.size(), 3);
    readings += chunk.size();
  }
  return static_cast<double>(bytes) / static_cast<double>(readings);
}

constexpr Nanos minute = 60'000'000'000;

std::vector<historian::Bucket> minutes_of(const Series& series) {
  std::vector<historian::Bucket> buckets;
  double held = 0;
  for (const auto& entry : series.entries) {
    const auto v = std::bit_cast<double>(entry.value);
    if (buckets.empty() || entry.time >= buckets.back().begin + minute) {
      buckets.push_back({entry.time / minute * minute, {}});
      historian::Tally& t = buckets.back().tally;
      t.first_time = t.last_time = entry.time;
      t.first = t.min = t.max = v;
    }
    historian::Tally& t = buckets.back().tally;
    t.area += held * (static_cast<double>(entry.time - t.last_time) / 1e9);
    const double off = t.numbers > 0 ? v - t.mean() : 0;
    t.readings = ++t.numbers;
    t.sum += v;
    t.squares += off * (v - t.mean());
    t.min = std::min(t.min, v);
    t.max = std::max(t.max, v);
    t.last = held = v;
    t.last_time = entry.time;
  }
  return buckets;
}

void print_rollups(const Series& series, int rounds) {
  const auto buckets = minutes_of(series);
  const auto n = static_cast<double>(buckets.size());
  historian::RollupEncoder encoder;
  historian::RollupDecoder decoder;
  for (const Effort effort : {Effort::fast, Effort::best})
    for (const std::size_t run : {60u, 240u, 960u}) {
      std::size_t bytes = 0;
      double encode = 0, decode = 0;
      for (int round = 0; round < rounds; ++round)
        for (std::size_t at = 0; at < buckets.size(); at += run) {
          const double start = cpu_ns();
          const auto payload =
              encoder.encode(std::span(buckets).subspan(at, std::min(run, buckets.size() - at)), minute, effort);
          const double between = cpu_ns();
          if (!decoder.decode(historian::rollup_codec, payload)) std::abort();
          encode += between - start;
          decode += cpu_ns() - between;
          bytes += round == 0 ? payload.size() : 0;
        }
      std::printf("rollups by the minute, %3zu a run, %s %6.2f B a bucket, encode %5.0f ns, decode %5.0f ns\n", run,
                  effort == Effort::fast ? "fast" : "best", static_cast<double>(bytes) / n, encode / n / rounds,
                  decode / n / rounds);
    }
}

}  // namespace

int main(int count, char** arguments) {
  std::filesystem::path data = MYRIAD_TEST_DATA "/nab";
  int rounds = 9;
  for (int i = 1; i + 1 < count; ++i) {
    if (std::strcmp(arguments[i], "--data") == 0) data = arguments[i + 1];
    if (std::strcmp(arguments[i], "--rounds") == 0) rounds = std::max(1, std::atoi(arguments[i + 1]));
  }
  std::vector<Series> all;
  std::error_code none;
  for (const auto& file : std::filesystem::directory_iterator(data, none))
    if (file.path().extension() == ".csv") all.push_back(recorded(file.path()));
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  const std::size_t recordings = all.size();
  all.push_back(walk(86'400));

  std::printf("%-36s %6s | %6s %7s %7s | %6s %7s %7s | %6s\n", "series (bytes and CPU ns a reading)", "chunk", "fast",
              "encode", "decode", "best", "encode", "decode", "plain");
  for (const std::size_t size : {80u, 320u, 1'024u, 2'048u, 4'096u, 8'192u}) {
    double fast_sum = 0, best_sum = 0;
    for (std::size_t i = 0; i < all.size(); ++i) {
      const auto chunks = chunks_of(all[i], size);
      const auto fast = measure(chunks, Effort::fast, rounds), best = measure(chunks, Effort::best, rounds);
      std::printf("%-36.36s %6zu | %6.3f %7.1f %7.1f | %6.3f %7.1f %7.1f | %6.2f\n", all[i].name.c_str(), size,
                  fast.bytes, fast.encode_ns, fast.decode_ns, best.bytes, best.encode_ns, best.decode_ns,
                  plain_bytes(chunks));
      if (i < recordings) fast_sum += fast.bytes, best_sum += best.bytes;
    }
    if (recordings > 0)
      std::printf("%-36s %6zu | %6.3f %15s | %6.3f\n", "mean of the recordings", size,
                  fast_sum / static_cast<double>(recordings), "", best_sum / static_cast<double>(recordings));
  }
  print_rollups(all.back(), rounds);
  return 0;
}
