#include "security/accounts.h"

#include <SQLiteCpp/SQLiteCpp.h>

#include <array>

#include "storage/database.h"
#include "storage/salvage.h"

namespace myriad::security {
namespace {

constexpr std::array migrations{
    "CREATE TABLE users (name TEXT PRIMARY KEY, role TEXT NOT NULL, log2_n INTEGER NOT NULL, salt BLOB NOT NULL,"
    "  key BLOB NOT NULL, must_change INTEGER NOT NULL, generation INTEGER NOT NULL);"
    "CREATE TABLE audit (id INTEGER PRIMARY KEY AUTOINCREMENT, time INTEGER NOT NULL, who TEXT NOT NULL,"
    "  what TEXT NOT NULL, origin TEXT NOT NULL);",
};

std::string blob(const SQLite::Column& column) {
  return {static_cast<const char*>(column.getBlob()), static_cast<std::size_t>(column.getBytes())};
}

void bind_blob(SQLite::Statement& statement, int at, std::string_view bytes) {
  statement.bind(at, bytes.data(), static_cast<int>(bytes.size()));
}

}  // namespace

Accounts::Accounts(std::filesystem::path file, std::unique_ptr<SQLite::Database> db)
    : file_(std::move(file)), db_(std::move(db)) {}
Accounts::~Accounts() = default;

Result<std::unique_ptr<Accounts>> Accounts::open(const std::filesystem::path& file, Nanos now,
                                                 const std::function<void(const std::string&)>& damaged) {
  constexpr const char* probes[] = {"SELECT sum(length(salt) + length(key)) FROM users"};
  auto db = storage::open_or_mend(file, migrations, storage::Sync::full, probes, now, damaged);
  if (!db) return db.error();
  std::unique_ptr<Accounts> accounts(new Accounts(file, *std::move(db)));
  if (auto loaded = accounts->load(); !loaded) return loaded.error();
  return accounts;
}

Status Accounts::load() {
  try {
    SQLite::Statement rows(*db_, "SELECT name, role, log2_n, salt, key, must_change, generation FROM users");
    while (rows.executeStep()) {
      Account a{
          rows.getColumn(0), rows.getColumn(1), {}, rows.getColumn(5).getInt() != 0, rows.getColumn(6).getInt64()};
      a.password = {rows.getColumn(2).getUInt(), blob(rows.getColumn(3)), blob(rows.getColumn(4))};
      accounts_[a.name] = a;
    }
    return {};
  } catch (const SQLite::Exception& e) {
    return storage::to_error(e, file_);
  }
}

std::filesystem::path Accounts::lost() const {
  const auto aside = storage::aside(file_);
  return empty() && !aside.empty() ? aside.back() : std::filesystem::path();
}

bool Accounts::empty() const {
  const std::lock_guard lock(mutex_);
  return accounts_.empty();
}

std::optional<Account> Accounts::find(std::string_view name) const {
  const std::lock_guard lock(mutex_);
  const auto it = accounts_.find(name);
  if (it == accounts_.end()) return std::nullopt;
  return it->second;
}

Status Accounts::put(const Account& a) {
  const std::lock_guard db_lock(db_mutex_);
  try {
    SQLite::Statement row(*db_, "INSERT OR REPLACE INTO users VALUES (?, ?, ?, ?, ?, ?, ?)");
    row.bind(1, a.name);
    row.bind(2, a.role);
    row.bind(3, a.password.log2_n);
    bind_blob(row, 4, a.password.salt);
    bind_blob(row, 5, a.password.key);
    row.bind(6, a.must_change_password ? 1 : 0);
    row.bind(7, a.generation);
    row.exec();
  } catch (const SQLite::Exception& e) {
    return storage::to_error(e, file_);
  }
  const std::lock_guard lock(mutex_);
  accounts_[a.name] = a;
  return {};
}

Status Accounts::audit(Nanos time, std::string_view who, std::string_view what, std::string_view origin) {
  const std::lock_guard lock(db_mutex_);
  try {
    SQLite::Transaction transaction(*db_);
    SQLite::Statement row(*db_, "INSERT INTO audit (time, who, what, origin) VALUES (?, ?, ?, ?)");
    row.bind(1, time);
    row.bind(2, std::string(who));
    row.bind(3, std::string(what));
    row.bind(4, std::string(origin));
    row.exec();
    SQLite::Statement old(*db_, "DELETE FROM audit WHERE id <= ?");
    old.bind(1, db_->getLastInsertRowid() - audit_kept);
    old.exec();
    transaction.commit();
    return {};
  } catch (const SQLite::Exception& e) {
    return storage::to_error(e, file_);
  }
}

}  // namespace myriad::security
