#include "registry/registry.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <SQLiteCpp/VariadicBind.h>

#include <mutex>
#include <nlohmann/json.hpp>

#include "base/names.h"
#include "base/observers.h"
#include "model/thing.h"
#include "registry/property_index.h"
#include "storage/database.h"
#include "storage/salvage.h"

namespace myriad::registry {
namespace {

using nlohmann::json;

constexpr const char* migrations[] = {R"sql(
CREATE TABLE version (next INTEGER NOT NULL);
INSERT INTO version VALUES (1);
CREATE TABLE things (name TEXT PRIMARY KEY, id TEXT NOT NULL UNIQUE, title TEXT NOT NULL, td TEXT NOT NULL, version INTEGER NOT NULL);
CREATE TABLE owners (thing TEXT NOT NULL, property TEXT NOT NULL, instance TEXT NOT NULL, PRIMARY KEY (thing, property));
CREATE INDEX owners_by_instance ON owners (instance);
CREATE TABLE instances (id TEXT PRIMARY KEY, plugin TEXT NOT NULL, config TEXT NOT NULL, enabled INTEGER NOT NULL, version INTEGER NOT NULL);
CREATE TABLE events (sequence INTEGER PRIMARY KEY AUTOINCREMENT, thing TEXT NOT NULL, event TEXT NOT NULL, data TEXT NOT NULL, time INTEGER NOT NULL);
CREATE INDEX events_by_thing ON events (thing, sequence);
CREATE TABLE state (owner TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY (owner, key));
)sql",
                                      R"sql(
ALTER TABLE instances ADD COLUMN plugin_version TEXT NOT NULL DEFAULT '';
ALTER TABLE instances ADD COLUMN isolation TEXT NOT NULL DEFAULT '';
ALTER TABLE instances ADD COLUMN quota TEXT NOT NULL DEFAULT '';
)sql"};

// What the site cannot do without at start.
constexpr const char* probes[] = {
    "SELECT sum(length(td) + length(title)) FROM things", "SELECT sum(length(instance)) FROM owners",
    "SELECT sum(length(config)) FROM instances", "SELECT sum(length(value)) FROM state", "SELECT next FROM version"};

// No version may come twice, or an old ETag would fit a new document.
constexpr const char* beyond_versions =
    "UPDATE version SET next = max(next, (SELECT 1 + coalesce(max(version), 0) FROM things), "
    "(SELECT 1 + coalesce(max(version), 0) FROM instances))";

constexpr const char* select_instances =
    "SELECT id, plugin, config, enabled, version, plugin_version, isolation, quota FROM instances";

constexpr std::uint64_t kept_events = 100'000;
constexpr std::size_t most_td = std::size_t{4} << 20;

Error no_thing(std::string_view key) {
  return {Code::not_found, "there is no Thing '" + std::string(key.substr(0, 128)) + "'; GET /api/v1/things lists them",
          "thing"};
}
Error no_instance(std::string_view id) {
  return {Code::not_found,
          "there is no instance '" + std::string(id.substr(0, 128)) + "'; GET /api/v1/instances lists them", "id"};
}
Error changed(std::string_view what, std::uint64_t version) {
  return {Code::conflict, std::string(what) + " has changed since you read it (its version is now " +
                              std::to_string(version) + "): read it again and repeat your change"};
}

Thing thing_from(SQLite::Statement& row) {
  return {row.getColumn(0).getString(), row.getColumn(1).getString(), row.getColumn(2).getString(),
          static_cast<std::uint64_t>(row.getColumn(3).getInt64())};
}

InstanceRecord instance_from(SQLite::Statement& row) {
  return {row.getColumn(0).getString(),
          row.getColumn(1).getString(),
          row.getColumn(2).getString(),
          row.getColumn(3).getInt() != 0,
          static_cast<std::uint64_t>(row.getColumn(4).getInt64()),
          row.getColumn(5).getString(),
          row.getColumn(6).getString(),
          row.getColumn(7).getString()};
}

// '%' and '_' of the search are meant as themselves.
std::string like(std::string_view search) {
  std::string out = "%";
  for (const char c : search) {
    if (c == '%' || c == '_' || c == '\\') out += '\\';
    out += c;
  }
  return out + '%';
}

class SqliteRegistry final : public Registry {
 public:
  SqliteRegistry(std::unique_ptr<SQLite::Database> db, std::filesystem::path file)
      : db_(std::move(db)), file_(std::move(file)) {
    SQLite::Statement all(*db_, "SELECT name, td FROM things");
    while (all.executeStep()) {
      const auto name = all.getColumn(0).getString();
      index_.set(name, json::parse(all.getColumn(1).getString()), owners_of_properties(name));
    }
  }

