#include "spine/log_file.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <sqlite3.h>

#include <algorithm>

#include "storage/database.h"

namespace myriad::spine {
namespace {

constexpr std::size_t row_readings = 4'096;
constexpr std::size_t row_text = std::size_t{1} << 20;
constexpr int tail_rows = 64;              // checked at open
constexpr int rows_per_read = 64;          // small rows are read together
constexpr std::size_t drop_at_least = 16;  // rows a commit may remove beside those that it adds

// `total`: payload bytes of all rows ever written up to and with this one, so that sizes are differences.
constexpr const char* migrations[] = {R"(
  CREATE TABLE log(first INTEGER PRIMARY KEY, committed INTEGER NOT NULL, count INTEGER NOT NULL,
                   total INTEGER NOT NULL, payload BLOB NOT NULL);
  CREATE TABLE point(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
  CREATE TABLE cursor(name TEXT PRIMARY KEY, next INTEGER NOT NULL, state BLOB NOT NULL) WITHOUT ROWID;
  CREATE TABLE after_cut(next INTEGER NOT NULL, total INTEGER NOT NULL);
  CREATE TABLE probe(space BLOB);
)",
                                      R"(
  CREATE TABLE dead_letter(id INTEGER PRIMARY KEY, consumer TEXT NOT NULL, sequence INTEGER NOT NULL,
                           refused INTEGER NOT NULL, count INTEGER NOT NULL, reason TEXT NOT NULL, reading BLOB NOT NULL);
  CREATE UNIQUE INDEX dead_letter_by_consumer ON dead_letter(consumer, sequence);
)"};

std::int64_t sql(std::uint64_t v) {
  return static_cast<std::int64_t>(v);
}
std::uint64_t u64(const SQLite::Column& column) {
  return static_cast<std::uint64_t>(column.getInt64());
}
BytesView bytes_of(const SQLite::Column& column) {
  return {static_cast<const std::uint8_t*>(column.getBlob()), static_cast<std::size_t>(column.getBytes())};
}

Error not_opened(const SQLite::Exception& e, const Options& options) {
  return storage::to_error(e, options.file);
}

}  // namespace

struct LogFile::Row {
  Sequence first = 0;
  Nanos committed = 0;
  std::size_t count = 0;
  Bytes payload;
};

// A row without its payload.
struct LogFile::Head {
  Sequence first = 0;
  std::size_t count = 0;
  Nanos committed = 0;
  std::uint64_t total = 0;
};

// Statements kept prepared. Before use: tryReset(), since reset() would throw the failure of the run before again.
struct LogFile::Writer {
  explicit Writer(SQLite::Database& db)
      : row(db, "INSERT INTO log(first, committed, count, total, payload) VALUES (?, ?, ?, ?, ?)"),
        point(db, "INSERT INTO point(id, name) VALUES (?, ?)"),
        save(db, "INSERT OR REPLACE INTO cursor(name, next, state) VALUES (?, ?, ?)"),
        drop(db, "DELETE FROM cursor WHERE name = ?"),
        oldest(db, "SELECT first, committed, count, total, length(payload) FROM log ORDER BY first LIMIT ?"),
        remove(db, "DELETE FROM log WHERE first < ?"),
        bury(db,
             "INSERT INTO dead_letter(consumer, sequence, refused, count, reason, reading) VALUES (?, ?, ?, ?, ?, ?) "
             "ON CONFLICT(consumer, sequence) DO UPDATE SET refused = excluded.refused, "
             "count = count + excluded.count, reason = excluded.reason"),
        forget(db, "DELETE FROM dead_letter WHERE consumer = ? AND sequence BETWEEN ? AND ?"),
        crowd(db,
              "DELETE FROM dead_letter WHERE id IN (SELECT id FROM dead_letter WHERE consumer = ?1 "
              "ORDER BY sequence LIMIT max(0, (SELECT count(*) FROM dead_letter WHERE consumer = ?1) - ?2))") {}
  SQLite::Statement row, point, save, drop, oldest, remove, bury, forget, crowd;
};

LogFile::LogFile(const Options& options, model::Points& points, const Log& log)
    : options_(options), points_(points), log_(log) {}

LogFile::~LogFile() = default;

Result<std::unique_ptr<LogFile>> LogFile::open(const Options& options, model::Points& points, const Log& log) {
  const auto sync = options.durability == Durability::full ? storage::Sync::full : storage::Sync::normal;
  auto db = storage::open(options.file, migrations, sync);
  if (!db) return db.error();
  std::unique_ptr<LogFile> file(new LogFile(options, points, log));
  file->db_ = std::move(*db);
  try {
    file->load();
    return file;
  } catch (const SQLite::Exception& e) {
    return not_opened(e, options);
  }
}

void LogFile::load() {
  db_->exec("PRAGMA journal_size_limit = 67108864");
  const auto count_pages = [](void* pages, sqlite3*, const char*, int count) {
    *static_cast<int*>(pages) = count;
    return SQLITE_OK;
  };
  sqlite3_wal_hook(db_->getHandle(), count_pages, &wal_pages_);  // instead of checkpoints within commits
  checkpointer_ = std::make_unique<Checkpointer>(options_.file, log_);
  writer_ = std::make_unique<Writer>(*db_);
  read_db_ = std::make_unique<SQLite::Database>(options_.file.string(), SQLite::OPEN_READONLY, 5'000);
  select_ = std::make_unique<SQLite::Statement>(
      *read_db_,
      "SELECT first, committed, count, payload FROM log WHERE first >= coalesce("
      "(SELECT max(first) FROM log WHERE first <= ?1), ?1) ORDER BY first LIMIT ?2");
  const std::string head = "SELECT first, count, committed, total FROM log ";
  select_head_ =
      std::make_unique<SQLite::Statement>(*read_db_, head + "WHERE first BETWEEN ? AND ? ORDER BY first DESC LIMIT 1");
  select_oldest_ = std::make_unique<SQLite::Statement>(*read_db_, head + "ORDER BY first LIMIT 1");
  select_newest_ = std::make_unique<SQLite::Statement>(*read_db_, head + "ORDER BY first DESC LIMIT 1");
  select_letters_ = std::make_unique<SQLite::Statement>(
      *read_db_,
      "SELECT sequence, refused, count, reason, reading FROM dead_letter WHERE consumer = ? AND sequence > ? "
      "ORDER BY sequence LIMIT ?");
  count_letters_ =
      std::make_unique<SQLite::Statement>(*read_db_, "SELECT count(*) FROM dead_letter WHERE consumer = ?");
  restore_points();
  check_tail();
  SQLite::Statement newest(*db_, "SELECT first + count, total FROM log ORDER BY first DESC LIMIT 1");
  SQLite::Statement cut(*db_, "SELECT max(next), max(total) FROM after_cut");
  cut.executeStep();
  end_ = std::max<Sequence>(1, u64(cut.getColumn(0)));
  written_bytes_ = dropped_bytes_ = u64(cut.getColumn(1));
  if (newest.executeStep()) {
    end_ = std::max(end_, u64(newest.getColumn(0)));
    written_bytes_ = std::max(written_bytes_, u64(newest.getColumn(1)));
  }
  begin_ = end_;
  writer_->oldest.bind(1, 1);
  if (writer_->oldest.executeStep()) {
    begin_ = u64(writer_->oldest.getColumn(0));
    dropped_bytes_ = u64(writer_->oldest.getColumn(3)) - u64(writer_->oldest.getColumn(4));
  }
  writer_->oldest.tryReset();
}

void LogFile::restore_points() {
  SQLite::Statement select(*db_, "SELECT id, name FROM point ORDER BY id");
  while (select.executeStep()) {
    const auto id = static_cast<std::uint32_t>(u64(select.getColumn(0)));
    const auto given = points_.intern(select.getColumn(1).getString());
    if (!given || *given != model::PointId{id})
      throw SQLite::Exception("point " + std::to_string(id) + " ('" + select.getColumn(1).getString() +
                                  "') cannot get its number back: the table of points is damaged",
                              SQLITE_CORRUPT);
    stored_points_ = id;
  }
}

// A row whose bytes changed on disk must not stop the rest. Its sequence numbers are never given again.
void LogFile::check_tail() {
  SQLite::Statement select(
      *db_, "SELECT first, count, total, payload FROM log ORDER BY first DESC LIMIT " + std::to_string(tail_rows));
  Decoder decoder;
  std::vector<Sequence> damaged;
  std::uint64_t readings = 0, next = 0, total = 0;
  while (select.executeStep()) {
    const auto count = u64(select.getColumn(1));
    const auto batch = decoder.decode(bytes_of(select.getColumn(3)));
    if (batch && batch->readings.size() == count) continue;
    damaged.push_back(u64(select.getColumn(0)));
    readings += count;
    next = std::max(next, damaged.back() + count);
    total = std::max(total, u64(select.getColumn(2)));
  }
  if (damaged.empty()) return;
  SQLite::Transaction transaction(*db_);
  SQLite::Statement keep(*db_, "INSERT INTO after_cut(next, total) VALUES (?, ?)");
  keep.bind(1, sql(next));
  keep.bind(2, sql(total));
  keep.exec();
  for (const Sequence first : damaged) db_->exec("DELETE FROM log WHERE first = " + std::to_string(first));
  transaction.commit();
  log_.error(options_.file.string() + ": cut " + std::to_string(damaged.size()) + " damaged rows with " +
             std::to_string(readings) + " readings, the first at " + std::to_string(damaged.back()) +
             "; check the disk");
}

Result<std::map<std::string, Cursor>> LogFile::cursors() {
  try {
    std::map<std::string, Cursor> all;
    SQLite::Statement select(*db_, "SELECT name, next, state FROM cursor");
    while (select.executeStep())
      all[select.getColumn(0).getString()] = {u64(select.getColumn(1)), select.getColumn(2).getString()};
    return all;
  } catch (const SQLite::Exception& e) {
    return storage::to_error(e, options_.file);
  }
}

Status LogFile::commit(const std::vector<std::shared_ptr<Block>>& blocks, const CursorChanges& cursors,
                       const std::vector<LetterChange>& letters, Nanos now, Sequence held) {
  const auto before = std::tuple(begin_, end_, written_bytes_, dropped_bytes_);
  const std::uint32_t points = points_.size();
  try {
    SQLite::Transaction transaction(*db_, SQLite::TransactionBehavior::IMMEDIATE);
    write_points(points);
    std::size_t readings = 0;
    for (const auto& block : blocks) {
      write_block(*block, now);
      readings += block->batch.readings.size();
    }
    write_cursors(cursors);
    write_letters(letters);
    drop_old(now, held, drop_at_least + 2 * readings / row_readings);
    transaction.commit();
    stored_points_ = points;
  } catch (const SQLite::Exception& e) {
    std::tie(begin_, end_, written_bytes_, dropped_bytes_) = before;
    return storage::to_error(e, options_.file);
  }
  keep_log_short();
  return {};
}

// A failure here takes nothing back: the transaction is on disk, and the next commit tries again.
void LogFile::keep_log_short() {
  if (checkpointer_->note(wal_pages_))
    sqlite3_wal_checkpoint_v2(db_->getHandle(), nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
}

void LogFile::write_points(std::uint32_t last) {
  for (std::uint32_t id = stored_points_ + 1; id <= last; ++id) {
    writer_->point.tryReset();
    writer_->point.bind(1, sql(id));
    writer_->point.bind(2, std::string(points_.name(model::PointId{id})));
    writer_->point.exec();
  }
}

void LogFile::write_block(Block& block, Nanos now) {
  block.first = end_;
  block.committed = now;
  const model::BatchView all = block.batch.view();
  for (std::size_t from = 0, to = 0; from < all.readings.size(); from = to) {
    for (std::size_t text = 0; to < all.readings.size() && to - from < row_readings && text < row_text; ++to)
      text += model::has_blob(all.readings[to]) ? all.readings[to].value.blob.size : 0;
    write_row({all.readings.subspan(from, to - from), all.blob}, block.first + from, now);
  }
  end_ = block.end();
}

void LogFile::write_row(model::BatchView readings, Sequence first, Nanos now) {
  const BytesView payload = encoder_.encode(readings);
  written_bytes_ += payload.size();
  auto& insert = writer_->row;
  insert.tryReset();
  insert.bind(1, sql(first));
  insert.bind(2, now);
  insert.bind(3, sql(readings.readings.size()));
  insert.bind(4, sql(written_bytes_));
  insert.bindNoCopy(5, payload.data(), static_cast<int>(payload.size()));
  insert.exec();
}

void LogFile::write_cursors(const CursorChanges& cursors) {
  for (const auto& [name, cursor] : cursors) {
    auto& statement = cursor ? writer_->save : writer_->drop;
    statement.tryReset();
    statement.bind(1, name);
    if (cursor) {
      statement.bind(2, sql(cursor->next));
      statement.bind(3, cursor->state.data(), static_cast<int>(cursor->state.size()));
    }
    statement.exec();
  }
}

void LogFile::write_letters(const std::vector<LetterChange>& changes) {
  for (const auto& change : changes) {
    if (change.buried) {
      bury(change.consumer, *change.buried);
      continue;
    }
    writer_->forget.tryReset();
    writer_->forget.bind(1, change.consumer);
    writer_->forget.bind(2, sql(change.from));
    writer_->forget.bind(3, sql(change.to));
    writer_->forget.exec();
  }
}

void LogFile::bury(const std::string& consumer, const DeadLetter& letter) {
  const BytesView reading = encoder_.encode(letter.reading.view());
  auto& insert = writer_->bury;
  insert.tryReset();
  insert.bind(1, consumer);
  insert.bind(2, sql(letter.sequence));
  insert.bind(3, letter.refused);
  insert.bind(4, std::int64_t{letter.count});
  insert.bind(5, letter.reason);
  insert.bindNoCopy(6, reading.data(), static_cast<int>(reading.size()));
  insert.exec();
  writer_->crowd.tryReset();
  writer_->crowd.bind(1, consumer);
  writer_->crowd.bind(2, sql(options_.dead_letters));
  if (const int gone = writer_->crowd.exec(); gone > 0) {
    const std::scoped_lock lock(letters_mutex_);
    letters_dropped_[consumer] += static_cast<std::uint64_t>(gone);
  }
}

// Removes at most so many rows, so that a commit never waits long; the newest row always stays, it holds the numbering.
void LogFile::drop_old(Nanos now, Sequence held, std::size_t most) {
  const Nanos oldest_kept = now - std::chrono::nanoseconds(options_.retain_time).count();
  auto& oldest = writer_->oldest;
  oldest.tryReset();
  oldest.bind(1, sql(most));
  Sequence keep_from = begin_;
  std::uint64_t dropped = dropped_bytes_;
  while (oldest.executeStep()) {
    const Sequence next = u64(oldest.getColumn(0)) + u64(oldest.getColumn(2));
    const bool too_old = oldest.getColumn(1).getInt64() < oldest_kept && next <= held;
    if (next >= end_ || (!too_old && written_bytes_ - dropped <= options_.retain_bytes)) break;
    keep_from = next;
    dropped = u64(oldest.getColumn(3));
  }
  oldest.tryReset();
  if (keep_from == begin_) return;
  writer_->remove.tryReset();
  writer_->remove.bind(1, sql(keep_from));
  writer_->remove.exec();
  begin_ = keep_from;
  dropped_bytes_ = dropped;
}

Status LogFile::probe(std::size_t bytes) {
  try {
    SQLite::Statement fill(*db_, "INSERT INTO probe(space) VALUES (zeroblob(?))");
    fill.bind(1, sql(bytes));
    fill.exec();
    db_->exec("DELETE FROM probe");
    return {};
  } catch (const SQLite::Exception& e) {
    return storage::to_error(e, options_.file);
  }
}

std::vector<LogFile::Row> LogFile::read_rows(Sequence from) {
  const std::scoped_lock lock(read_mutex_);
  std::vector<Row> rows;
  select_->tryReset();
  select_->bind(1, sql(from));
  select_->bind(2, rows_per_read);
  std::size_t readings = 0;
  while (readings < row_readings && select_->executeStep()) {
    const BytesView payload = bytes_of(select_->getColumn(3));
    Row row{u64(select_->getColumn(0)), select_->getColumn(1).getInt64(), u64(select_->getColumn(2)),
            Bytes(payload.begin(), payload.end())};
    if (row.first + row.count <= from) continue;
    readings += row.count;
    rows.push_back(std::move(row));
  }
  select_->tryReset();
  return rows;
}

Result<BlockPtr> LogFile::read(Sequence from) {
  try {
    Decoder decoder;
    for (auto rows = read_rows(from); !rows.empty(); rows = read_rows(from)) {
      auto block = std::make_shared<Block>();
      for (const Row& row : rows) {
        const bool fresh = block->batch.readings.empty();
        if (!fresh && row.first != block->end()) break;
        const auto batch = decoder.decode(row.payload);
        if (batch && batch->readings.size() == row.count) {
          if (fresh) block->first = row.first;
          block->committed = row.committed;
          block->batch.append(batch->view());
          continue;
        }
        if (!fresh) break;
        log_.error(options_.file.string() + ": skipped a damaged row with " + std::to_string(row.count) +
                   " readings at " + std::to_string(row.first) + "; check the disk");
        from = row.first + row.count;
      }
      if (!block->batch.readings.empty()) return BlockPtr(std::move(block));
    }
    return BlockPtr();
  } catch (const SQLite::Exception& e) {
    return storage::to_error(e, options_.file);
  }
}

Result<std::vector<DeadLetter>> LogFile::dead_letters(const std::string& consumer, Sequence after, std::size_t limit) {
  try {
    const std::scoped_lock lock(read_mutex_);
    auto& select = *select_letters_;
    select.tryReset();
    select.bind(1, consumer);
    select.bind(2, sql(after));
    select.bind(3, sql(limit));
    std::vector<DeadLetter> out;
    Decoder decoder;
    while (select.executeStep()) {
      auto reading = decoder.decode(bytes_of(select.getColumn(4)));
      if (!reading) return Error{Code::internal, options_.file.string() + ": a dead letter is damaged; check the disk"};
      out.push_back({u64(select.getColumn(0)), select.getColumn(1).getInt64(), select.getColumn(2).getUInt(),
                     select.getColumn(3).getString(), *std::move(reading)});
    }
    select.tryReset();
    return out;
  } catch (const SQLite::Exception& e) {
    return storage::to_error(e, options_.file);
  }
}

DeadLetters LogFile::count_dead_letters(const std::string& consumer) {
  DeadLetters out;
  {
    const std::scoped_lock lock(letters_mutex_);
    if (const auto found = letters_dropped_.find(consumer); found != letters_dropped_.end())
      out.dropped = found->second;
  }
  try {
    const std::scoped_lock lock(read_mutex_);
    count_letters_->tryReset();
    count_letters_->bind(1, consumer);
    if (count_letters_->executeStep()) out.kept = u64(count_letters_->getColumn(0));
    count_letters_->tryReset();
  } catch (const SQLite::Exception&) {
    out.kept = 0;  // reading them says why
  }
  return out;
}

// The last row that begins in [from, to].
std::optional<LogFile::Head> LogFile::head_within(Sequence from, Sequence to) {
  const std::scoped_lock lock(read_mutex_);
  return head_of(*select_head_, from, to);
}

// The oldest or the newest row.
std::optional<LogFile::Head> LogFile::edge(SQLite::Statement& select) {
  const std::scoped_lock lock(read_mutex_);
  return head_of(select);
}

template <class... Bound>
std::optional<LogFile::Head> LogFile::head_of(SQLite::Statement& select, Bound... bound) {
  select.tryReset();
  int at = 0;
  (select.bind(++at, sql(bound)), ...);
  std::optional<Head> head;
  if (select.executeStep())
    head = {u64(select.getColumn(0)), u64(select.getColumn(1)), select.getColumn(2).getInt64(),
            u64(select.getColumn(3))};
  select.tryReset();
  return head;
}

Result<Sequence> LogFile::sequence_at(Nanos time, Sequence begin, Sequence end) {
  try {
    while (begin < end) {
      const Sequence middle = begin + (end - begin) / 2;
      const auto row = head_within(begin, middle);
      if (!row)
        begin = middle + 1;  // a hole
      else if (row->committed >= time)
        end = row->first;
      else
        begin = std::max(middle, row->first + row->count - 1) + 1;
    }
    return begin;
  } catch (const SQLite::Exception& e) {
    return storage::to_error(e, options_.file);
  }
}

std::optional<Consumers::Place> LogFile::place(Sequence next, Nanos now) {
  try {
    auto row = head_within(0, next);
    if (!row) row = edge(*select_oldest_);
    const auto newest = edge(*select_newest_);
    if (!row || !newest) return std::nullopt;
    const auto age = static_cast<double>(now - row->committed);
    const auto time = static_cast<double>(std::chrono::nanoseconds(options_.retain_time).count());
    const auto bytes = static_cast<double>(newest->total - row->total) / static_cast<double>(options_.retain_bytes);
    return Consumers::Place{row->committed, std::max(bytes, age / time)};
  } catch (const SQLite::Exception&) {
    return std::nullopt;  // whoever reads there says so
  }
}

}  // namespace myriad::spine
