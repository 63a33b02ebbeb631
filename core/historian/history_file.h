// history.db: series by point name, their chunks and rollups, and how far the spine has been taken. One thread writes;
// readers are thread-safe, on connections of their own that see one moment and never stop the writer.
#pragma once

#include <array>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "historian/chunk.h"
#include "historian/chunk_codec.h"
#include "historian/historian.h"
#include "historian/rollup.h"
#include "historian/rollup_codec.h"

namespace SQLite {
class Database;
class Exception;
class Statement;
}  // namespace SQLite

namespace myriad::historian {

class HistoryReader;

using OnDamage = std::function<void(const std::string& what)>;

// A chunk to store.
struct Write {
  std::int64_t chunk = 0;
  std::int64_t series = 0;
  Nanos from = 0, to = 0;  // its first and last reading
  std::size_t count = 0;
  bool tidy = false;  // nothing can be gained by joining or encoding it again
  int codec = 0;
  spine::Bytes payload = {};
  bool replaces = false;  // the chunk of this number
};
using WritePtr = std::shared_ptr<const Write>;

// What is known of a point beside its chunks.
struct StoredSeries {
  std::int64_t id = 0;
  std::string name;
  spine::Sequence through = 0;  // last reading that a chunk holds
  Nanos longest = 0;            // the longest time that a chunk spans
  Nanos frontier = -1;          // last time of the closed chunks: what comes at or before it is late
  std::uint64_t unrolled = 0;   // readings stored since rollups were extended
  std::optional<model::Sample> latest;

  // Not in this table, but made of the others at start.
  std::size_t untidy = 0;                         // readings in closed chunks that may be joined
  std::array<Nanos, rollup_levels + 1> rolled{};  // by level: rollups tell of what is before; [0] is not used
  std::vector<Range> stale;                       // where rollups no longer tell the truth
};

struct Progress {
  spine::Sequence next = 0;    // the oldest reading that no chunk holds yet; 0 in a new file
  std::uint64_t readings = 0;  // stored so far
  std::int64_t last_chunk = 0;
  std::int64_t last_series = 0;  // also of those whose row was lost
};

struct StoredRollup {
  std::int64_t id = 0;
  std::int64_t series = 0;
  int level = 0;
  Range covers;  // aligned
  int codec = 0;
  spine::Bytes payload;  // empty: so few readings a bucket that the level below answers
};

// A point's history that was written over, and when that was noticed.
struct StoredRevision {
  Nanos noticed = 0;
  std::int64_t series = 0;
  Revised revised;
};

// What one transaction changes.
struct Change {
  std::vector<const StoredSeries*> series;  // made or changed; they outlive the commit
  std::vector<WritePtr> chunks;
  std::vector<std::int64_t> gone_chunks;
  std::vector<StoredRollup> rollups;  // with id 0
  std::vector<std::int64_t> gone_rollups;
  std::vector<std::pair<std::int64_t, Range>> stale;  // by series
  std::vector<std::int64_t> fresh;                    // series without stale rollups from now on
  std::vector<StoredRevision> revisions;
  std::optional<Progress> progress;
};

class HistoryFile {
 public:
  // A damaged file is set aside, and what can be read of it goes into a new one. `damaged` is told of that, and of
  // damage that is met later, on any thread; then the next start mends the file.
  static Result<std::unique_ptr<HistoryFile>> open(const std::filesystem::path&, Nanos now, OnDamage damaged);
  ~HistoryFile();

  Result<Progress> progress();
  Result<std::vector<StoredSeries>> series();
  Result<std::vector<RetentionRule>> retention();

  // [writer] All or nothing.
  Status commit(const Change&);
  // [writer] The spine was begun anew: its numbers say nothing about what is stored.
  Status forget_sequences(spine::Sequence next);
  // [writer]
  Status set_retention(const std::vector<RetentionRule>&);
  // [writer] Gives up to so many free pages back to the file system; the number left.
  Result<std::int64_t> shrink(int most_pages);
  // [writer] Takes the whole write-ahead log over into the file.
  Status checkpoint();

