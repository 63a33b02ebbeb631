// How every SQLite file here is opened and upgraded, and where SQLiteCpp's exceptions end.
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>

#include "base/result.h"

namespace SQLite {
class Database;
class Exception;
}  // namespace SQLite

namespace myriad::storage {

enum class Sync : std::uint8_t {
  full,    // a commit is on disk when it returns
  normal,  // a commit survives a crash of the process, perhaps not of the machine
};

// WAL, foreign keys on, 5 s busy timeout; makes the file with mode 0600. Then applies the migrations that the file
// lacks (PRAGMA user_version counts them), each in a transaction. A file from a newer Myriad is refused. `is_damaged`
// is set when it is that; see open_or_mend().
Result<std::unique_ptr<SQLite::Database>> open(const std::filesystem::path& file,
                                               std::span<const char* const> migrations, Sync sync = Sync::full,
                                               bool* is_damaged = nullptr);

// A full disk is `unavailable`, a read-only or unreadable file `denied`, a damaged one `internal`; all name the file.
Error to_error(const SQLite::Exception&, const std::filesystem::path& file);

}  // namespace myriad::storage
