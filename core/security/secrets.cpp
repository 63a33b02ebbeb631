#include "security/secrets.h"

#include <SQLiteCpp/SQLiteCpp.h>

#include <algorithm>
#include <array>
#include <map>
#include <mutex>
#include <numeric>

#include "base/names.h"
#include "security/cleanse.h"
#include "security/private_file.h"
#include "security/seal.h"
#include "storage/database.h"
#include "storage/salvage.h"

namespace myriad::security {
namespace {

constexpr std::array migrations{
    "CREATE TABLE version (next INTEGER NOT NULL);"
    "INSERT INTO version VALUES (1);"
    "CREATE TABLE secrets (name TEXT PRIMARY KEY, instances TEXT NOT NULL, updated INTEGER NOT NULL,"
    "  version INTEGER NOT NULL, sealed BLOB NOT NULL);",
};
constexpr const char* probes[] = {"SELECT sum(length(instances) + length(sealed)) FROM secrets",
                                  "SELECT next FROM version"};

// No version may come twice, or an old ETag would fit a new secret.
constexpr const char* beyond_versions =
    "UPDATE version SET next = max(next, (SELECT 1 + coalesce(max(version), 0) FROM secrets))";

std::string shown(std::string_view name) {
  return "'" + std::string(name.substr(0, 128)) + "'";
}

std::string mend(std::string_view name) {
  return "`myriad secret set " + std::string(name.substr(0, 128)) + " --instance ";
}

Error no_secret(std::string_view name) {
  return {Code::not_found, "there is no secret " + shown(name) + ": GET /api/v1/secrets lists them", "name"};
}

Error not_given(std::string_view name, std::string_view instance) {
  return {Code::unavailable, "there is no secret " + shown(name) + " for instance " + shown(instance) +
                                 ": an administrator gives it with " + mend(name) + std::string(instance) + "`"};
}

Error changed(std::uint64_t version) {
  return {Code::conflict, version == 0 ? "the secret is not there any more: GET /api/v1/secrets lists what is"
                                       : "the secret has changed since you read it (its version is now " +
                                             std::to_string(version) + "): read it again and repeat your change"};
}

// One that could match an instance's id: a slug, but for its stars.
bool is_pattern(std::string pattern) {
  std::replace(pattern.begin(), pattern.end(), '*', 'x');
  return is_slug(pattern);
}

Status check_name(std::string_view name) {
  if (is_slug(name)) return {};
  return Error{Code::invalid, "name " + shown(name) + ": use letters, digits, '_', '-', '.', '~', at most 128 bytes",
               "name"};
}

Status check_value(std::optional<std::string_view> value) {
  if (value && value->empty()) return Error{Code::invalid, "value is empty: send at least one byte", "/value"};
  if (value && value->size() > Secrets::value_max)
    return Error{Code::invalid,
                 "value has " + std::to_string(value->size()) + " bytes: a secret holds at most " +
                     std::to_string(Secrets::value_max) + "; keep larger ones in a file of their own",
                 "/value"};
  return {};
}

Status check_instances(const std::vector<std::string>& patterns) {
  if (patterns.empty() || patterns.size() > Secrets::most_instances)
    return Error{Code::invalid,
                 std::to_string(patterns.size()) + " instances: name 1 to " + std::to_string(Secrets::most_instances) +
                     ", as ids or patterns like plc-*",
                 "/instances"};
  for (std::size_t i = 0; i < patterns.size(); ++i)
    if (!is_pattern(patterns[i]))
      return Error{Code::invalid,
                   "instance " + shown(patterns[i]) + ": give an instance's id, in which * stands for any run",
                   "/instances/" + std::to_string(i)};
  return {};
}

// Patterns have no blanks.
std::string join(const std::vector<std::string>& words) {
  return std::accumulate(words.begin(), words.end(), std::string(), [](std::string text, const std::string& word) {
    return text + (text.empty() ? "" : " ") + word;
  });
}

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> words;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find(' ', at), text.size());
    words.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return words;
}

// The key that seals, in a file of its own. It is read each time, so that one that is restored counts at once.
class KeyFile {
 public:
  explicit KeyFile(const std::filesystem::path& folder) : file_(folder / "secrets.key") {}

  bool exists() const {
    std::error_code error;
    return std::filesystem::exists(file_, error) || error;
  }