  // [any] What is stored now; changes after the call do not show.
  Result<std::unique_ptr<HistoryReader>> reader();

  std::uint64_t disk_bytes() const;

 private:
  friend class HistoryReader;
  struct Writer;
  struct Connection;

  HistoryFile(std::filesystem::path, OnDamage);
  void restore_series();
  Error failed(const SQLite::Exception&) const;
  void put_series(const StoredSeries&);
  void put_chunk(const Write&);
  void put_rollup(const StoredRollup&);
  void note(const StoredRevision&);
  void add_untidy(std::vector<StoredSeries>&);
  void add_rollups(std::vector<StoredSeries>&);
  void give_back(std::unique_ptr<Connection>);

  const std::filesystem::path file_;
  const OnDamage damaged_;
  std::unique_ptr<SQLite::Database> db_;
  std::unique_ptr<Writer> writer_;
  std::mutex readers_mutex_;  // guards readers_
  std::vector<std::unique_ptr<Connection>> readers_;
};

// One moment of the file, for one thread. `visit` returns false to end a walk; its views last for the call.
class HistoryReader {
 public:
  HistoryReader(HistoryFile&, std::unique_ptr<HistoryFile::Connection>);
  ~HistoryReader();

  struct Found {
    std::int64_t chunk = 0;
    Nanos from = 0, to = 0;
    std::size_t count = 0;
    bool tidy = false;
    int codec = 0;
    spine::BytesView payload;
  };
  using Visit = std::function<bool(const Found&)>;
  // Chunks that overlap the range, by ascending start. `longest` is that of the series.
  Status chunks(std::int64_t series, Nanos longest, Range, const Visit&);
  // Chunks that begin before `time`, by descending start.
  Status chunks_before(std::int64_t series, Nanos time, const Visit&);
  // The same without their payload.
  Status outlines(std::int64_t series, Nanos longest, Range, const Visit&);
  // Their numbers alone, from the index: for when the table is damaged.
  Result<std::vector<std::int64_t>> list(std::int64_t series, Nanos longest, Range);
  // Those that are not tidy, in the order in which they were written.
  Status untidy(std::int64_t series, const Visit&);
  Status one(std::int64_t chunk, const Visit&);
  // When the first reading at `time` or after comes, or a chunk that holds it begins; nullopt: none comes.
  Result<std::optional<Nanos>> next_reading(std::int64_t series, Nanos longest, Nanos time);

  struct FoundRollup {
    std::int64_t id = 0;
    Range covers;
    int codec = 0;
    spine::BytesView payload;
  };
  // Rollups of a level that overlap or touch the range, by ascending start.
  Status rollups(std::int64_t series, int level, Range, const std::function<bool(const FoundRollup&)>& visit);
  // The last that begins before `time` and has a payload, if any.
  Status rollup_before(std::int64_t series, int level, Nanos time,
                       const std::function<bool(const FoundRollup&)>& visit);

  // At most `most` chunks or rollups whose time is over. Readings stay where rollups are too sparse to take their
  // place.
  Result<std::vector<std::int64_t>> expired_chunks(std::int64_t series, const std::array<Nanos, rollup_levels + 1>&,
                                                   int most);
  Result<std::vector<std::int64_t>> expired_rollups(std::int64_t series, const std::array<Nanos, rollup_levels + 1>&,
                                                    int most);

  Result<std::vector<StoredRevision>> revisions(std::int64_t series, std::size_t most);  // newest first

  // Costly to make, so they stay with the connection.
  ChunkDecoder& chunk_decoder();
  RollupDecoder& rollup_decoder();

 private:
  template <class F>
  std::invoke_result_t<F> guarded(F&&);

  HistoryFile& file_;
  std::unique_ptr<HistoryFile::Connection> connection_;
};

}  // namespace myriad::historian
