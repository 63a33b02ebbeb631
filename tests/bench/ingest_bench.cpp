// How fast readings become durable and queryable: a producer of 1,000 points in batches of 256 → spine → historian and
// latest values, beside row-by-row inserts of the same readings into SQLite, and beside the same chunks written
// straight to SQLite. Then how long a batch takes to the disk at half that rate.
//
//   ingest_bench [--readings N] [--dir FOLDER] [--json]
#include <SQLiteCpp/SQLiteCpp.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/temp_dir.h"
#include "bus/bus.h"
#include "historian/historian.h"
#include "spine/spine.h"

namespace {

using namespace myriad;
using Steady = std::chrono::steady_clock;

constexpr std::uint32_t points_count = 1'000, batch_readings = 256;

double seconds_since(Steady::time_point start) {
  return std::chrono::duration<double>(Steady::now() - start).count();
}

double cpu_seconds() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

template <class T>
T must(Result<T> result) {
  if (result) return *std::move(result);
  std::fprintf(stderr, "ingest_bench: %s\n", result.error().message.c_str());
  std::exit(1);
}

// Walks of two decimals, one step a second, the times jittered by up to 20 ms.
class Machine {
 public:
  const model::Batch& next() {
    batch_.readings.resize(batch_readings);
    for (auto& r : batch_.readings) {
      random_ = random_ * 6364136223846793005u + 1442695040888963407u;
      auto& hundredths = levels_[point_];
      hundredths += static_cast<std::int64_t>((random_ >> 33) % 21) - 10;
      r.time_ns = second_ * 1'000'000'000 + static_cast<Nanos>((random_ >> 40) % 20) * 1'000'000;
      r.point = point_ + 1;
      r.type = MYRIAD_F64;
      r.quality = MYRIAD_GOOD;
      r.value.f64 = static_cast<double>(hundredths) / 100;
      if (++point_ == points_count) point_ = 0, ++second_;
    }
    return batch_;
  }

 private:
  std::uint64_t random_ = 42;
  std::vector<std::int64_t> levels_ = std::vector<std::int64_t>(points_count, 2'000);
  std::uint32_t point_ = 0;
  Nanos second_ = 1'700'000'000;
  model::Batch batch_;
};

// Everything between a publisher and what can be asked.
class Path {
 public:
  explicit Path(const std::filesystem::path& dir) : bus_(bus::Bus::make(points_)) {
    spine_ =
        must(spine::Spine::open({.file = dir / "spine.db", .retain_bytes = UINT64_MAX}, points_, clock_, Log::none()));
    for (std::uint32_t i = 0; i < points_count; ++i) must(points_.intern("machine" + std::to_string(i), "value"));
    historian_ = must(historian::Historian::open({.file = dir / "history.db"}, *spine_, points_, clock_, Log::none()));
    feeder_ = std::thread([this] { feed(); });
  }
  ~Path() {
    stop_ = true;
    spine_->close();
    feeder_.join();
    historian_->close();
  }

