// The durable, ordered log that every reading passes. Group commit into SQLite (WAL).
//
// Publishers append; one committer thread writes; consumers read blocks from a sequence of their own. A block that was
// just committed is handed out from memory; an older one is decoded from disk. Thread-safe.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "model/points.h"
#include "model/reading.h"

namespace myriad::spine {

// Numbers readings from 1, in commit order, without gaps, for the life of the data directory.
using Sequence = std::uint64_t;

// Readings [first, end()) of the log. Immutable and shared by all consumers.
struct Block {
  Sequence first = 1;
  Nanos committed = 0;
  model::Batch batch;

  Sequence end() const { return first + batch.readings.size(); }
};
using BlockPtr = std::shared_ptr<const Block>;

enum class Durability : std::uint8_t {
  full,    // an acknowledged reading survives a power failure (synchronous=FULL)
  normal,  // a crash of the process, perhaps not one of the machine: the last seconds may go (synchronous=NORMAL)
};
std::string_view durability_name(Durability);

struct Options {
  std::filesystem::path file;  // spine.db
  Durability durability = Durability::full;
  std::size_t queue_bytes = std::size_t{16} << 20;      // appended and not yet durable; beyond it append() says again
  std::size_t recent_bytes = std::size_t{16} << 20;     // blocks of the last seconds kept in memory for consumers
  std::size_t commit_bytes = std::size_t{3} << 19;      // commit when so much waits: 65,536 numbers
  std::chrono::milliseconds commit_interval{20};        // or when the oldest waits so long; at once after an idle spell
  std::uint64_t retain_bytes = std::uint64_t{1} << 30;  // oldest rows go when the payload exceeds this; see hold()
  std::chrono::hours retain_time{24 * 7};
  bool waits_for_hold = false;                             // nothing goes until somebody holds (see there)
  std::size_t dead_letters = 10'000;                       // kept of one consumer; the oldest go
  std::function<void(const std::string&)> on_damage = {};  // met in the file, or mended; any thread. Else it is logged
  std::chrono::milliseconds watch_interval{1'000};         // consumers near losing readings are looked for so often
};

struct Stats {
  Durability durability = Durability::full;
  Sequence begin = 1, end = 1;
  std::uint64_t appended = 0, committed = 0, refused = 0;  // readings; refused: told to come again
  std::uint64_t lost = 0;  // readings appended that the disk refused; their Done was told
  std::uint64_t commits = 0, queued_bytes = 0, disk_bytes = 0;
};

// Where a consumer goes on. `state` is the consumer's own (a processor's), saved in the same transaction.
struct Cursor {
  Sequence next = 1;
  std::string state;
};

// One of those who read the log, as seen from here.
struct Consumer {
  std::string name;
  Sequence next = 1;                   // the first reading that it has not taken
  std::uint64_t lag = 0;               // readings
  Nanos behind = 0;                    // since its next reading was committed; 0 when it has all
  double retention_used = 0;           // how much of what retention keeps lies behind it: at 1 it loses readings
  std::optional<Nanos> at_risk_since;  // since when that is at least 0.8
  std::uint64_t lost = 0;              // readings that retention removed before it took them, since start
};
// "is 5 readings and 3 s behind, …", for people.
std::string at_risk_text(const Consumer&);

// A reading that a consumer refused for good, kept beside its cursor until somebody decides.
struct DeadLetter {
  Sequence sequence = 0;  // of the reading
  Nanos refused = 0;      // when, the last time
  std::uint32_t count = 1;
  std::string reason;
  model::Batch reading;  // one
};
struct DeadLetters {
  std::uint64_t kept = 0, dropped = 0;  // dropped: the oldest, beyond Options::dead_letters, since start
};

class Spine {
 public:
  // Opens or makes the file, restores `points` (empty until then), reports and cuts a torn tail. A file that is damaged
  // is set aside, what can be read of it goes into a new one, and numbering goes on beyond all that was ever given.
  // `points` and `clock` outlive the spine.
  static Result<std::unique_ptr<Spine>> open(Options, model::Points& points, const Clock& clock, Log log);
  virtual ~Spine() = default;  // commits what was appended

  // Called once, on the committer thread: the batch is on disk and `last` is its last sequence; or it is not, and why.
  using Done = std::function<void(const Status&, Sequence last)>;

  // Copies. The readings were checked by model::check. Code::again when the queue is full, or the log is of what
  // is held: nothing was taken.
  virtual Status append(model::BatchView, Done done = {}) = 0;
  // Appends and waits for the disk: the last sequence.
  Result<Sequence> append_and_wait(model::BatchView);

  virtual Sequence begin() const = 0;  // oldest that can be read
  virtual Sequence end() const = 0;    // one past the newest committed

  // The block that holds `from`, or null when from == end(). A `from` before begin() gives the oldest block, one among
  // damaged rows the next that is whole (it may be empty, at end()): go on at its end(), first - from were lost.
  virtual Result<BlockPtr> read(Sequence from) = 0;
  // The first reading committed at `time` or later, end() when there is none, begin() when the log begins later. Where
  // the clock was set back, one of the places where it passed `time`.
  virtual Result<Sequence> sequence_at(Nanos time) = 0;
  // Until end() > from (true), or the deadline or close() (false).
  virtual bool wait(Sequence from, std::chrono::steady_clock::time_point deadline) = 0;
  // `wake` is called on the committer thread after each commit; it must neither block nor end the handle. Lives as long
  // as the handle, whose end waits for a call under way.
  virtual std::shared_ptr<void> on_commit(std::function<void()> wake) = 0;

  // A cursor not known starts at end(), and is kept from then on. Saving does not wait: it is durable with the next
  // group commit, or within ten commit intervals when no readings come.
  virtual Result<Cursor> load_cursor(const std::string& name) = 0;
  virtual Status save_cursor(const std::string& name, const Cursor&) = 0;
  virtual Status drop_cursor(const std::string& name) = 0;  // and its dead letters
  virtual std::optional<Cursor> find_cursor(const std::string& name) const = 0;

  // Saves the cursor and keeps the letter, in one transaction; one kept already is counted once more.
  virtual Status bury(const std::string& name, const Cursor&, DeadLetter) = 0;
  // Forgets those of the sequences [from, to], with the next commit.
  virtual Status drop_dead_letters(const std::string& name, Sequence from, Sequence to) = 0;
  // By sequence, behind `after`; those on disk.
  virtual Result<std::vector<DeadLetter>> dead_letters(const std::string& name, Sequence after, std::size_t limit) = 0;
  virtual DeadLetters count_dead_letters(const std::string& name) const = 0;
  // When the reading was committed, or the nearest before it that is left; nullopt in an empty log.
  virtual std::optional<Nanos> commit_time(Sequence) = 0;

  // A consumer that keeps its cursor elsewhere. `next` is called on any thread, the committer's too: it must be cheap
  // and take no lock under which the spine is called. As long as the handle lives.
  virtual std::shared_ptr<void> follow(std::string name, std::function<Sequence()> next) = 0;
  virtual std::vector<Consumer> consumers() = 0;  // of saved cursors and followed, by name
  // Nothing goes from `first` on, neither by size nor by age: it is not stored elsewhere yet. When nine tenths of
  // retain_bytes are held, append() says again until they are fewer. Other consumers delay nobody. `first` is called
  // as follow()'s `next` is. As long as the handle lives.
  virtual std::shared_ptr<void> hold(std::function<Sequence()> first) = 0;

  virtual Stats stats() const = 0;
  virtual void close() = 0;  // commits, wakes all waiters, ends the thread; appends are refused from now on
};

}  // namespace myriad::spine