  // ---- Things ------------------------------------------------------------------------------------

  Result<Thing> thing(std::string_view key) const override {
    return read([&] { return find_thing(key); });
  }

  Page<Thing> things(std::string_view search, std::string_view after, std::size_t limit) const override {
    const std::lock_guard lock(mutex_);
    SQLite::Statement query(
        *db_,
        "SELECT name, id, td, version FROM things WHERE name > ? AND (name LIKE ? ESCAPE '\\' OR title "
        "LIKE ? ESCAPE '\\') ORDER BY name LIMIT ?");
    query.bind(1, std::string(after));
    query.bind(2, like(search));
    query.bind(3, like(search));
    query.bind(4, static_cast<std::int64_t>(limit) + 1);
    Page<Thing> page;
    while (query.executeStep()) page.items.push_back(thing_from(query));
    cut(page, limit, [](const Thing& t) { return t.name; });
    return page;
  }

  std::size_t thing_count() const override {
    const std::lock_guard lock(mutex_);
    return static_cast<std::size_t>(db_->execAndGet("SELECT count(*) FROM things").getInt64());
  }

  Result<Thing> create_thing(std::string_view name, const json& td) override {
    return write([&]() -> Result<Thing> {
      if (!is_slug(name))
        return Error{Code::invalid,
                     "name '" + std::string(name.substr(0, 128)) +
                         "': use letters, digits, '_', '-', '.', '~', at most 128 bytes",
                     "/name"};
      if (find_thing(name))
        return Error{Code::exists,
                     "there is a Thing '" + std::string(name) + "' already: choose another name or PUT to it", "/name"};
      return store_thing(std::string(name), model::complete_td(name, td));
    });
  }

  Result<Thing> replace_thing(std::string_view key, const json& td, IfVersion expected) override {
    return change_thing(key, expected, [&](const json& old) {
      json fresh = td;
      if (!fresh.contains("id")) fresh["id"] = old["id"];
      return fresh;
    });
  }

  Result<Thing> patch_thing(std::string_view key, const json& patch, IfVersion expected) override {
    return change_thing(key, expected, [&](json old) {
      old.merge_patch(patch);
      return old;
    });
  }

  Status remove_thing(std::string_view key, IfVersion expected) override {
    const auto removed = write([&]() -> Result<std::string> {
      const auto found = find_thing(key);
      if (!found) return found.error();
      if (expected && *expected != found->version) return changed("the Thing", found->version);
      run("DELETE FROM things WHERE name = ?", found->name);
      run("DELETE FROM owners WHERE thing = ?", found->name);
      run("DELETE FROM events WHERE thing = ?", found->name);
      index_.remove(found->name);
      return found->name;
    });
    return removed ? Status{} : Status(removed.error());
  }

  Result<Thing> describe_thing(std::string_view name, const json& part, std::string_view instance) override {
    return write([&]() -> Result<Thing> {
      if (!is_slug(name))
        return Error{Code::invalid, "Thing '" + std::string(name.substr(0, 128)) + "': its name is no slug", "thing"};
      if (!part.is_object())
        return Error{Code::invalid, "the description of '" + std::string(name) + "' is no JSON object", "td"};
      if (auto ok = check_ownership(name, part, instance); !ok) return ok.error();
      const auto known = find_thing(name);
      json td = known ? json::parse(known->td) : json::object();
      const json before = td;
      td.merge_patch(part);
      const bool owns_more = take_ownership(std::string(name), part, std::string(instance));
      if (known && td == before) {
        if (owns_more) index_.set(known->name, td, owners_of_properties(known->name));
        return *known;
      }
      return store_thing(std::string(name), model::complete_td(name, std::move(td)));
    });
  }

