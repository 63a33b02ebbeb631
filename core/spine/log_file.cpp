#include "spine/log_file.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <sqlite3.h>

#include <algorithm>

#include "storage/database.h"
#include "storage/salvage.h"

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

Error closed() {
  return {Code::unavailable, "the log could not be opened again after it was damaged; the log of the daemon says why"};
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
        holding(db, "SELECT total FROM log WHERE first <= ? ORDER BY first DESC LIMIT 1"),
        remove(db, "DELETE FROM log WHERE first < ?"),
        bury(db,
             "INSERT INTO dead_letter(consumer, sequence, refused, count, reason, reading) VALUES (?, ?, ?, ?, ?, ?) "
             "ON CONFLICT(consumer, sequence) DO UPDATE SET refused = excluded.refused, "
             "count = count + excluded.count, reason = excluded.reason"),
        forget(db, "DELETE FROM dead_letter WHERE consumer = ? AND sequence BETWEEN ? AND ?"),
        crowd(db,
              "DELETE FROM dead_letter WHERE id IN (SELECT id FROM dead_letter WHERE consumer = ?1 "
              "ORDER BY sequence LIMIT max(0, (SELECT count(*) FROM dead_letter WHERE consumer = ?1) - ?2))") {}
  SQLite::Statement row, point, save, drop, oldest, holding, remove, bury, forget, crowd;
};

LogFile::LogFile(const Options& options, model::Points& points, const Log& log)
    : options_(options), points_(points), log_(log), mark_(options.file) {}

LogFile::~LogFile() = default;

Result<std::unique_ptr<LogFile>> LogFile::open(const Options& options, model::Points& points, const Clock& clock,
                                               const Log& log) {
  std::unique_ptr<LogFile> file(new LogFile(options, points, log));
  bool is_damaged = storage::is_marked_for_mending(options.file);
  const auto opened = is_damaged ? Status(Error{Code::internal, "a check found damage"}) : file->connect(is_damaged);
  if (!opened && !is_damaged) return opened.error();
  if (!opened)
    if (auto mended = file->mend(opened.error().message, clock.now()); !mended) return mended.error();
  return file;
}

Status LogFile::connect(bool& is_damaged) {
  const auto sync = options_.durability == Durability::full ? storage::Sync::full : storage::Sync::normal;
  auto db = storage::open(options_.file, migrations, sync, &is_damaged);
  if (!db) return db.error();
  db_ = std::move(*db);
  try {
    load();
    return {};
  } catch (const SQLite::Exception& e) {
    is_damaged = storage::is_damage(e);
    disconnect();  // half open would look like open to the next commit
    return storage::to_error(e, options_.file);
  }
}

void LogFile::disconnect() {
  for (auto* statement :
       {&select_, &select_head_, &select_oldest_, &select_newest_, &select_from_, &select_letters_, &count_letters_})
    statement->reset();
  read_db_.reset();
  checkpointer_.reset();
  writer_.reset();
  db_.reset();
}

// Sets the file aside and goes on in a new one with what can be read of it.
Status LogFile::mend(const std::string& why, Nanos now) {
  const std::scoped_lock lock(read_mutex_);
  disconnect();
  const auto mended =
      storage::mend(options_.file, migrations, now, [&](SQLite::Database& fresh) { return begin_beyond(fresh, now); });
  if (!mended) return mended.error();
  bool is_damaged = false;
  if (auto opened = connect(is_damaged); !opened) return opened;
  report(options_.file.string() + " is damaged (" + why + "): it was set aside as " + mended->old.filename().string() +
         ", and goes on at " + std::to_string(end_) + " in a new file with " + std::to_string(mended->kept.rows) +
         " rows of the old; consumers lose what could not be read; check the disk");
  return {};
}

// Nobody knows how many readings the old file held: none of their numbers may be given again.
Status LogFile::begin_beyond(SQLite::Database& fresh, Nanos now) const {
  constexpr Nanos microsecond = 1'000;  // without a mark: beyond any count of readings, and exact as a double
  const Sequence next = mark_.read().value_or(static_cast<Sequence>(now / microsecond));
  try {
    SQLite::Statement keep(fresh,
                           "INSERT INTO after_cut(next, total) VALUES (max(?, (SELECT coalesce(max(next), 1) FROM "
                           "cursor)), 0)");
    keep.bind(1, sql(next));
    keep.exec();
    return {};
  } catch (const SQLite::Exception& e) {
    return storage::to_error(e, options_.file);
  }
}

