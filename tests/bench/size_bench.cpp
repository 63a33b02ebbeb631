// How many bytes recorded series take in history: each alone in a file, each as ten like points in one file, and all
// together in one. SQLite grows by pages of 4 KiB, which for one small series says more than its readings do: ten
// points even that out (no point's data helps to compress another's).
//
//   size_bench --nab FOLDER [--json]
//
// FOLDER has CSV files as the Numenta Anomaly Benchmark publishes them: a header, then "2014-02-14 14:27:00,51.846".
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>

#include "app/bench/size.h"
#include "base/temp_dir.h"
#include "base/time_text.h"

namespace {

using namespace myriad;
namespace bench = myriad::app::bench;

template <class T>
T must(Result<T> result) {
  if (result) return *std::move(result);
  std::fprintf(stderr, "size_bench: %s\n", result.error().message.c_str());
  std::exit(1);
}

struct Recording {
  std::string name;
  std::vector<model::Sample> samples;
};

Recording read(const std::filesystem::path& path) {
  Recording recording{path.stem().string(), {}};
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  while (std::getline(file, line)) {
    const auto comma = line.find(',');
    if (comma == std::string::npos) continue;
    std::string time = line.substr(0, comma) + "Z";
    std::replace(time.begin(), time.end(), ' ', 'T');
    recording.samples.push_back({must(parse_time(time)), std::strtod(line.c_str() + comma + 1, nullptr), MYRIAD_GOOD});
  }
  return recording;
}

std::vector<Recording> read_all(const std::filesystem::path& folder) {
  std::vector<Recording> all;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (entry.path().extension() == ".csv") all.push_back(read(entry.path()));
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return all;
}

constexpr int copies = 10;

Status publish(bench::Flow& flow, const Recording& recording, int copy) {
  const auto point = flow.floors().points.intern("nab" + std::to_string(copy), recording.name);
  if (!point) return point.error();
  model::Batch batch;
  for (const auto& sample : recording.samples) model::append(batch, *point, sample);
  const auto written = flow.floors().spine->append_and_wait(batch.view());
  return written ? Status{} : written.error();
}

bench::Size store(const std::filesystem::path& data, std::span<const Recording> recordings, int times = 1) {
  bench::Progress silent(false);
  const auto fill = [&](bench::Flow& flow) {
    Status done;
    for (int copy = 0; copy < times; ++copy)
      for (const auto& recording : recordings)
        if (done) done = publish(flow, recording, copy);
    return done;
  };
  return must(bench::measure_size(data, fill, silent));
}

double per_reading(const bench::Size& size, double empty) {
  return (size.history_bytes - empty) / static_cast<double>(std::max<std::uint64_t>(size.readings, 1));
}

// What one recording takes, and the bytes a reading of ten like it.
nlohmann::ordered_json measure(const std::filesystem::path& home, const Recording& recording, double empty) {
  const auto alone = store(home / recording.name, std::span(&recording, 1));
  const auto ten = store(home / (recording.name + "-ten"), std::span(&recording, 1), copies);
  return {{"readings", alone.readings},
          {"file_bytes", alone.history_bytes},
          {"file_bytes_per_reading", alone.per_reading()},
          {"bytes_per_reading", per_reading(ten, empty)}};
}

void print(const nlohmann::ordered_json& out) {
  std::printf("%-40s %9s %12s %12s %12s\n", "history.db after compaction", "readings", "file B", "B a reading",
              "of ten alike");
  for (const auto& [name, set] : out.at("sets").items())
    std::printf("%-40s %9d %12.0f %12.2f %12.2f\n", name.c_str(), set.at("readings").get<int>(),
                set.at("file_bytes").get<double>(), set.at("file_bytes_per_reading").get<double>(),
                set.at("bytes_per_reading").get<double>());
  std::printf("%-40s %9s %12s %12s %12.2f\n", "mean of the sets", "", "", "",
              out.at("mean_bytes_per_reading").get<double>());
  std::printf("%-40s %9s %12.0f %12.2f\n", "all in one file, everything counted", "",
              out.at("together_bytes").get<double>(), out.at("together_bytes_per_reading").get<double>());
  std::printf("%-40s %9s %12.0f\n", "an empty file", "", out.at("empty_bytes").get<double>());
}

}  // namespace

int main(int count, char** arguments) {
  bool json = false;
  std::filesystem::path folder;
  for (int i = 1; i < count; ++i) {
    if (std::strcmp(arguments[i], "--json") == 0) json = true;
    if (std::strcmp(arguments[i], "--nab") == 0 && i + 1 < count) folder = arguments[++i];
  }
  if (folder.empty() || !std::filesystem::is_directory(folder)) {
    std::fprintf(stderr, "usage: size_bench --nab FOLDER [--json]   (a folder with NAB's CSV files)\n");
    return 2;
  }
  const TempDir home;
  const auto recordings = read_all(folder);
  const double empty = store(home / "empty", {}).history_bytes;
  nlohmann::ordered_json out{{"empty_bytes", empty}, {"sets", nlohmann::ordered_json::object()}};
  double sum = 0;
  for (const auto& recording : recordings) {
    const auto set = measure(home.path(), recording, empty);
    sum += set.at("bytes_per_reading").get<double>();
    out["sets"][recording.name] = set;
  }
  const auto together = store(home / "together", recordings);
  out["mean_bytes_per_reading"] = sum / static_cast<double>(std::max<std::size_t>(recordings.size(), 1));
  out["together_bytes"] = together.history_bytes;
  out["together_bytes_per_reading"] = together.per_reading();
  if (json)
    std::printf("%s\n", out.dump().c_str());
  else
    print(out);
  return 0;
}