  std::optional<Property> property(std::string_view point) const override { return index_.property(point); }
  std::vector<std::string> things_of(std::string_view instance) const override { return index_.things_of(instance); }
  std::vector<std::string> owners(std::string_view thing) const override { return index_.owners(thing); }

  // ---- Instances ---------------------------------------------------------------------------------

  std::vector<InstanceRecord> instances() const override {
    const std::lock_guard lock(mutex_);
    SQLite::Statement query(*db_, std::string(select_instances) + " ORDER BY id");
    std::vector<InstanceRecord> all;
    while (query.executeStep()) all.push_back(instance_from(query));
    return all;
  }

  Result<InstanceRecord> instance(std::string_view id) const override {
    return read([&] { return find_instance(id); });
  }

  Result<InstanceRecord> create_instance(const InstanceRecord& record) override {
    return write([&]() -> Result<InstanceRecord> {
      if (!is_slug(record.id))
        return Error{
            Code::invalid,
            "id '" + record.id.substr(0, 128) + "': use letters, digits, '_', '-', '.', '~', at most 128 bytes", "/id"};
      if (find_instance(record.id))
        return Error{Code::exists, "there is an instance '" + record.id + "' already: choose another id or PUT to it",
                     "/id"};
      return store_instance(record);
    });
  }

  Result<InstanceRecord> replace_instance(const InstanceRecord& record, IfVersion expected) override {
    return write([&]() -> Result<InstanceRecord> {
      const auto old = find_instance(record.id);
      if (!old) return old.error();
      if (expected && *expected != old->version) return changed("the instance", old->version);
      if (record.config != old->config) release_properties(old->id);  // it describes anew what it serves then
      return store_instance(record);
    });
  }

  Status remove_instance(std::string_view id, IfVersion expected) override {
    const auto removed = write([&]() -> Result<bool> {
      const auto old = find_instance(id);
      if (!old) return old.error();
      if (expected && *expected != old->version) return changed("the instance", old->version);
      run("DELETE FROM instances WHERE id = ?", old->id);
      run("DELETE FROM state WHERE owner = ?", "instance/" + old->id);
      release_properties(old->id);
      return true;
    });
    return removed ? Status{} : Status(removed.error());
  }

  // ---- Events ------------------------------------------------------------------------------------

  Status record_event(const Event& event) override {
    const auto recorded = write([&]() -> Result<Event> {
      SQLite::Statement insert(*db_, "INSERT INTO events (thing, event, data, time) VALUES (?, ?, ?, ?)");
      SQLite::bind(insert, event.thing, event.event, event.data, event.time);
      insert.exec();
      Event stored = event;
      stored.sequence = static_cast<std::uint64_t>(db_->getLastInsertRowid());
      if (stored.sequence > kept_events)
        run("DELETE FROM events WHERE sequence <= ?", static_cast<std::int64_t>(stored.sequence - kept_events));
      return stored;
    });
    if (!recorded) return recorded.error();
    event_observers_.notify(*recorded);
    return {};
  }

  Page<Event> events(std::string_view thing, std::string_view after, std::size_t limit) const override {
    const std::lock_guard lock(mutex_);
    SQLite::Statement query(*db_,
                            "SELECT sequence, thing, event, data, time FROM events WHERE (thing = ?1 OR ?1 = '') AND "
                            "(sequence < CAST(?2 AS INTEGER) OR ?2 = '') ORDER BY sequence DESC LIMIT ?3");
    query.bind(1, std::string(thing));
    query.bind(2, std::string(after));
    query.bind(3, static_cast<std::int64_t>(limit) + 1);
    Page<Event> page;
    while (query.executeStep())
      page.items.push_back({static_cast<std::uint64_t>(query.getColumn(0).getInt64()), query.getColumn(1).getString(),
                            query.getColumn(2).getString(), query.getColumn(3).getString(),
                            query.getColumn(4).getInt64()});
    cut(page, limit, [](const Event& e) { return std::to_string(e.sequence); });
    return page;
  }

  std::shared_ptr<void> on_event(std::function<void(const Event&)> callback) override {
    return event_observers_.add(std::move(callback));
  }

  // ---- Small state -------------------------------------------------------------------------------

