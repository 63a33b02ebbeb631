#include "historian/history_file.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <sqlite3.h>

#include <unordered_map>

#include "historian/history_connection.h"
#include "storage/database.h"
#include "storage/salvage.h"

namespace myriad::historian {
namespace {

constexpr std::size_t idle_readers = 4;
constexpr int kept_revisions = 100'000;

// Large pages waste little of a chunk's row; free pages can be given back without copying the file.
constexpr const char* layout = "PRAGMA page_size = 16384; PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL";

// The first layout was never released: its history is taken from the spine again.
constexpr const char* migrations[] = {"", R"(
  DROP TABLE IF EXISTS series;
  DROP TABLE IF EXISTS chunk;
  DROP TABLE IF EXISTS progress;
  CREATE TABLE series(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, through INTEGER NOT NULL,
                      longest INTEGER NOT NULL, frontier INTEGER NOT NULL, unrolled INTEGER NOT NULL, time INTEGER,
                      type INTEGER, quality INTEGER, value);
  CREATE TABLE chunk(id INTEGER PRIMARY KEY, series INTEGER NOT NULL, from_ns INTEGER NOT NULL, to_ns INTEGER NOT NULL,
                     count INTEGER NOT NULL, tidy INTEGER NOT NULL, codec INTEGER NOT NULL, payload BLOB NOT NULL);
  CREATE INDEX chunk_by_time ON chunk(series, from_ns, to_ns);
  CREATE INDEX chunk_untidy ON chunk(series, count, to_ns) WHERE tidy = 0;
  CREATE TABLE rollup(id INTEGER PRIMARY KEY, series INTEGER NOT NULL, level INTEGER NOT NULL,
                      from_ns INTEGER NOT NULL, to_ns INTEGER NOT NULL, codec INTEGER NOT NULL, payload BLOB);
  CREATE INDEX rollup_by_time ON rollup(series, level, from_ns, to_ns);
  CREATE TABLE stale(series INTEGER NOT NULL, from_ns INTEGER NOT NULL, to_ns INTEGER NOT NULL);
  CREATE TABLE revision(id INTEGER PRIMARY KEY AUTOINCREMENT, noticed INTEGER NOT NULL, series INTEGER NOT NULL,
                        readings INTEGER NOT NULL, from_ns INTEGER NOT NULL, to_ns INTEGER NOT NULL);
  CREATE INDEX revision_by_series ON revision(series);
  CREATE TABLE retention(position INTEGER PRIMARY KEY, points TEXT NOT NULL, raw INTEGER NOT NULL,
                         minutes INTEGER NOT NULL, hours INTEGER NOT NULL, days INTEGER NOT NULL);
  CREATE TABLE progress(id INTEGER PRIMARY KEY CHECK (id = 1), next INTEGER NOT NULL, readings INTEGER NOT NULL,
                        last_chunk INTEGER NOT NULL);
)"};

// What must be readable at start.
constexpr const char* probes[] = {"SELECT * FROM series",
                                  "SELECT * FROM progress",
                                  "SELECT * FROM retention",
                                  "SELECT * FROM stale",
                                  "SELECT series, level, max(to_ns) FROM rollup GROUP BY series, level",
                                  "SELECT series, sum(count), max(to_ns) FROM chunk WHERE tidy = 0 GROUP BY series"};

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

// SQLite takes these only before the first table.
void lay_out(const std::filesystem::path& path) {
  std::error_code none;
  if (std::filesystem::exists(path, none) && std::filesystem::file_size(path, none) > 0) return;
  SQLite::Database db(path.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
  db.exec(layout);
}

}  // namespace

// Statements kept prepared. Before use: tryReset(), since reset() would throw the failure of the run before again.
struct HistoryFile::Writer {
  explicit Writer(SQLite::Database& db)
      : series(db,
               "INSERT INTO series(id, name, through, longest, frontier, unrolled, time, type, quality, value) "
               "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT(id) DO UPDATE SET through = excluded.through, "
               "longest = excluded.longest, frontier = excluded.frontier, unrolled = excluded.unrolled, "
               "time = excluded.time, type = excluded.type, quality = excluded.quality, value = excluded.value"),
        // OR REPLACE would copy every page that a row touches, lest the statement alone has to be undone.
        chunk(db,
              "INSERT INTO chunk(id, series, from_ns, to_ns, count, tidy, codec, payload) "
              "VALUES (?, ?, ?, ?, ?, ?, ?, ?)"),
        gone_chunk(db, "DELETE FROM chunk WHERE id = ?"),
        rollup(db, "INSERT INTO rollup(series, level, from_ns, to_ns, codec, payload) VALUES (?, ?, ?, ?, ?, ?)"),
        gone_rollup(db, "DELETE FROM rollup WHERE id = ?"),
        stale(db, "INSERT INTO stale(series, from_ns, to_ns) VALUES (?, ?, ?)"),
        fresh(db, "DELETE FROM stale WHERE series = ?"),
        revision(db, "INSERT INTO revision(noticed, series, readings, from_ns, to_ns) VALUES (?, ?, ?, ?, ?)"),
        old_revisions(db, "DELETE FROM revision WHERE id <= (SELECT max(id) FROM revision) - ?"),
        progress(db, "INSERT OR REPLACE INTO progress(id, next, readings, last_chunk) VALUES (1, ?, ?, ?)") {}
  SQLite::Statement series, chunk, gone_chunk, rollup, gone_rollup, stale, fresh, revision, old_revisions, progress;
};

HistoryFile::HistoryFile(std::filesystem::path file, OnDamage damaged)
    : file_(std::move(file)), damaged_(std::move(damaged)) {}
HistoryFile::~HistoryFile() = default;

// NORMAL: a crash of the machine may take back the last transactions, whole, and the spine still has their readings.
Result<std::unique_ptr<HistoryFile>> HistoryFile::open(const std::filesystem::path& path, Nanos now, OnDamage damaged) {
  try {
    lay_out(path);
    bool is_mended = false;
    auto db = storage::open_or_mend(path, migrations, storage::Sync::normal, probes, now, [&](const std::string& what) {
      is_mended = true;
      if (damaged) damaged(what);
    });
    if (!db) return db.error();
    std::unique_ptr<HistoryFile> file(new HistoryFile(path, std::move(damaged)));
    (*db)->exec("PRAGMA wal_autocheckpoint = 1024");
    (*db)->exec("PRAGMA journal_size_limit = 67108864");
    file->writer_ = std::make_unique<Writer>(**db);
    file->db_ = std::move(*db);
    if (is_mended) file->restore_series();
    return file;
  } catch (const SQLite::Exception& e) {
    return storage::to_error(e, path);
  }
}

// Names that the damaged file lost with their rows stand once more in its index of names.
void HistoryFile::restore_series() {
  const auto aside = storage::aside(file_);
  if (aside.empty()) return;
  try {
    SQLite::Database old(aside.back().string(), SQLite::OPEN_READONLY);
    SQLite::Statement names(old, "SELECT id, name FROM series INDEXED BY sqlite_autoindex_series_1");
    SQLite::Transaction transaction(*db_);
    SQLite::Statement insert(
        *db_,
        "INSERT OR IGNORE INTO series(id, name, through, longest, frontier, unrolled) SELECT ?1, ?2, "
        "0, coalesce(max(to_ns - from_ns), 0), coalesce(max(to_ns), -1), 0 FROM chunk WHERE "
        "series = ?1");
    while (names.executeStep()) {
      insert.bind(1, names.getColumn(0).getInt64());
      insert.bind(2, names.getColumn(1).getString());
      insert.exec();
      insert.reset();
    }
    transaction.commit();
  } catch (const SQLite::Exception&) {  // the index is damaged too: the names are lost, as was told
  }
}

// Damage is on record, and the next start mends it.
Error HistoryFile::failed(const SQLite::Exception& e) const {
  const Error error = storage::to_error(e, file_);
  if (!storage::is_damage(e)) return error;
  storage::mark_for_mending(file_);
  if (damaged_) damaged_(error.message);
  return error;
}

Result<Progress> HistoryFile::progress() {
  try {
    Progress out;
    // Not only what the rows say that are left: a number is never given again.
    out.last_chunk = db_->execAndGet("SELECT coalesce(max(id), 0) FROM chunk").getInt64();
    out.last_series = db_->execAndGet("SELECT coalesce(max(series), 0) FROM chunk").getInt64();
    SQLite::Statement select(*db_, "SELECT next, readings, last_chunk FROM progress");
    if (!select.executeStep()) return out;
    out.next = static_cast<spine::Sequence>(select.getColumn(0).getInt64());
    out.readings = static_cast<std::uint64_t>(select.getColumn(1).getInt64());
    out.last_chunk = std::max(out.last_chunk, select.getColumn(2).getInt64());
    return out;
  } catch (const SQLite::Exception& e) {
    return failed(e);
  }
}

Result<std::vector<StoredSeries>> HistoryFile::series() {
  try {
    std::vector<StoredSeries> all;
    SQLite::Statement select(*db_,
                             "SELECT id, name, through, longest, frontier, unrolled, time, type, quality, value "
                             "FROM series ORDER BY id");
    while (select.executeStep()) {
      StoredSeries one;
      one.id = select.getColumn(0).getInt64();
      one.name = select.getColumn(1).getString();
      one.through = static_cast<spine::Sequence>(select.getColumn(2).getInt64());
      one.longest = select.getColumn(3).getInt64();
      one.frontier = select.getColumn(4).getInt64();
      one.unrolled = static_cast<std::uint64_t>(select.getColumn(5).getInt64());
      if (!select.getColumn(6).isNull())
        one.latest =
            model::Sample{select.getColumn(6).getInt64(), value_of(select.getColumn(7).getInt(), select.getColumn(9)),
                          static_cast<std::uint16_t>(select.getColumn(8).getInt())};
      all.push_back(std::move(one));
    }
    add_untidy(all);
    add_rollups(all);
    return all;
  } catch (const SQLite::Exception& e) {
    return failed(e);
  }
}

void HistoryFile::add_untidy(std::vector<StoredSeries>& all) {
  SQLite::Statement select(*db_,
                           "SELECT series, sum(count), max(to_ns) FROM chunk WHERE tidy = 0 GROUP BY series "
                           "ORDER BY series");
  auto one = all.begin();
  while (select.executeStep()) {
    const auto id = select.getColumn(0).getInt64();
    while (one != all.end() && one->id < id) ++one;
    if (one == all.end() || one->id != id) continue;
    one->untidy = static_cast<std::size_t>(select.getColumn(1).getInt64());
    // A part that was not closed when the daemon ended is now.
    one->frontier = std::max(one->frontier, select.getColumn(2).getInt64());
  }
}

void HistoryFile::add_rollups(std::vector<StoredSeries>& all) {
  std::unordered_map<std::int64_t, StoredSeries*> by_id;
  for (auto& one : all) by_id.emplace(one.id, &one);
  SQLite::Statement rolled(*db_, "SELECT series, level, max(to_ns) FROM rollup GROUP BY series, level");
  while (rolled.executeStep())
    if (const auto one = by_id.find(rolled.getColumn(0).getInt64()); one != by_id.end())
      one->second->rolled.at(static_cast<std::size_t>(rolled.getColumn(1).getInt())) = rolled.getColumn(2).getInt64();
  SQLite::Statement stale(*db_, "SELECT series, from_ns, to_ns FROM stale");
  while (stale.executeStep())
    if (const auto one = by_id.find(stale.getColumn(0).getInt64()); one != by_id.end())
      one->second->stale.push_back({stale.getColumn(1).getInt64(), stale.getColumn(2).getInt64()});
}

Result<std::vector<RetentionRule>> HistoryFile::retention() {
  try {
    std::vector<RetentionRule> rules;
    SQLite::Statement select(*db_, "SELECT points, raw, minutes, hours, days FROM retention ORDER BY position");
    const auto hours = [&](int column) { return std::chrono::hours(select.getColumn(column).getInt64()); };
    while (select.executeStep())
      rules.push_back({select.getColumn(0).getString(), hours(1), hours(2), hours(3), hours(4)});
    return rules;
  } catch (const SQLite::Exception& e) {
    return failed(e);
  }
}

Status HistoryFile::set_retention(const std::vector<RetentionRule>& rules) {
  try {
    SQLite::Transaction transaction(*db_, SQLite::TransactionBehavior::IMMEDIATE);
    db_->exec("DELETE FROM retention");
    SQLite::Statement insert(*db_, "INSERT INTO retention(points, raw, minutes, hours, days) VALUES (?, ?, ?, ?, ?)");
    for (const auto& rule : rules) {
      insert.bind(1, rule.points);
      int at = 2;
      for (const auto kept : {rule.raw, rule.minutes, rule.hours, rule.days})
        insert.bind(at++, std::int64_t{kept.count()});
      insert.exec();
      insert.reset();
    }
    transaction.commit();
    return {};
  } catch (const SQLite::Exception& e) {
    return failed(e);
  }
}

Status HistoryFile::commit(const Change& change) {
  try {
    SQLite::Transaction transaction(*db_, SQLite::TransactionBehavior::IMMEDIATE);
    const auto run = [](SQLite::Statement& statement, const auto&... values) {
      statement.tryReset();
      int at = 0;
      (statement.bind(++at, values), ...);
      statement.exec();
    };
    for (const StoredSeries* series : change.series) put_series(*series);
    for (const auto chunk : change.gone_chunks) run(writer_->gone_chunk, chunk);
    for (const auto& chunk : change.chunks) {
      if (chunk->replaces) run(writer_->gone_chunk, chunk->chunk);
      put_chunk(*chunk);
    }
    for (const auto rollup : change.gone_rollups) run(writer_->gone_rollup, rollup);
    for (const auto& rollup : change.rollups) put_rollup(rollup);
    for (const auto series : change.fresh) run(writer_->fresh, series);
    for (const auto& [series, range] : change.stale) run(writer_->stale, series, range.from, range.to);
    for (const auto& revision : change.revisions) note(revision);
    if (!change.revisions.empty()) run(writer_->old_revisions, kept_revisions);
    if (change.progress)
      run(writer_->progress, sql(change.progress->next), sql(change.progress->readings), change.progress->last_chunk);
    transaction.commit();
    return {};
  } catch (const SQLite::Exception& e) {
    return failed(e);
  }
}

void HistoryFile::put_series(const StoredSeries& series) {
  auto& statement = writer_->series;
  statement.tryReset();
  statement.clearBindings();
  statement.bind(1, series.id);
  statement.bind(2, series.name);
  statement.bind(3, sql(series.through));
  statement.bind(4, series.longest);
  statement.bind(5, series.frontier);
  statement.bind(6, sql(series.unrolled));
  if (series.latest) bind_sample(statement, 7, *series.latest);
  statement.exec();
}

void HistoryFile::put_chunk(const Write& write) {
  auto& statement = writer_->chunk;
  statement.tryReset();
  statement.bind(1, write.chunk);
  statement.bind(2, write.series);
  statement.bind(3, write.from);
  statement.bind(4, write.to);
  statement.bind(5, sql(write.count));
  statement.bind(6, write.tidy ? 1 : 0);
  statement.bind(7, write.codec);
  statement.bindNoCopy(8, write.payload.data(), static_cast<int>(write.payload.size()));
  statement.exec();
}

void HistoryFile::put_rollup(const StoredRollup& rollup) {
  auto& statement = writer_->rollup;
  statement.tryReset();
  statement.bind(1, rollup.series);
  statement.bind(2, rollup.level);
  statement.bind(3, rollup.covers.from);
  statement.bind(4, rollup.covers.to);
  statement.bind(5, rollup.codec);
  if (rollup.payload.empty())
    statement.bind(6);
  else
    statement.bindNoCopy(6, rollup.payload.data(), static_cast<int>(rollup.payload.size()));
  statement.exec();
}

void HistoryFile::note(const StoredRevision& revision) {
  auto& statement = writer_->revision;
  statement.tryReset();
  statement.bind(1, revision.noticed);
  statement.bind(2, revision.series);
  statement.bind(3, sql(revision.revised.readings));
  statement.bind(4, revision.revised.from);
  statement.bind(5, revision.revised.to);
  statement.exec();
}

Status HistoryFile::forget_sequences(spine::Sequence next) {
  try {
    SQLite::Transaction transaction(*db_);
    db_->exec("UPDATE series SET through = 0; UPDATE progress SET next = " + std::to_string(next));
    transaction.commit();
    return {};
  } catch (const SQLite::Exception& e) {
    return failed(e);
  }
}

Result<std::int64_t> HistoryFile::shrink(int most_pages) {
  try {
    // One row a page: a single step would free one page only.
    SQLite::Statement vacuum(*db_, "PRAGMA incremental_vacuum(" + std::to_string(most_pages) + ")");
    while (vacuum.executeStep()) continue;
    return db_->execAndGet("PRAGMA freelist_count").getInt64();
  } catch (const SQLite::Exception& e) {
    return failed(e);
  }
}

Result<std::unique_ptr<HistoryReader>> HistoryFile::reader() {
  try {
    std::unique_ptr<Connection> connection;
    {
      const std::scoped_lock lock(readers_mutex_);
      if (!readers_.empty()) {
        connection = std::move(readers_.back());
        readers_.pop_back();
      }
    }
    if (!connection) connection = std::make_unique<Connection>(file_);
    connection->db->exec("BEGIN");
    return std::make_unique<HistoryReader>(*this, std::move(connection));
  } catch (const SQLite::Exception& e) {
    return failed(e);
  }
}

void HistoryFile::give_back(std::unique_ptr<Connection> connection) {
  const std::scoped_lock lock(readers_mutex_);
  if (readers_.size() < idle_readers) readers_.push_back(std::move(connection));
}

Status HistoryFile::checkpoint() {
  try {
    db_->exec("PRAGMA wal_checkpoint(TRUNCATE)");
    return {};
  } catch (const SQLite::Exception& e) {
    return failed(e);
  }
}

// With what still waits in the log beside it.
std::uint64_t HistoryFile::disk_bytes() const {
  std::uint64_t bytes = 0;
  for (const char* end : {"", "-wal"}) {
    std::error_code none;
    const auto size = std::filesystem::file_size(file_.string() + end, none);
    if (!none) bytes += size;
  }
  return bytes;
}

}  // namespace myriad::historian
