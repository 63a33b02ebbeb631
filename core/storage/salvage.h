// What is left of a damaged SQLite file, and finding out that it is damaged.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "storage/database.h"

namespace myriad::storage {

// Told each time that damage is met or mended: "…: cut 3 damaged rows".
using OnDamage = std::function<void(const std::string& what)>;

// SQLite's pages do not fit together, or it is no database; a full or failing disk is not damage.
bool is_damage(const SQLite::Exception&);

// Renames the file with its -wal and -shm, so that a new one can begin: "x.db" → "x.db.damaged-20261125T170000Z".
Result<std::filesystem::path> set_aside(const std::filesystem::path& file, Nanos now);
// Files set aside before, oldest first.
std::vector<std::filesystem::path> aside(const std::filesystem::path& file);

struct Salvaged {
  std::uint64_t rows = 0;
  std::vector<std::string> damaged;  // tables of which something, or all, is missing
};
// Copies every row that can be read into the tables of the same names in `fresh`: by ranges of row ids around the
// damaged pages. A table that `old` does not have counts as damaged only when nothing of its schema can be read.
Result<Salvaged> salvage(const std::filesystem::path& old, SQLite::Database& fresh,
                         std::span<const std::string> tables);
// All tables of `fresh`.
Result<Salvaged> salvage(const std::filesystem::path& old, SQLite::Database& fresh);

// Copies what can be read of a damaged file, which nobody has open, into a new one in its place, and sets it aside.
// When that fails, as on a full disk, all is as it was. `finish` changes the new file before it takes the place.
struct Mended {
  std::filesystem::path old;
  Salvaged kept;
};
Result<Mended> mend(const std::filesystem::path& file, std::span<const char* const> migrations, Nanos now,
                    const std::function<Status(SQLite::Database&)>& finish = {});

// As open(); then runs `probes`, statements that read what must be readable at start, and checks all of a small file.
// When the file is damaged, or a check marked it so before, it is set aside, what can be read goes into a new file, and
// `damaged` is told.
Result<std::unique_ptr<SQLite::Database>> open_or_mend(const std::filesystem::path& file,
                                                       std::span<const char* const> migrations, Sync sync,
                                                       std::span<const char* const> probes, Nanos now,
                                                       const OnDamage& damaged);

// Has the next open_or_mend() mend the file.
void mark_for_mending(const std::filesystem::path& file);
bool is_marked_for_mending(const std::filesystem::path& file);
void unmark(const std::filesystem::path& file);

// Reads the whole file on a connection of its own, with pauses three times as long as the reading, and in pieces, so
// that a log that is written meanwhile can be copied. Empty: sound; else the first problem. `go_on` is asked often;
// Code::cancelled when it says no.
Result<std::string> check(const std::filesystem::path& file, const std::function<bool()>& go_on);

}  // namespace myriad::storage
