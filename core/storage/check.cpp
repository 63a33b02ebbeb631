#include <SQLiteCpp/SQLiteCpp.h>
#include <sqlite3.h>

#include <chrono>
#include <thread>

#include "storage/salvage.h"

namespace myriad::storage {
namespace {

using std::chrono::steady_clock;

// SQLite's own check cannot be interrupted and keeps the log from being copied: only where it takes no time.
constexpr std::uintmax_t small_file = std::uintmax_t{32} << 20;
constexpr int slice_rows = 512;
constexpr auto slice_time = std::chrono::milliseconds(20);
constexpr int pause_factor = 3;

class Reader {
 public:
  Reader(const std::filesystem::path& file, const std::function<bool()>& go_on)
      : db_(file.string(), SQLite::OPEN_READONLY, 5'000), go_on_(go_on) {}

  std::string quick_check() {
    SQLite::Statement check(db_, "PRAGMA quick_check(1)");
    const std::string said = check.executeStep() ? check.getColumn(0).getString() : "ok";
    return said == "ok" ? "" : said;
  }

  // False: told to stop.
  bool read_all() {
    std::vector<std::pair<std::string, bool>> tables;
    {
      SQLite::Statement select(db_, "SELECT name, wr FROM pragma_table_list WHERE schema = 'main' AND type = 'table'");
      while (select.executeStep()) tables.emplace_back(select.getColumn(0).getString(), select.getColumn(1).getInt());
    }
    for (const auto& [table, without_row_id] : tables) {
      const bool done = without_row_id ? read_whole(table) : read_slices(table);
      if (!done) return false;
    }
    return true;
  }

 private:
  static void touch(SQLite::Statement& row) {
    for (int i = 0; i < row.getColumnCount(); ++i) static_cast<void>(row.getColumn(i).getBlob());
  }

  bool read_whole(const std::string& table) {
    SQLite::Statement select(db_, "SELECT * FROM \"" + table + '"');
    while (select.executeStep()) touch(select);
    return go_on_();
  }

  bool read_slices(const std::string& table) {
    SQLite::Statement select(db_, "SELECT rowid, * FROM \"" + table + "\" WHERE rowid > ? ORDER BY rowid LIMIT " +
                                      std::to_string(slice_rows));
    std::int64_t after = INT64_MIN;
    for (bool more = true; more;) {
      const auto start = steady_clock::now();
      select.reset();
      select.bind(1, after);
      int rows = 0;
      while (steady_clock::now() - start < slice_time && select.executeStep()) {
        touch(select);
        after = select.getColumn(0).getInt64();
        ++rows;
      }
      more = rows > 0;
      select.reset();
      if (!go_on_()) return false;
      std::this_thread::sleep_for(pause_factor * (steady_clock::now() - start));
    }
    return true;
  }

  SQLite::Database db_;
  const std::function<bool()>& go_on_;
};

}  // namespace

Result<std::string> check(const std::filesystem::path& file, const std::function<bool()>& go_on) {
  try {
    Reader reader(file, go_on);
    if (std::filesystem::file_size(file) <= small_file) return reader.quick_check();
    if (reader.read_all()) return std::string();
    return Error{Code::cancelled, file.string() + ": the check was stopped"};
  } catch (const SQLite::Exception& e) {
    if (is_damage(e)) return std::string(e.what());
    return to_error(e, file);
  } catch (const std::filesystem::filesystem_error& e) {
    return Error{Code::unavailable, e.what()};
  }
}

}  // namespace myriad::storage
