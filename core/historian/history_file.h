// history.db: series by point name, their chunks, and how far the spine has been taken. One thread writes; scan() is
// thread-safe, on connections of its own that see a snapshot and never stop the writer.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "historian/chunk.h"
#include "historian/historian.h"

namespace SQLite {
class Database;
}

namespace myriad::historian {

// A chunk to store, with what its series knows from then on.
struct Write {
  std::int64_t chunk = 0;   // a known number replaces that chunk
  std::int64_t series = 0;  // a new number makes the series
  std::string name;
  spine::Sequence through = 0;  // last reading of this series that is stored
  Nanos longest = 0;            // the longest time that a chunk of the series spans
  Summary summary;
  spine::Bytes payload;
  std::optional<model::Sample> latest;  // when newer than what is stored
};
using WritePtr = std::shared_ptr<const Write>;

struct StoredSeries {
  std::int64_t id = 0;
  std::string name;
  spine::Sequence through = 0;
  Nanos longest = 0;
  std::optional<model::Sample> latest;
};

struct Progress {
  spine::Sequence next = 0;    // the oldest reading that no chunk holds yet; 0 in a new file
  std::uint64_t readings = 0;  // stored so far
  std::int64_t last_chunk = 0;
};

class HistoryFile {
 public:
  static Result<std::unique_ptr<HistoryFile>> open(const std::filesystem::path&);
  ~HistoryFile();

  Result<Progress> progress();
  Result<std::vector<StoredSeries>> series();

  // [writer] All or nothing.
  Status commit(const std::vector<WritePtr>&, const Progress&);
  // [writer] The spine was begun anew: its numbers say nothing about what is stored.
  Status forget_sequences(spine::Sequence next);

  struct Found {
    std::int64_t chunk = 0;
    Nanos from = 0;
    int codec = 0;
    spine::Bytes payload;
  };
  // [any] Chunks that overlap the range, by ascending start, until `visit` returns false.
  Status scan(std::int64_t series, Nanos longest, Range, const std::function<bool(Found&&)>& visit);

  std::uint64_t disk_bytes() const;

 private:
  struct Writer;
  explicit HistoryFile(std::filesystem::path);
  void put_series(const Write&);
  void put_chunk(const Write&);
  std::unique_ptr<SQLite::Database> take_reader();
  void give_back(std::unique_ptr<SQLite::Database>);

  const std::filesystem::path file_;
  std::unique_ptr<SQLite::Database> db_;
  std::unique_ptr<Writer> writer_;
  std::mutex readers_mutex_;  // guards readers_
  std::vector<std::unique_ptr<SQLite::Database>> readers_;
};

}  // namespace myriad::historian
