#include "app/bench/baseline.h"

#include <SQLiteCpp/SQLiteCpp.h>

#include <numeric>

#include "app/bench/usage.h"
#include "app/bench/walks.h"
#include "historian/chunk.h"
#include "historian/chunk_codec.h"
#include "historian/historian.h"
#include "storage/database.h"

namespace myriad::app::bench {
namespace {

constexpr std::size_t batch_readings = 256, rows_per_commit = 65'536, chunks_per_commit = 200;
constexpr const char* rows_schema[] = {
    "CREATE TABLE reading(point INTEGER, time INTEGER, value REAL, quality INTEGER)"};
constexpr const char* chunks_schema[] = {"CREATE TABLE chunk(id INTEGER PRIMARY KEY, payload BLOB NOT NULL)"};

Walks flood(std::uint32_t points) {
  std::vector<std::uint32_t> ids(points);
  std::iota(ids.begin(), ids.end(), 0u);
  return Walks(Walks::flood(std::move(ids)));
}

double per_second(std::uint64_t readings, const Stopwatch& watch) {
  return static_cast<double>(readings) / watch.seconds();
}

double insert_rows(SQLite::Database& db, std::uint32_t points, std::uint64_t readings, Progress& progress) {
  SQLite::Statement insert(db, "INSERT INTO reading VALUES (?, ?, ?, ?)");
  Walks walks = flood(points);
  const Stopwatch watch;
  std::uint64_t done = 0;
  while (done < readings) {
    SQLite::Transaction transaction(db);
    for (std::size_t row = 0; row < rows_per_commit && done < readings; row += batch_readings, done += batch_readings)
      for (const auto& r : walks.next(batch_readings).readings) {
        insert.bind(1, r.point);
        insert.bind(2, r.time_ns);
        insert.bind(3, r.value.f64);
        insert.bind(4, r.quality);
        insert.exec();
        insert.reset();
      }
    transaction.commit();
    progress.at(static_cast<double>(done) / static_cast<double>(readings));
  }
  return per_second(done, watch);
}

// Chunks go to the disk 200 at a time.
class ChunkTable {
 public:
  explicit ChunkTable(SQLite::Database& db) : db_(db), insert_(db, "INSERT INTO chunk(payload) VALUES (?)") {}

  void put(spine::BytesView payload) {
    if (!transaction_) transaction_.emplace(db_);
    insert_.bindNoCopy(1, payload.data(), static_cast<int>(payload.size()));
    insert_.exec();
    insert_.reset();
    if (++waiting_ == chunks_per_commit) commit();
  }
  void commit() {
    if (transaction_) transaction_->commit();
    transaction_.reset();
    waiting_ = 0;
  }

 private:
  SQLite::Database& db_;
  SQLite::Statement insert_;
  std::optional<SQLite::Transaction> transaction_;
  std::size_t waiting_ = 0;
};

// Keeps the payloads for the copy; remembering them costs one memcpy of about two bytes a reading.
struct Encoded {
  std::vector<spine::Bytes> payloads;
  std::uint64_t readings = 0;
};

double insert_chunks(SQLite::Database& db, std::uint32_t points, std::uint64_t readings, Encoded& encoded,
                     Progress& progress) {
  Walks walks = flood(points);
  const std::size_t chunk_readings = historian::Options{}.chunk_readings;
  ChunkTable table(db);
  historian::ChunkEncoder encoder;
  std::vector<historian::Chunk> open(points);
  const auto close = [&](historian::Chunk& chunk) {
    chunk.sort();
    const auto payload = encoder.encode(chunk);
    table.put(payload);
    encoded.payloads.emplace_back(payload.begin(), payload.end());
    encoded.readings += chunk.size();
    chunk.clear();
  };
  const Stopwatch watch;
  for (std::uint64_t made = 0; made < readings; made += batch_readings) {
    const auto& batch = walks.next(batch_readings);
    for (const auto& r : batch.readings) {
      auto& chunk = open[r.point];
      chunk.append(batch.view(), r);
      if (chunk.size() == chunk_readings) close(chunk);
    }
    progress.at(static_cast<double>(made) / static_cast<double>(readings));
  }
  for (auto& chunk : open)
    if (!chunk.empty()) close(chunk);
  table.commit();
  return per_second(encoded.readings, watch);
}

double copy_chunks(SQLite::Database& db, const Encoded& encoded) {
  ChunkTable table(db);
  const Stopwatch watch;
  for (const auto& payload : encoded.payloads) table.put(payload);
  table.commit();
  return per_second(encoded.readings, watch);
}

}  // namespace

Result<Baselines> measure_baselines(const std::filesystem::path& dir, std::uint32_t points, std::uint64_t readings,
                                    Progress& progress) {
  try {
    Baselines found;
    progress.stage("baseline: rows into SQLite");
    auto rows = storage::open(dir / "rows.db", rows_schema);
    if (!rows) return rows.error();
    found.rows = insert_rows(**rows, points, readings / 10, progress);

    progress.stage("baseline: the same chunks into SQLite");
    Encoded encoded;
    auto chunks = storage::open(dir / "chunks.db", chunks_schema);
    if (!chunks) return chunks.error();
    found.chunks = insert_chunks(**chunks, points, readings, encoded, progress);

    progress.stage("baseline: encoded chunks copied into SQLite");
    auto copies = storage::open(dir / "copies.db", chunks_schema);
    if (!copies) return copies.error();
    found.copy = copy_chunks(**copies, encoded);
    return found;
  } catch (const SQLite::Exception& e) {
    return storage::to_error(e, dir);
  }
}

}  // namespace myriad::app::bench