  Result<std::string> read() const {
    if (!exists()) return Error{Code::unavailable, file_.string() + " is missing: " + restore};
    auto key = read_private(file_);
    if (!key) return away(key.error());
    if (key->size() != seal_key_size)
      return Error{Code::unavailable, file_.string() + " has " + std::to_string(key->size()) + " bytes instead of " +
                                          std::to_string(seal_key_size) + ": " + restore +
                                          "; or move it away, and set every secret again"};
    return key;
  }

  Result<std::string> read_or_make() const {
    if (exists()) return read();
    auto key = random_bytes(seal_key_size);
    if (auto written = write_private(file_, key); !written) return away(written.error());
    return key;
  }

  const std::filesystem::path& path() const { return file_; }

 private:
  // Whoever asks for a secret is not at fault.
  static Error away(const Error& error) { return {Code::unavailable, error.message}; }

  static constexpr const char* restore = "restore it from where it was kept";
  const std::filesystem::path file_;
};

class SealedSecrets final : public Secrets {
 public:
  SealedSecrets(const Options& options, std::unique_ptr<SQLite::Database> db, const Clock& clock)
      : file_(options.file), key_(options.keys), clock_(clock), db_(std::move(db)) {
    SQLite::Statement rows(*db_, "SELECT name, instances, updated, version FROM secrets");
    while (rows.executeStep()) {
      const std::string name = rows.getColumn(0);
      infos_[name] = {name, split(rows.getColumn(1)), rows.getColumn(2).getInt64(),
                      static_cast<std::uint64_t>(rows.getColumn(3).getInt64())};
    }
  }

  // What an administrator should hear at start.
  std::string complaint() const {
    std::size_t unopened = 0;
    std::string first;
    for (const auto& [name, info] : infos_) {
      auto plain = unsealed(name);
      if (!plain && unopened++ == 0) first = plain.error().message;
      if (plain) const Cleanser cleanser(*plain);
    }
    if (unopened == 0) return "";
    return std::to_string(unopened) + " of " + std::to_string(infos_.size()) + " secrets cannot be opened: " + first;
  }

  std::vector<SecretInfo> list() const override {
    const std::lock_guard lock(mutex_);
    std::vector<SecretInfo> all;
    for (const auto& [name, info] : infos_) all.push_back(info);
    return all;
  }

  Result<SecretInfo> find(std::string_view name) const override {
    const std::lock_guard lock(mutex_);
    const auto it = infos_.find(name);
    if (it == infos_.end()) return no_secret(name);
    return it->second;
  }

  Result<SecretInfo> put(std::string_view name, std::optional<std::string_view> value,
                         std::vector<std::string> instances, IfVersion expected) override {
    if (auto ok = check_name(name); !ok) return ok.error();
    if (auto ok = check_value(value); !ok) return ok.error();
    if (auto ok = check_instances(instances); !ok) return ok.error();
    const std::lock_guard lock(mutex_);
    if (auto ok = check_place(name, value.has_value(), expected); !ok) return ok.error();
    std::optional<std::string> sealed;
    if (value) {
      auto fresh = seal_with_key(name, *value);
      if (!fresh) return fresh.error();
      sealed = *std::move(fresh);
    }
    return store({std::string(name), std::move(instances), clock_.now(), 0}, sealed);
  }

  Status remove(std::string_view name, IfVersion expected) override {
    const std::lock_guard lock(mutex_);
    const auto it = infos_.find(name);
    if (it == infos_.end()) return no_secret(name);
    if (expected && *expected != it->second.version) return changed(it->second.version);
    try {
      SQLite::Statement row(*db_, "DELETE FROM secrets WHERE name = ?");
      row.bind(1, it->first);
      row.exec();
    } catch (const SQLite::Exception& e) {
      return storage::to_error(e, file_);
    }
    infos_.erase(it);
    return {};
  }

  Result<std::string> get(std::string_view name, std::string_view instance) const override {
    const std::lock_guard lock(mutex_);
    const auto it = infos_.find(name);
    if (it == infos_.end() || !matches_any(it->second.instances, instance)) return not_given(name, instance);
    return unsealed(it->first);
  }