  Status put(std::string_view owner, std::string_view key, std::string_view value) override {
    const auto done = write([&]() -> Result<bool> {
      if (value.empty()) {
        run("DELETE FROM state WHERE owner = ? AND key = ?", std::string(owner), std::string(key));
        return true;
      }
      SQLite::Statement insert(*db_, "INSERT OR REPLACE INTO state (owner, key, value) VALUES (?, ?, ?)");
      insert.bind(1, std::string(owner));
      insert.bind(2, std::string(key));
      insert.bind(3, value.data(), static_cast<int>(value.size()));
      insert.exec();
      return true;
    });
    return done ? Status{} : Status(done.error());
  }

  std::optional<std::string> get(std::string_view owner, std::string_view key) const override {
    const std::lock_guard lock(mutex_);
    SQLite::Statement query(*db_, "SELECT value FROM state WHERE owner = ? AND key = ?");
    SQLite::bind(query, std::string(owner), std::string(key));
    if (!query.executeStep()) return std::nullopt;
    return query.getColumn(0).getString();
  }

  std::size_t state_bytes(std::string_view owner) const override {
    return count_bytes(
        "SELECT coalesce(sum(length(CAST(key AS BLOB)) + length(value) + 64), 0) FROM state WHERE owner = ?", owner);
  }
  std::size_t state_bytes(std::string_view owner, std::string_view key) const override {
    return count_bytes("SELECT length(CAST(key AS BLOB)) + length(value) + 64 FROM state WHERE owner = ? AND key = ?",
                       owner, key);
  }

 private:
  template <class... Args>
  std::size_t count_bytes(const char* sql, Args... args) const {
    const std::lock_guard lock(mutex_);
    SQLite::Statement query(*db_, sql);
    SQLite::bind(query, std::string(args)...);
    return query.executeStep() ? static_cast<std::size_t>(query.getColumn(0).getInt64()) : 0;
  }

  template <class F>
  auto read(F&& f) const -> decltype(f()) {
    const std::lock_guard lock(mutex_);
    try {
      return f();
    } catch (const SQLite::Exception& e) {
      return storage::to_error(e, file_);
    }
  }

  // One transaction; rolled back when `f` answers an error.
  template <class F>
  auto write(F&& f) -> decltype(f()) {
    const std::lock_guard lock(mutex_);
    try {
      SQLite::Transaction transaction(*db_, SQLite::TransactionBehavior::IMMEDIATE);
      auto result = f();
      if (result) transaction.commit();
      return result;
    } catch (const SQLite::Exception& e) {
      return storage::to_error(e, file_);
    }
  }

  template <class... Args>
  int run(const char* sql, const Args&... args) {
    SQLite::Statement statement(*db_, sql);
    SQLite::bind(statement, args...);
    return statement.exec();
  }

  // Asked for one more than the limit: if it came, there is a next page.
  template <class T, class Key>
  static void cut(Page<T>& page, std::size_t limit, Key&& key) {
    if (page.items.size() <= limit) return;
    page.items.resize(limit);
    page.next = key(page.items.back());
  }

  std::uint64_t next_version() {
    const auto version = db_->execAndGet("UPDATE version SET next = next + 1 RETURNING next - 1").getInt64();
    return static_cast<std::uint64_t>(version);
  }

  Result<Thing> find_thing(std::string_view key) const {
    SQLite::Statement query(*db_, "SELECT name, id, td, version FROM things WHERE name = ?1 OR id = ?1");
    query.bind(1, std::string(key));
    if (!query.executeStep()) return no_thing(key);
    return thing_from(query);
  }

  Result<Thing> store_thing(std::string name, const json& td) {
    if (auto ok = model::check_td(td); !ok) return ok.error();
    const Thing thing{std::move(name), td["id"].get<std::string>(), td.dump(), next_version()};
    if (thing.td.size() > most_td)
      return Error{Code::too_large,
                   "the description of '" + thing.name + "' would be larger than 4 MiB: make it smaller"};
    SQLite::Statement taken(*db_, "SELECT name FROM things WHERE id = ? AND name <> ?");
    SQLite::bind(taken, thing.id, thing.name);
    if (taken.executeStep())
      return Error{Code::exists, "id " + thing.id + " belongs to the Thing '" + taken.getColumn(0).getString() + "'",
                   "/id"};
    run("INSERT OR REPLACE INTO things (name, id, title, td, version) VALUES (?, ?, ?, ?, ?)", thing.name, thing.id,
        td["title"].get<std::string>(), thing.td, static_cast<std::int64_t>(thing.version));
    index_.set(thing.name, td, owners_of_properties(thing.name));
    return thing;
  }