void LogFile::report(const std::string& what) const {
  if (options_.on_damage) return options_.on_damage(what);
  log_.error(what);
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
  prepare_reading();
  restore_points();
  restore_cursors();
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

void LogFile::prepare_reading() {
  read_db_ = std::make_unique<SQLite::Database>(options_.file.string(), SQLite::OPEN_READONLY, 5'000);
  const auto prepare = [&](const std::string& text) { return std::make_unique<SQLite::Statement>(*read_db_, text); };
  select_ = prepare(
      "SELECT first, committed, count, payload FROM log WHERE first >= coalesce("
      "(SELECT max(first) FROM log WHERE first <= ?1), ?1) ORDER BY first LIMIT ?2");
  const std::string head = "SELECT first, count, committed, total FROM log ";
  select_head_ = prepare(head + "WHERE first BETWEEN ? AND ? ORDER BY first DESC LIMIT 1");
  select_oldest_ = prepare(head + "ORDER BY first LIMIT 1");
  select_newest_ = prepare(head + "ORDER BY first DESC LIMIT 1");
  select_from_ = prepare(head + "WHERE first >= ? ORDER BY first LIMIT 1");
  select_letters_ = prepare(
      "SELECT sequence, refused, count, reason, reading FROM dead_letter WHERE consumer = ? AND sequence > ? "
      "ORDER BY sequence LIMIT ?");
  count_letters_ = prepare("SELECT count(*) FROM dead_letter WHERE consumer = ?");
}

// An id whose name was lost with the file's damage keeps its readings under a name that says so.
void LogFile::restore_points() {
  SQLite::Statement select(*db_, "SELECT id, name FROM point ORDER BY id");
  std::vector<std::pair<std::uint32_t, std::string>> stored;
  while (select.executeStep())
    stored.emplace_back(static_cast<std::uint32_t>(u64(select.getColumn(0))), select.getColumn(1).getString());
  const auto restore = [&](std::uint32_t id, const std::string& name) {
    const auto given = points_.intern(name);
    if (!given || *given != model::PointId{id})
      throw SQLite::Exception("point " + std::to_string(id) + " ('" + name + "') cannot get its number back",
                              SQLITE_CORRUPT);
  };
  stored_points_ = 0;
  for (const auto& [id, name] : stored) {
    while (++stored_points_ < id) {
      const std::string known(points_.name(model::PointId{stored_points_}));
      const std::string lost = known.empty() ? "lost/point-" + std::to_string(stored_points_) : known;
      restore(stored_points_, lost);
      write_point(stored_points_, lost);
    }
    restore(id, name);
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
  report(options_.file.string() + ": cut " + std::to_string(damaged.size()) + " damaged rows with " +
         std::to_string(readings) + " readings, the first at " + std::to_string(damaged.back()) + "; check the disk");
}

void LogFile::restore_cursors() {
  cursors_.clear();
  SQLite::Statement select(*db_, "SELECT name, next, state FROM cursor");
  while (select.executeStep())
    cursors_[select.getColumn(0).getString()] = {u64(select.getColumn(1)), select.getColumn(2).getString()};
}

// Where the file's damage is in the way of writing, it is mended at once.
Status LogFile::commit(const std::vector<std::shared_ptr<Block>>& blocks, const CursorChanges& cursors,
                       const std::vector<LetterChange>& letters, Nanos now, Sequence held) {
  bool is_damaged = false;
  auto done = db_ ? try_commit(blocks, cursors, letters, now, held, is_damaged) : Status(closed());
  if (done || !(is_damaged || !db_)) return done;
  if (auto mended = mend(done.error().message, now); !mended) return mended;
  return try_commit(blocks, cursors, letters, now, held, is_damaged);
}

Status LogFile::try_commit(const std::vector<std::shared_ptr<Block>>& blocks, const CursorChanges& cursors,
                           const std::vector<LetterChange>& letters, Nanos now, Sequence held, bool& is_damaged) {
  const auto before = std::tuple(begin_, end_, written_bytes_, dropped_bytes_);
  const std::uint32_t points = points_.size();
  std::size_t readings = 0;
  for (const auto& block : blocks) readings += block->batch.readings.size();
  if (auto reserved = mark_.reserve(end_ + readings); !reserved) return reserved;
  try {
    SQLite::Transaction transaction(*db_, SQLite::TransactionBehavior::IMMEDIATE);
    write_points(points);
    for (const auto& block : blocks) write_block(*block, now);
    write_cursors(cursors);
    write_letters(letters);
    drop_old(now, held, drop_at_least + 2 * readings / row_readings);
    transaction.commit();
    stored_points_ = points;
  } catch (const SQLite::Exception& e) {
    std::tie(begin_, end_, written_bytes_, dropped_bytes_) = before;
    is_damaged = storage::is_damage(e);
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
  for (std::uint32_t id = stored_points_ + 1; id <= last; ++id)
    write_point(id, std::string(points_.name(model::PointId{id})));
}

void LogFile::write_point(std::uint32_t id, const std::string& name) {
  writer_->point.tryReset();
  writer_->point.bind(1, sql(id));
  writer_->point.bind(2, name);
  writer_->point.exec();
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
    const bool too_old = oldest.getColumn(1).getInt64() < oldest_kept;
    if (next >= end_ || next > held || (!too_old && written_bytes_ - dropped <= options_.retain_bytes)) break;
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

std::optional<std::uint64_t> LogFile::bytes_from(Sequence first) {
  if (!db_) return std::nullopt;
  try {
    auto& holding = writer_->holding;
    holding.tryReset();
    holding.bind(1, sql(first));
    const std::uint64_t before = holding.executeStep() ? u64(holding.getColumn(0)) : dropped_bytes_;
    holding.tryReset();
    return written_bytes_ - before;
  } catch (const SQLite::Exception&) {
    return std::nullopt;  // the next commit says so
  }
}

Status LogFile::probe(std::size_t bytes) {
  if (!db_) return {};  // the next commit tries to mend it
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

// Stops in front of damaged pages; throws where the first row lies among them.
std::vector<LogFile::Row> LogFile::read_rows(Sequence from) {
  const std::scoped_lock lock(read_mutex_);
  need_reader();
  std::vector<Row> rows;
  select_->tryReset();
  select_->bind(1, sql(from));
  select_->bind(2, rows_per_read);
  std::size_t readings = 0;
  try {
    while (readings < row_readings && select_->executeStep()) {
      const BytesView payload = bytes_of(select_->getColumn(3));
      Row row{u64(select_->getColumn(0)), select_->getColumn(1).getInt64(), u64(select_->getColumn(2)),
              Bytes(payload.begin(), payload.end())};
      if (row.first + row.count <= from) continue;
      readings += row.count;
      rows.push_back(std::move(row));
    }
  } catch (const SQLite::Exception& e) {
    if (rows.empty() || !storage::is_damage(e)) throw;
  }
  select_->tryReset();
  return rows;
}

Result<BlockPtr> LogFile::read(Sequence from) {
  Decoder decoder;
  for (;;) {
    std::vector<Row> rows;
    try {
      rows = read_rows(from);
    } catch (const SQLite::Exception& e) {
      if (!storage::is_damage(e)) return storage::to_error(e, options_.file);
      const auto next = behind_damage(from);
      report_once(from, "skipped damaged pages at " + std::to_string(from) + ", it goes on " +
                            (next ? "at " + std::to_string(*next) : "at the end"));
      if (!next) return BlockPtr();
      from = *next;
      continue;
    }
    if (rows.empty()) return BlockPtr();
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
      report_once(row.first, "skipped a damaged row with " + std::to_string(row.count) + " readings at " +
                                 std::to_string(row.first));
      from = row.first + row.count;
    }
    if (!block->batch.readings.empty()) return BlockPtr(std::move(block));
  }
}

// Consumers come by one after the other.
void LogFile::report_once(Sequence at, const std::string& what) {
  constexpr std::size_t most = 1'000;
  {
    const std::scoped_lock lock(read_mutex_);
    if (reported_.size() >= most || !reported_.insert(at).second) return;
  }
  report(options_.file.string() + ": " + what + "; check the disk");
}

// The first row behind `from` that can be found: in growing steps over the damage, then back by halves.
std::optional<Sequence> LogFile::behind_damage(Sequence from) {
  constexpr Sequence most = Sequence{1} << 60;
  Sequence damaged = from, step = 1;
  std::optional<Sequence> found;
  while (step < most && !(found = try_row_from(from + step))) {
    damaged = from + step;
    step *= 2;
  }
  for (Sequence whole = from + step; found && damaged + 1 < whole;) {
    const Sequence middle = damaged + (whole - damaged) / 2;
    if (const auto nearer = try_row_from(middle)) {
      found = nearer;
      whole = middle;
    } else {
      damaged = middle;
    }
  }
  return found;
}

std::optional<Sequence> LogFile::try_row_from(Sequence from) {
  const std::scoped_lock lock(read_mutex_);
  try {
    need_reader();
    const auto row = head_of(*select_from_, from);
    return row ? std::optional(row->first) : std::nullopt;
  } catch (const SQLite::Exception&) {
    return std::nullopt;
  }
}

Result<std::vector<DeadLetter>> LogFile::dead_letters(const std::string& consumer, Sequence after, std::size_t limit) {
  try {
    const std::scoped_lock lock(read_mutex_);
    need_reader();
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
    need_reader();
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
  need_reader();
  return head_of(*select_head_, from, to);
}

std::optional<LogFile::Head> LogFile::oldest() {
  const std::scoped_lock lock(read_mutex_);
  need_reader();
  return head_of(*select_oldest_);
}

std::optional<LogFile::Head> LogFile::newest() {
  const std::scoped_lock lock(read_mutex_);
  need_reader();
  return head_of(*select_newest_);
}

void LogFile::need_reader() const {
  if (!read_db_) throw SQLite::Exception(closed().message);
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
    if (!row) row = oldest();
    const auto last = newest();
    if (!row || !last) return std::nullopt;
    const auto age = static_cast<double>(now - row->committed);
    const auto time = static_cast<double>(std::chrono::nanoseconds(options_.retain_time).count());
    const auto bytes = static_cast<double>(last->total - row->total) / static_cast<double>(options_.retain_bytes);
    return Consumers::Place{row->committed, std::max(bytes, age / time)};
  } catch (const SQLite::Exception&) {
    return std::nullopt;  // whoever reads there says so
  }
}

}  // namespace myriad::spine