 private:
  static Error unopened(std::string_view name, const std::string& why) {
    return {Code::unavailable,
            "secret " + shown(name) + " cannot be opened: " + why + "; or set it again: " + mend(name) + "…`"};
  }

  Result<std::string> unsealed(const std::string& name) const {
    const auto sealed = sealed_value(name);
    if (!sealed) return sealed.error();
    auto key = key_.read();
    if (!key) return unopened(name, key.error().message);
    const Cleanser cleanser(*key);
    auto plain = unseal(*key, name, *sealed);
    if (!plain)
      return unopened(name, "it was changed, or sealed with another key than " + key_.path().string() +
                                ": restore that one from where it was kept");
    return plain;
  }

  // May something be put under this name?
  Status check_place(std::string_view name, bool has_value, IfVersion expected) const {
    const auto it = infos_.find(name);
    const std::uint64_t version = it == infos_.end() ? 0 : it->second.version;
    if (expected && *expected != version) return changed(version);
    if (version == 0 && !has_value) return Error{Code::invalid, "value is missing: a new secret needs one", "/value"};
    if (version == 0 && infos_.size() >= most_secrets)
      return Error{Code::invalid,
                   "a site keeps at most " + std::to_string(most_secrets) + " secrets: remove one that nobody needs",
                   "name"};
    return {};
  }

  Result<std::string> seal_with_key(std::string_view name, std::string_view value) const {
    auto key = key_.read_or_make();
    if (!key) return key;
    const Cleanser cleanser(*key);
    return seal(*key, name, value);
  }

  // `sealed` nullopt: as it is.
  Result<SecretInfo> store(SecretInfo info, const std::optional<std::string>& sealed) try {
    SQLite::Transaction transaction(*db_, SQLite::TransactionBehavior::IMMEDIATE);
    const auto version = db_->execAndGet("UPDATE version SET next = next + 1 RETURNING next - 1").getInt64();
    info.version = static_cast<std::uint64_t>(version);
    SQLite::Statement row(*db_, sealed
                                    ? "INSERT OR REPLACE INTO secrets VALUES (?1, ?2, ?3, ?4, ?5)"
                                    : "UPDATE secrets SET instances = ?2, updated = ?3, version = ?4 WHERE name = ?1");
    row.bind(1, info.name);
    row.bind(2, join(info.instances));
    row.bind(3, info.updated);
    row.bind(4, version);
    if (sealed) row.bind(5, sealed->data(), static_cast<int>(sealed->size()));
    row.exec();
    transaction.commit();
    infos_[info.name] = info;
    return info;
  } catch (const SQLite::Exception& e) {
    return storage::to_error(e, file_);
  }

  Result<std::string> sealed_value(const std::string& name) const try {
    SQLite::Statement row(*db_, "SELECT sealed FROM secrets WHERE name = ?");
    row.bind(1, name);
    if (!row.executeStep()) return no_secret(name);
    return row.getColumn(0).getString();
  } catch (const SQLite::Exception& e) {
    return storage::to_error(e, file_);
  }

  const std::filesystem::path file_;
  const KeyFile key_;
  const Clock& clock_;
  mutable std::mutex mutex_;  // guards all below, and the making of a key
  const std::unique_ptr<SQLite::Database> db_;
  std::map<std::string, SecretInfo, std::less<>> infos_;  // what the file has, but for the values
};

}  // namespace

Result<std::unique_ptr<Secrets>> Secrets::open(Options options, const Clock& clock) {
  bool is_mended = false;
  const auto damaged = [&](const std::string& what) {
    is_mended = true;
    if (options.on_damage) options.on_damage(what);
  };
  auto db = storage::open_or_mend(options.file, migrations, storage::Sync::full, probes, clock.now(), damaged);
  if (!db) return db.error();
  try {
    if (is_mended) (*db)->exec(beyond_versions);
    (*db)->exec("PRAGMA secure_delete = ON");  // what is removed or replaced does not stay behind in free pages
    auto secrets = std::make_unique<SealedSecrets>(options, *std::move(db), clock);
    if (const auto complaint = secrets->complaint(); options.on_damage && !complaint.empty())
      options.on_damage(complaint);
    return std::unique_ptr<Secrets>(std::move(secrets));
  } catch (const SQLite::Exception& e) {
    return storage::to_error(e, options.file);
  }
}

}  // namespace myriad::security
