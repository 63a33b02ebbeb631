// spine.db: rows of about 4,096 readings, the names of points, cursors. One committer thread writes; read() is
// thread-safe and has a connection of its own, so that it never waits for a commit.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <set>

#include "spine/checkpointer.h"
#include "spine/codec.h"
#include "spine/consumers.h"
#include "spine/inbox.h"
#include "spine/mark.h"
#include "spine/spine.h"

namespace SQLite {
class Database;
class Statement;
}  // namespace SQLite

namespace myriad::spine {

class LogFile {
 public:
  // Makes or opens the file, restores `points`, checks the newest rows and cuts the damaged ones with a report.
  static Result<std::unique_ptr<LogFile>> open(const Options&, model::Points& points, const Clock&, const Log& log);
  ~LogFile();

  Sequence begin() const { return begin_; }
  Sequence end() const { return end_; }
  std::uint64_t bytes() const { return written_bytes_ - dropped_bytes_; }  // payload on disk

  const std::map<std::string, Cursor>& cursors() const { return cursors_; }  // as they were when it was opened

  // [committer] One durable transaction: new names, the blocks (their `first` and `committed` are set here), cursors,
  // dead letters, and the removal of rows before `held` beyond retention. On failure nothing has happened.
  Status commit(const std::vector<std::shared_ptr<Block>>& blocks, const CursorChanges&,
                const std::vector<LetterChange>&, Nanos now, Sequence held);
  // [committer] What is kept behind the row that holds `first`, as bytes(); nullopt when that cannot be read.
  std::optional<std::uint64_t> bytes_from(Sequence first);
  // [committer] Whether `bytes` can be written again, by writing and removing them.
  Status probe(std::size_t bytes);

  // [any] The block that holds `from`, or the next one after damaged or missing rows; null when there is none.
  Result<BlockPtr> read(Sequence from);
  // [any] See Spine.
  Result<std::vector<DeadLetter>> dead_letters(const std::string& consumer, Sequence after, std::size_t limit);
  DeadLetters count_dead_letters(const std::string& consumer);
  Result<Sequence> sequence_at(Nanos time, Sequence begin, Sequence end);
  // [any] Where the row lies that holds `next`; nullopt when it cannot be found.
  std::optional<Consumers::Place> place(Sequence next, Nanos now);

 private:
  struct Row;
  struct Writer;

  LogFile(const Options&, model::Points&, const Log&);
  Status connect(bool& is_damaged);
  void disconnect();
  Status mend(const std::string& why, Nanos now);
  Status begin_beyond(SQLite::Database& fresh, Nanos now) const;
  void report(const std::string& what) const;
  Status try_commit(const std::vector<std::shared_ptr<Block>>& blocks, const CursorChanges&,
                    const std::vector<LetterChange>&, Nanos now, Sequence held, bool& is_damaged);
  void load();
  void prepare_reading();
  void keep_log_short();
  void restore_points();
  void restore_cursors();
  void check_tail();
  void write_points(std::uint32_t last);
  void write_point(std::uint32_t id, const std::string& name);
  void write_block(Block&, Nanos now);
  void write_row(model::BatchView, Sequence first, Nanos now);
  void write_cursors(const CursorChanges&);
  void write_letters(const std::vector<LetterChange>&);
  void bury(const std::string& consumer, const DeadLetter&);
  void drop_old(Nanos now, Sequence held, std::size_t most);
  std::vector<Row> read_rows(Sequence from);
  std::optional<Sequence> behind_damage(Sequence from);
  std::optional<Sequence> try_row_from(Sequence from);
  void report_once(Sequence at, const std::string& what);
  struct Head;
  std::optional<Head> head_within(Sequence from, Sequence to);
  std::optional<Head> oldest();
  std::optional<Head> newest();
  void need_reader() const;  // needs read_mutex_; throws when there is none
  template <class... Bound>
  std::optional<Head> head_of(SQLite::Statement&, Bound...);  // needs read_mutex_

  const Options options_;
  model::Points& points_;
  const Log log_;

  std::unique_ptr<SQLite::Database> db_;
  std::unique_ptr<Writer> writer_;
  Encoder encoder_;
  Mark mark_;
  Sequence begin_ = 1, end_ = 1;
  std::uint64_t written_bytes_ = 0, dropped_bytes_ = 0;  // since the file was made
  std::uint32_t stored_points_ = 0;
  std::map<std::string, Cursor> cursors_;
  int wal_pages_ = 0;  // after the last commit
  std::unique_ptr<Checkpointer> checkpointer_;

  mutable std::mutex letters_mutex_;  // guards letters_dropped_
  std::map<std::string, std::uint64_t> letters_dropped_;

  std::mutex read_mutex_;        // guards all below
  std::set<Sequence> reported_;  // damage at these places
  std::unique_ptr<SQLite::Database> read_db_;
  std::unique_ptr<SQLite::Statement> select_, select_head_, select_oldest_, select_newest_, select_from_,
      select_letters_, count_letters_;
};

}  // namespace myriad::spine