  template <class Change>
  Result<Thing> change_thing(std::string_view key, IfVersion expected, Change&& change) {
    return write([&]() -> Result<Thing> {
      const auto old = find_thing(key);
      if (!old) return old.error();
      if (expected && *expected != old->version) return changed("the Thing", old->version);
      return store_thing(old->name, model::complete_td(old->name, change(json::parse(old->td))));
    });
  }

  PropertyIndex::OwnerOf owners_of_properties(const std::string& thing) const {
    SQLite::Statement query(*db_, "SELECT property, instance FROM owners WHERE thing = ?");
    query.bind(1, thing);
    PropertyIndex::OwnerOf owner_of;
    while (query.executeStep()) owner_of.emplace(query.getColumn(0).getString(), query.getColumn(1).getString());
    return owner_of;
  }

  // Nobody takes what an instance that is to run serves already.
  Status check_ownership(std::string_view thing, const json& part, std::string_view instance) const {
    const auto properties = part.find("properties");
    if (instance.empty() || properties == part.end()) return {};
    for (const auto& [property, owner] : owners_of_properties(std::string(thing))) {
      const bool is_named = properties->is_null() || (properties->is_object() && properties->contains(property));
      if (!is_named || owner == instance) continue;
      if (const auto other = find_instance(owner); other && other->enabled)
        return Error{Code::denied,
                     "'" + std::string(thing) + "/" + property + "' belongs to instance '" + owner +
                         "': stop that one first, or use another name",
                     "/properties/" + property};
    }
    return {};
  }

  // Did anything change hands?
  bool take_ownership(const std::string& thing, const json& part, const std::string& instance) {
    const auto properties = part.find("properties");
    if (instance.empty() || properties == part.end() || !properties->is_object()) return false;
    int rows = 0;
    for (const auto& [property, schema] : properties->items())
      rows += run(
          "INSERT INTO owners (thing, property, instance) VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET instance = ?3 "
          "WHERE instance <> ?3",
          thing, property, instance);
    return rows > 0;
  }

  void release_properties(const std::string& instance) {
    const auto things = index_.things_of(instance);
    run("DELETE FROM owners WHERE instance = ?", instance);
    for (const auto& name : things)
      if (const auto thing = find_thing(name)) index_.set(name, json::parse(thing->td), owners_of_properties(name));
  }

  Result<InstanceRecord> find_instance(std::string_view id) const {
    SQLite::Statement query(*db_, std::string(select_instances) + " WHERE id = ?");
    query.bind(1, std::string(id));
    if (!query.executeStep()) return no_instance(id);
    return instance_from(query);
  }

  Result<InstanceRecord> store_instance(InstanceRecord record) {
    record.version = next_version();
    run("INSERT OR REPLACE INTO instances (id, plugin, config, enabled, version, plugin_version, isolation, quota) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        record.id, record.plugin, record.config, record.enabled ? 1 : 0, static_cast<std::int64_t>(record.version),
        record.plugin_version, record.isolation, record.quota);
    return record;
  }

  mutable std::mutex mutex_;  // guards db_
  std::unique_ptr<SQLite::Database> db_;
  std::filesystem::path file_;
  PropertyIndex index_;  // written under mutex_, read without it
  Observers<const Event&> event_observers_;
};

}  // namespace

Result<std::unique_ptr<Registry>> Registry::open(const std::filesystem::path& file,
                                                 const std::function<void(const std::string&)>& damaged) {
  bool is_mended = false;
  auto db = storage::open_or_mend(file, migrations, storage::Sync::full, probes, SystemClock().now(),
                                  [&](const std::string& what) {
                                    is_mended = true;
                                    if (damaged) damaged(what);
                                  });
  if (!db) return db.error();
  try {
    if (is_mended) (*db)->exec(beyond_versions);
    return std::unique_ptr<Registry>(new SqliteRegistry(std::move(*db), file));
  } catch (const SQLite::Exception& e) {
    return storage::to_error(e, file);
  }
}

}  // namespace myriad::registry
