// Local accounts and the audit trail, in security.db. Accounts are also held in memory. Thread-safe.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "security/password.h"

namespace SQLite {
class Database;
}

namespace myriad::security {

struct Account {
  std::string name, role;
  Hash password;
  bool must_change_password = false;
  std::int64_t generation = 0;  // of the password
};

class Accounts {
 public:
  static constexpr std::int64_t audit_kept = 100'000;

  // A damaged file is set aside and goes on with what can be read of it; `damaged` is told.
  static Result<std::unique_ptr<Accounts>> open(const std::filesystem::path& file, Nanos now,
                                                const std::function<void(const std::string&)>& damaged);
  ~Accounts();

  bool empty() const;
  // Where a damaged file lies that held accounts which are not here; empty: nowhere.
  std::filesystem::path lost() const;
  std::optional<Account> find(std::string_view name) const;
  Status put(const Account& account);  // adds or replaces; durable when it returns
  // `who` is an account's name, or empty: what a stranger typed may be a password.
  Status audit(Nanos time, std::string_view who, std::string_view what, std::string_view origin);

 private:
  Accounts(std::filesystem::path file, std::unique_ptr<SQLite::Database> db);
  Status load();

  const std::filesystem::path file_;
  std::mutex db_mutex_;  // guards db_
  const std::unique_ptr<SQLite::Database> db_;
  mutable std::mutex mutex_;  // guards accounts_
  std::map<std::string, Account, std::less<>> accounts_;
};

}  // namespace myriad::security