  spine::Spine& spine() { return *spine_; }
  void publish(const model::Batch& batch, const spine::Spine::Done& done = {}) {
    while (!spine_->append(batch.view(), done)) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  void wait(spine::Sequence end) {
    while (!historian_->wait(end, Steady::now() + std::chrono::seconds(1))) continue;
    while (fed_ < end) std::this_thread::sleep_for(std::chrono::microseconds(100));
  }
  historian::Historian& historian() { return *historian_; }

 private:
  void feed() {
    for (spine::Sequence next = spine_->begin(); !stop_; fed_ = next) {
      if (!spine_->wait(next, Steady::now() + std::chrono::seconds(1))) continue;
      const auto block = must(spine_->read(next));
      bus_->feed(block->batch.view(), block->end() - 1);
      next = block->end();
    }
  }

  SystemClock clock_;
  model::Points points_;
  std::unique_ptr<bus::Bus> bus_;
  std::unique_ptr<spine::Spine> spine_;
  std::unique_ptr<historian::Historian> historian_;
  std::atomic<bool> stop_ = false;
  std::atomic<spine::Sequence> fed_ = 0;
  std::thread feeder_;
};

struct Throughput {
  double per_s = 0, cpu_us = 0, spine_bytes = 0, history_bytes = 0;
};

Throughput run_full(Path& path, std::uint64_t readings) {
  Machine machine;
  const auto start = Steady::now();
  const double cpu = cpu_seconds();
  for (std::uint64_t done = 0; done < readings; done += batch_readings) path.publish(machine.next());
  const auto taken = path.spine().stats().appended;
  path.wait(taken + 1);
  const auto n = static_cast<double>(taken);
  return {n / seconds_since(start), (cpu_seconds() - cpu) * 1e6 / n,
          static_cast<double>(path.spine().stats().disk_bytes) / n, 0};
}

// Milliseconds from publish to durable, at `per_s` readings a second: median and 99th percentile.
std::pair<double, double> run_paced(Path& path, double per_s) {
  const auto batches = static_cast<std::size_t>(per_s * 3 / batch_readings);
  std::vector<double> waited(batches);
  std::atomic<std::size_t> done = 0;
  Machine machine;
  const auto start = Steady::now();
  for (std::size_t i = 0; i < batches; ++i) {
    const auto due = start + std::chrono::duration_cast<Steady::duration>(
                                 std::chrono::duration<double>(static_cast<double>(i) * batch_readings / per_s));
    if (due > Steady::now()) std::this_thread::sleep_until(due);
    const auto sent = Steady::now();
    path.publish(machine.next(), [&waited, &done, i, sent](const Status&, spine::Sequence) {
      waited[i] = seconds_since(sent) * 1e3;
      ++done;
    });
  }
  while (done < batches) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  std::sort(waited.begin(), waited.end());
  return {waited[batches / 2], waited[batches * 99 / 100]};
}

SQLite::Database make(const std::filesystem::path& file, const char* schema) {
  SQLite::Database db(file.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
  db.exec("PRAGMA journal_mode = WAL");
  db.exec("PRAGMA synchronous = FULL");
  db.exec(schema);
  return db;
}

// One row per reading, committed in groups as large as the spine's.
double insert_rows(const std::filesystem::path& file, std::uint64_t readings) {
  auto db = make(file, "CREATE TABLE reading(point INTEGER, time INTEGER, value REAL, quality INTEGER)");
  SQLite::Statement insert(db, "INSERT INTO reading VALUES (?, ?, ?, ?)");
  Machine machine;
  const auto start = Steady::now();
  std::uint64_t done = 0;
  while (done < readings) {
    SQLite::Transaction transaction(db);
    for (std::uint64_t group = 0; group < 65'536; group += batch_readings, done += batch_readings)
      for (const auto& r : machine.next().readings) {
        insert.bind(1, r.point);
        insert.bind(2, r.time_ns);
        insert.bind(3, r.value.f64);
        insert.bind(4, r.quality);
        insert.exec();
        insert.reset();
      }
    transaction.commit();
  }
  return static_cast<double>(done) / seconds_since(start);
}

// The chunks that the historian made of the readings, copied into a bare table.
double insert_chunks(const std::filesystem::path& history, const std::filesystem::path& file) {
  struct Chunk {
    std::int64_t count;
    std::string payload;
  };
  std::vector<Chunk> chunks;
  SQLite::Database from(history.string());
  SQLite::Statement select(from, "SELECT count, payload FROM chunk");
  while (select.executeStep()) chunks.push_back({select.getColumn(0).getInt64(), select.getColumn(1).getString()});

  auto db = make(file, "CREATE TABLE chunk(id INTEGER PRIMARY KEY, payload BLOB)");
  SQLite::Statement insert(db, "INSERT INTO chunk(payload) VALUES (?)");
  const auto start = Steady::now();
  std::int64_t readings = 0;
  for (std::size_t i = 0; i < chunks.size();) {
    SQLite::Transaction transaction(db);
    for (std::size_t group = 0; group < 200 && i < chunks.size(); ++group, ++i) {
      insert.bindNoCopy(1, chunks[i].payload.data(), static_cast<int>(chunks[i].payload.size()));
      insert.exec();
      insert.reset();
      readings += chunks[i].count;
    }
    transaction.commit();
  }
  return static_cast<double>(readings) / seconds_since(start);
}

double payload_bytes_per_reading(const std::filesystem::path& history) {
  SQLite::Database db(history.string());
  return db.execAndGet("SELECT 1.0 * sum(length(payload)) / sum(count) FROM chunk").getDouble();
}

}  // namespace

int main(int count, char** arguments) {
  std::uint64_t readings = 30'000'000;
  bool json = false;
  std::filesystem::path where;
  for (int i = 1; i < count; ++i) {
    if (std::strcmp(arguments[i], "--json") == 0) json = true;
    if (std::strcmp(arguments[i], "--readings") == 0 && i + 1 < count) readings = std::stoull(arguments[++i]);
    if (std::strcmp(arguments[i], "--dir") == 0 && i + 1 < count) where = arguments[++i];
  }
  const TempDir temporary;
  const auto dir = where.empty() ? temporary.path() : where;

  Throughput full;
  std::pair<double, double> waited;
  {
    Path path(dir);
    full = run_full(path, readings);
  }
  full.history_bytes = payload_bytes_per_reading(dir / "history.db");
  std::filesystem::create_directory(dir / "paced");
  {
    Path path(dir / "paced");
    waited = run_paced(path, full.per_s / 2);
  }
  const double rows = insert_rows(dir / "rows.db", 1'000'000);
  const double chunks = insert_chunks(dir / "history.db", dir / "chunks.db");

  if (json) {
    const nlohmann::json out{{"durable_readings_per_s", full.per_s},
                             {"cpu_us_per_reading", full.cpu_us},
                             {"bytes_per_reading", full.spine_bytes + full.history_bytes},
                             {"spine_bytes_per_reading", full.spine_bytes},
                             {"history_bytes_per_reading", full.history_bytes},
                             {"baseline_row_readings_per_s", rows},
                             {"baseline_chunks_readings_per_s", chunks},
                             {"durable_p50_ms", waited.first},
                             {"durable_p99_ms", waited.second}};
    std::printf("%s\n", out.dump().c_str());
    return 0;
  }
  std::printf("durable and in history  %12.0f readings/s   %.3f CPU us a reading\n", full.per_s, full.cpu_us);
  std::printf("on disk                 %12.2f B a reading in the spine, %.2f B in history\n", full.spine_bytes,
              full.history_bytes);
  std::printf("rows into SQLite        %12.0f readings/s   ratio %.1f\n", rows, full.per_s / rows);
  std::printf("the chunks into SQLite  %12.0f readings/s   ratio %.2f\n", chunks, full.per_s / chunks);
  std::printf("publish to durable      p50 %.1f ms, p99 %.1f ms at half that rate\n", waited.first, waited.second);
  return 0;
}
