#include "storage/database.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "storage/salvage.h"

namespace myriad::storage {
namespace {

// SQLite makes files with the process's umask; ours hold secrets, so make them first.
Status make_private(const std::filesystem::path& file) {
  const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0)
    return Error{errno == ENOSPC ? Code::unavailable : Code::denied,
                 "cannot open " + file.string() + " for writing: " + std::strerror(errno) +
                     "; give the daemon a data directory that it owns (--data)"};
  ::close(fd);
  return {};
}

void migrate(SQLite::Database& db, std::span<const char* const> migrations) {
  const auto done = static_cast<std::size_t>(db.execAndGet("PRAGMA user_version").getInt());
  if (done > migrations.size())
    throw SQLite::Exception("it was written by a newer Myriad (layout " + std::to_string(done) + ", this one knows " +
                            std::to_string(migrations.size()) + "): upgrade Myriad or restore a backup");
  for (std::size_t i = done; i < migrations.size(); ++i) {
    SQLite::Transaction transaction(db);
    db.exec(migrations[i]);
    db.exec("PRAGMA user_version = " + std::to_string(i + 1));
    transaction.commit();
  }
}

}  // namespace

Result<std::unique_ptr<SQLite::Database>> open(const std::filesystem::path& file,
                                               std::span<const char* const> migrations, Sync sync, bool* is_damaged) {
  if (auto made = make_private(file); !made) return made.error();
  try {
    auto db = std::make_unique<SQLite::Database>(file.string(), SQLite::OPEN_READWRITE, 5'000);
    db->exec("PRAGMA journal_mode = WAL");
    db->exec(sync == Sync::full ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL");
    db->exec("PRAGMA foreign_keys = ON");
    db->exec("PRAGMA temp_store = MEMORY");  // nothing of it lies outside the data directory
    migrate(*db, migrations);
    return db;
  } catch (const SQLite::Exception& e) {
    if (is_damaged) *is_damaged = storage::is_damage(e);
    return to_error(e, file);
  }
}

Error to_error(const SQLite::Exception& e, const std::filesystem::path& file) {
  const std::string what = file.string() + ": " + e.what();
  switch (e.getErrorCode() & 0xff) {
    case SQLITE_FULL:
    case SQLITE_IOERR:
      return {Code::unavailable, what + "; free some disk space, check the disk"};
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
      return {Code::denied, what + "; give the daemon a data directory that it may write"};
    case SQLITE_BUSY:
      return {Code::unavailable, what + "; another process holds the file"};
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return {Code::internal, what + "; the file is damaged: restore a backup"};
    default:
      return {Code::internal, what};
  }
}

}  // namespace myriad::storage
