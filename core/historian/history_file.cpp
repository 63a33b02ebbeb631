#include "historian/history_file.h"

#include <SQLiteCpp/SQLiteCpp.h>

#include "historian/chunk_codec.h"
#include "storage/database.h"

namespace myriad::historian {
namespace {

constexpr std::size_t idle_readers = 4;

constexpr const char* migrations[] = {R"(
  CREATE TABLE series(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, through INTEGER NOT NULL,
                      longest INTEGER NOT NULL, time INTEGER, type INTEGER, quality INTEGER, value);
  CREATE TABLE chunk(id INTEGER PRIMARY KEY, series INTEGER NOT NULL, from_ns INTEGER NOT NULL, to_ns INTEGER NOT NULL,
                     count INTEGER NOT NULL, numbers INTEGER NOT NULL, min REAL, max REAL, sum REAL, first REAL,
                     last REAL, codec INTEGER NOT NULL, payload BLOB NOT NULL);
  CREATE INDEX chunk_by_time ON chunk(series, from_ns, to_ns);
  CREATE TABLE progress(id INTEGER PRIMARY KEY CHECK (id = 1), next INTEGER NOT NULL, readings INTEGER NOT NULL,
                        last_chunk INTEGER NOT NULL);
)"};

std::int64_t sql(std::uint64_t v) {
  return static_cast<std::int64_t>(v);
}

template <class... F>
struct Overload : F... {
  using F::operator()...;
};
template <class... F>
Overload(F...) -> Overload<F...>;  // clang 14 needs it

void bind_sample(SQLite::Statement& s, int at, const model::Sample& sample) {
  const auto put = [&](int type, const auto&... value) {
    s.bind(at + 1, type);
    s.bind(at + 3, value...);
  };
  const auto put_blob = [&](int type, const std::string& v) { put(type, v.data(), static_cast<int>(v.size())); };
  s.bind(at, sample.time);
  s.bind(at + 2, static_cast<int>(sample.quality));
  std::visit(Overload{[&](bool v) { put(MYRIAD_BOOL, v ? 1 : 0); }, [&](std::int64_t v) { put(MYRIAD_I64, v); },
                      [&](std::uint64_t v) { put(MYRIAD_U64, sql(v)); }, [&](double v) { put(MYRIAD_F64, v); },
                      [&](const std::string& v) { put_blob(MYRIAD_TEXT, v); },
                      [&](const model::Bytes& v) { put_blob(MYRIAD_BYTES, v.data); },
                      [&](const model::JsonText& v) { put_blob(MYRIAD_JSON, v.text); }},
             sample.value);
}

model::Value value_of(int type, SQLite::Column column) {
  switch (type) {
    case MYRIAD_BOOL:
      return column.getInt() != 0;
    case MYRIAD_U64:
      return static_cast<std::uint64_t>(column.getInt64());
    case MYRIAD_F64:
      return column.getDouble();
    case MYRIAD_TEXT:
      return column.getString();
    case MYRIAD_BYTES:
      return model::Bytes{column.getString()};
    case MYRIAD_JSON:
      return model::JsonText{column.getString()};
    default:
      return column.getInt64();
  }
}

}  // namespace

// Statements kept prepared. Before use: tryReset(), since reset() would throw the failure of the run before again.
struct HistoryFile::Writer {
  explicit Writer(SQLite::Database& db)
      : latest(db,
               "INSERT INTO series(id, name, through, longest, time, type, quality, value) "
               "VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT(id) DO UPDATE SET through = excluded.through, "
               "longest = excluded.longest, time = excluded.time, type = excluded.type, quality = excluded.quality, "
               "value = excluded.value"),
        older(db, "UPDATE series SET through = ?, longest = ? WHERE id = ?"),
        chunk(db,
              "INSERT OR REPLACE INTO chunk(id, series, from_ns, to_ns, count, numbers, min, max, sum, first, last, "
              "codec, payload) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"),
        progress(db, "INSERT OR REPLACE INTO progress(id, next, readings, last_chunk) VALUES (1, ?, ?, ?)") {}
  SQLite::Statement latest, older, chunk, progress;
};

HistoryFile::HistoryFile(std::filesystem::path file) : file_(std::move(file)) {}
HistoryFile::~HistoryFile() = default;

// NORMAL: a crash of the machine may take back the last transactions, whole, and the spine still has their readings.
Result<std::unique_ptr<HistoryFile>> HistoryFile::open(const std::filesystem::path& path) {
  auto db = storage::open(path, migrations, storage::Sync::normal);
  if (!db) return db.error();
  std::unique_ptr<HistoryFile> file(new HistoryFile(path));
  try {
    (*db)->exec("PRAGMA wal_autocheckpoint = 4096");
    (*db)->exec("PRAGMA journal_size_limit = 67108864");
    file->writer_ = std::make_unique<Writer>(**db);
    file->db_ = std::move(*db);
    return file;
  } catch (const SQLite::Exception& e) {
    return storage::to_error(e, path);
  }
}

Result<Progress> HistoryFile::progress() {
  try {
    SQLite::Statement select(*db_, "SELECT next, readings, last_chunk FROM progress");
    if (!select.executeStep()) return Progress{};
    return Progress{static_cast<spine::Sequence>(select.getColumn(0).getInt64()),
                    static_cast<std::uint64_t>(select.getColumn(1).getInt64()), select.getColumn(2).getInt64()};
  } catch (const SQLite::Exception& e) {
    return storage::to_error(e, file_);
  }
}

Result<std::vector<StoredSeries>> HistoryFile::series() {
  try {
    std::vector<StoredSeries> all;
    SQLite::Statement select(*db_, "SELECT id, name, through, longest, time, type, quality, value FROM series");
    while (select.executeStep()) {
      const int type = select.getColumn(5).getInt();
      const auto quality = static_cast<std::uint16_t>(select.getColumn(6).getInt());
      all.push_back({select.getColumn(0).getInt64(), select.getColumn(1).getString(),
                     static_cast<spine::Sequence>(select.getColumn(2).getInt64()), select.getColumn(3).getInt64(),
                     model::Sample{select.getColumn(4).getInt64(), value_of(type, select.getColumn(7)), quality}});
    }
    return all;
  } catch (const SQLite::Exception& e) {
    return storage::to_error(e, file_);
  }
}

Status HistoryFile::commit(const std::vector<WritePtr>& writes, const Progress& progress) {
  try {
    SQLite::Transaction transaction(*db_, SQLite::TransactionBehavior::IMMEDIATE);
    for (const auto& write : writes) {
      put_series(*write);
      put_chunk(*write);
    }
    auto& statement = writer_->progress;
    statement.tryReset();
    statement.bind(1, sql(progress.next));
    statement.bind(2, sql(progress.readings));
    statement.bind(3, progress.last_chunk);
    statement.exec();
    transaction.commit();
    return {};
  } catch (const SQLite::Exception& e) {
    return storage::to_error(e, file_);
  }
}

void HistoryFile::put_series(const Write& write) {
  auto& statement = write.latest ? writer_->latest : writer_->older;
  statement.tryReset();
  if (write.latest) {
    statement.bind(1, write.series);
    statement.bind(2, write.name);
    statement.bind(3, sql(write.through));
    statement.bind(4, write.longest);
    bind_sample(statement, 5, *write.latest);
  } else {
    statement.bind(1, sql(write.through));
    statement.bind(2, write.longest);
    statement.bind(3, write.series);
  }
  statement.exec();
}

void HistoryFile::put_chunk(const Write& write) {
  const Summary& s = write.summary;
  auto& statement = writer_->chunk;
  statement.tryReset();
  statement.clearBindings();
  statement.bind(1, write.chunk);
  statement.bind(2, write.series);
  statement.bind(3, s.from);
  statement.bind(4, s.to);
  statement.bind(5, std::int64_t{s.count});
  statement.bind(6, std::int64_t{s.numbers});
  if (s.numbers > 0) {
    const double figures[] = {s.min, s.max, s.sum, s.first, s.last};
    for (int i = 0; i < 5; ++i) statement.bind(7 + i, figures[i]);
  }
  statement.bind(12, chunk_codec);
  statement.bindNoCopy(13, write.payload.data(), static_cast<int>(write.payload.size()));
  statement.exec();
}

Status HistoryFile::forget_sequences(spine::Sequence next) {
  try {
    SQLite::Transaction transaction(*db_);
    db_->exec("UPDATE series SET through = 0; UPDATE progress SET next = " + std::to_string(next));
    transaction.commit();
    return {};
  } catch (const SQLite::Exception& e) {
    return storage::to_error(e, file_);
  }
}

Status HistoryFile::scan(std::int64_t series, Nanos longest, Range range, const std::function<bool(Found&&)>& visit) {
  try {
    auto db = take_reader();
    {
      SQLite::Statement select(*db,
                               "SELECT id, from_ns, codec, payload FROM chunk WHERE series = ? AND from_ns >= ? "
                               "AND from_ns < ? AND to_ns >= ? ORDER BY from_ns");
      select.bind(1, series);
      select.bind(2, range.from > longest ? range.from - longest : 0);
      select.bind(3, range.to);
      select.bind(4, range.from);
      for (bool more = true; more && select.executeStep();) {
        const auto payload = select.getColumn(3);
        const auto* data = static_cast<const std::uint8_t*>(payload.getBlob());
        more = visit({select.getColumn(0).getInt64(), select.getColumn(1).getInt64(), select.getColumn(2).getInt(),
                      spine::Bytes(data, data + payload.getBytes())});
      }
    }
    give_back(std::move(db));
    return {};
  } catch (const SQLite::Exception& e) {
    return storage::to_error(e, file_);
  }
}

std::unique_ptr<SQLite::Database> HistoryFile::take_reader() {
  {
    const std::scoped_lock lock(readers_mutex_);
    if (!readers_.empty()) {
      auto db = std::move(readers_.back());
      readers_.pop_back();
      return db;
    }
  }
  return std::make_unique<SQLite::Database>(file_.string(), SQLite::OPEN_READONLY, 5'000);
}

void HistoryFile::give_back(std::unique_ptr<SQLite::Database> db) {
  const std::scoped_lock lock(readers_mutex_);
  if (readers_.size() < idle_readers) readers_.push_back(std::move(db));
}

std::uint64_t HistoryFile::disk_bytes() const {
  std::error_code none;
  const auto size = std::filesystem::file_size(file_, none);
  return none ? 0 : size;
}

}  // namespace myriad::historian
