#include "storage/salvage.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <sqlite3.h>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <fstream>
#include <optional>

#include "base/time_text.h"

namespace myriad::storage {
namespace {

constexpr int busy_ms = 5'000;
constexpr int rows_per_transaction = 2'000;
constexpr int most_failures = 2'000;  // of one table: each is a seek that ends at a damaged page

std::string quoted(const std::string& name) {
  return '"' + name + '"';  // ours hold no quotes
}

// Also a file that is too short, which SQLite otherwise refuses as a whole. Nothing is written to it.
std::unique_ptr<SQLite::Database> open_damaged(const std::filesystem::path& file) {
  auto db = std::make_unique<SQLite::Database>(file.string(), SQLite::OPEN_READWRITE, busy_ms);
  sqlite3_db_config(db->getHandle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  db->exec("PRAGMA writable_schema = ON");
  db->exec("PRAGMA cell_size_check = ON");
  return db;
}

std::vector<std::string> names(SQLite::Database& db, const std::string& query) {
  std::vector<std::string> out;
  SQLite::Statement select(db, query);
  while (select.executeStep()) out.push_back(select.getColumn(0).getString());
  return out;
}

std::vector<std::string> tables_of(SQLite::Database& db) {
  return names(db, "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'");
}

std::vector<std::string> columns_of(SQLite::Database& db, const std::string& table) {
  return names(db, "SELECT name FROM pragma_table_info('" + table + "') ORDER BY cid");
}

std::string joined(const std::vector<std::string>& parts, const std::string& between) {
  std::string out;
  for (const auto& part : parts) out += (out.empty() ? "" : between) + part;
  return out;
}

void bind(SQLite::Statement& to, int at, const SQLite::Column& value) {
  if (value.isInteger())
    to.bind(at, value.getInt64());
  else if (value.isFloat())
    to.bind(at, value.getDouble());
  else if (value.isText())
    to.bind(at, value.getString());
  else if (value.isBlob())
    to.bind(at, value.getBlob(), value.getBytes());
  else
    to.bind(at);
}

// Copies one table.
class Copy {
 public:
  Copy(SQLite::Database& old, SQLite::Database& fresh, const std::string& table) : fresh_(fresh), table_(table) {
    const auto known = columns_of(fresh, table);
    std::vector<std::string> columns, marks;
    for (const auto& name : columns_of(old, table))
      if (std::find(known.begin(), known.end(), name) != known.end()) {
        columns.push_back(quoted(name));
        marks.emplace_back("?");
      }
    count_ = static_cast<int>(columns.size());
    if (columns.empty()) return;
    const auto list = joined(columns, ", ");
    const auto key = key_of(fresh, table);
    const auto select = [&](const char* order) {
      return std::make_unique<SQLite::Statement>(
          old, "SELECT " + list + (key.empty() ? ", rowid" : "") + " FROM " + quoted(table) +
                   (key.empty() ? " WHERE rowid BETWEEN ? AND ? ORDER BY rowid" : " ORDER BY " + quoted(key)) + order);
    };
    by_row_id_ = key.empty();
    up_ = select("");
    down_ = select(" DESC");
    insert_ = std::make_unique<SQLite::Statement>(
        fresh, "INSERT OR REPLACE INTO " + quoted(table) + "(" + list + ") VALUES (" + joined(marks, ", ") + ")");
  }

  struct Result {
    std::uint64_t rows = 0;
    bool damaged = false;
  };
  Result run() {
    if (count_ == 0) return {0, true};
    transaction_.emplace(fresh_);
    if (by_row_id_)
      copy_by_ranges();
    else if (!scan(*up_))
      scan(*down_);
    transaction_->commit();
    return {rows_, failures_ > 0};
  }

 private:
  // The key of a table WITHOUT ROWID; empty for others.
  static std::string key_of(SQLite::Database& db, const std::string& table) {
    const auto without = names(db, "SELECT name FROM pragma_table_list WHERE wr = 1 AND name = '" + table + "'");
    if (without.empty()) return {};
    const auto keys = names(db, "SELECT name FROM pragma_table_info('" + table + "') WHERE pk = 1");
    return keys.empty() ? std::string() : keys[0];
  }

  // From both ends of a range to where it is damaged, then the same with the halves of what lies between.
  void copy_by_ranges() {
    std::deque<std::pair<std::int64_t, std::int64_t>> ranges{{INT64_MIN, INT64_MAX}};
    for (; !ranges.empty() && failures_ < most_failures; ranges.pop_front()) {
      auto [from, to] = ranges.front();
      last_.reset();
      if (scan(*up_, from, to)) continue;
      if (last_) from = *last_ + 1;
      last_.reset();
      if (from > to || scan(*down_, from, to)) continue;
      if (last_) to = *last_ - 1;
      if (from >= to) continue;
      const auto middle =
          from + static_cast<std::int64_t>((static_cast<std::uint64_t>(to) - static_cast<std::uint64_t>(from)) / 2);
      ranges.emplace_back(from, middle);
      ranges.emplace_back(middle + 1, to);
    }
  }

  // False: it met damage; last_ is the last row before it.
  template <class... Bound>
  bool scan(SQLite::Statement& select, Bound... bound) {
    try {
      select.tryReset();
      int at = 0;
      (select.bind(++at, bound), ...);
      while (select.executeStep()) take(select);
      select.tryReset();
      return true;
    } catch (const SQLite::Exception& e) {
      select.tryReset();
      if (!is_damage(e)) throw;
      ++failures_;
      return false;
    }
  }

  void take(SQLite::Statement& select) {
    if (!std::exchange(begun_, true)) fresh_.exec("DELETE FROM " + quoted(table_));  // rows that its making put there
    insert_->tryReset();
    for (int i = 0; i < count_; ++i) bind(*insert_, i + 1, select.getColumn(i));
    if (by_row_id_) last_ = select.getColumn(count_).getInt64();
    try {
      insert_->exec();
    } catch (const SQLite::Exception& e) {
      if ((e.getErrorCode() & 0xff) != SQLITE_CONSTRAINT && (e.getErrorCode() & 0xff) != SQLITE_MISMATCH) throw;
      ++failures_;  // a row that no longer keeps the rules
      return;
    }
    if (++rows_ % rows_per_transaction > 0) return;
    transaction_->commit();
    transaction_.emplace(fresh_);
  }

  SQLite::Database& fresh_;
  const std::string table_;
  std::unique_ptr<SQLite::Statement> up_, down_, insert_;
  std::optional<SQLite::Transaction> transaction_;
  bool by_row_id_ = true, begun_ = false;
  int count_ = 0, failures_ = 0;
  std::uint64_t rows_ = 0;
  std::optional<std::int64_t> last_;
};

std::filesystem::path mark_of(const std::filesystem::path& file) {
  return file.string() + ".mend";
}

// A small file is looked at as a whole: that takes milliseconds.
void run_probes(SQLite::Database& db, const std::filesystem::path& file, std::span<const char* const> probes) {
  constexpr std::uintmax_t small_file = std::uintmax_t{2} << 20;
  if (std::filesystem::file_size(file) <= small_file) {
    const auto said = db.execAndGet("PRAGMA quick_check(1)").getString();
    if (said != "ok") throw SQLite::Exception(said, SQLITE_CORRUPT);
  }
  for (const char* probe : probes) {
    SQLite::Statement select(db, probe);
    while (select.executeStep()) continue;
  }
}

}  // namespace

bool is_damage(const SQLite::Exception& e) {
  const int code = e.getErrorCode() & 0xff;
  return code == SQLITE_CORRUPT || code == SQLITE_NOTADB;
}

Result<std::filesystem::path> set_aside(const std::filesystem::path& file, Nanos now) {
  std::string time = format_time(now / 1'000'000'000 * 1'000'000'000);
  std::erase_if(time, [](char c) { return c == '-' || c == ':'; });
  std::filesystem::path to = file.string() + ".damaged-" + time;
  for (int i = 2; std::filesystem::exists(to); ++i) to = file.string() + ".damaged-" + time + "-" + std::to_string(i);
  std::error_code error;
  std::filesystem::rename(file, to, error);
  if (error)
    return Error{Code::denied, "cannot set " + file.string() + " aside as " + to.string() + ": " + error.message() +
                                   "; give the daemon a data directory that it may write"};
  for (const char* part : {"-wal", "-shm"}) {
    std::filesystem::rename(file.string() + part, to.string() + part, error);  // perhaps there is none
    if (error) error.clear();
  }
  return to;
}

std::vector<std::filesystem::path> aside(const std::filesystem::path& file) {
  std::vector<std::filesystem::path> out;
  const auto prefix = file.filename().string() + ".damaged-";
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(file.parent_path(), error)) {
    const auto name = entry.path().filename().string();
    if (name.starts_with(prefix) && !name.ends_with("-wal") && !name.ends_with("-shm")) out.push_back(entry.path());
  }
  std::sort(out.begin(), out.end());
  return out;
}

Result<Salvaged> salvage(const std::filesystem::path& old, SQLite::Database& fresh,
                         std::span<const std::string> tables) {
  Salvaged out;
  std::unique_ptr<SQLite::Database> from;
  std::vector<std::string> known;
  try {
    from = open_damaged(old);
    known = tables_of(*from);
  } catch (const SQLite::Exception&) {
    from.reset();
  }
  for (const auto& table : tables) {
    try {
      if (from && std::find(known.begin(), known.end(), table) == known.end()) continue;  // it is younger than the file
      const auto copied = from ? Copy(*from, fresh, table).run() : Copy::Result{0, true};
      out.rows += copied.rows;
      if (copied.damaged) out.damaged.push_back(table);
    } catch (const SQLite::Exception& e) {
      if (!is_damage(e) && (e.getErrorCode() & 0xff) != SQLITE_ERROR) return to_error(e, old);
      out.damaged.push_back(table);
    }
  }
  return out;
}

Result<Salvaged> salvage(const std::filesystem::path& old, SQLite::Database& fresh) {
  try {
    return salvage(old, fresh, tables_of(fresh));
  } catch (const SQLite::Exception& e) {
    return to_error(e, old);
  }
}

Result<std::unique_ptr<SQLite::Database>> open_or_mend(const std::filesystem::path& file,
                                                       std::span<const char* const> migrations, Sync sync,
                                                       std::span<const char* const> probes, Nanos now,
                                                       const OnDamage& damaged) {
  std::string why = "a check found it damaged";
  if (!is_marked_for_mending(file)) {
    bool is_damaged = false;
    auto db = open(file, migrations, sync, &is_damaged);
    if (!db && !is_damaged) return db;
    if (!db) why = db.error().message;
    try {
      if (db) run_probes(**db, file, probes);
      if (db) return db;
    } catch (const SQLite::Exception& e) {
      if (!is_damage(e)) return to_error(e, file);
      why = e.what();
    }
  }
  const auto mended = mend(file, migrations, now);
  if (!mended) return mended.error();
  if (damaged)
    damaged(
        file.string() + " is damaged (" + why + "): it was set aside as " + mended->old.filename().string() + ", " +
        std::to_string(mended->kept.rows) + " rows were kept" +
        (mended->kept.damaged.empty() ? "" : ", and something is missing from " + joined(mended->kept.damaged, ", ")) +
        "; check the disk, restore a backup if you miss something");
  return open(file, migrations, sync);
}

Result<Mended> mend(const std::filesystem::path& file, std::span<const char* const> migrations, Nanos now,
                    const std::function<Status(SQLite::Database&)>& finish) {
  const std::filesystem::path part = file.string() + ".new";
  for (const char* end : {"", "-wal", "-shm"}) std::filesystem::remove(part.string() + end);
  Mended out;
  const auto fill = [&]() -> Status {
    auto fresh = open(part, migrations, Sync::normal);
    if (!fresh) return fresh.error();
    auto kept = salvage(file, **fresh);
    if (!kept) return kept.error();
    out.kept = *std::move(kept);
    return finish ? finish(**fresh) : Status();
  };
  auto done = fill();  // closed again, so that all of it is in one file
  if (done) {
    auto old = set_aside(file, now);
    if (old) out.old = *std::move(old);
    if (!old) done = old.error();
  }
  std::error_code error;
  if (done) std::filesystem::rename(part, file, error);
  if (done && error) done = Error{Code::denied, "cannot rename " + part.string() + ": " + error.message()};
  if (!done) {
    std::filesystem::remove(part, error);
    return done.error();
  }
  unmark(file);
  return out;
}

void mark_for_mending(const std::filesystem::path& file) {
  std::ofstream(mark_of(file)) << "a check found damage: the next start mends it\n";
}
bool is_marked_for_mending(const std::filesystem::path& file) {
  return std::filesystem::exists(mark_of(file));
}
void unmark(const std::filesystem::path& file) {
  std::error_code none;
  std::filesystem::remove(mark_of(file), none);
}

}  // namespace myriad::storage
