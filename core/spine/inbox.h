// What waits for the committer: readings copied into blocks, and cursors to save. Bounded in bytes. Thread-safe; take()
// and settle() belong to the committer thread.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>

#include "spine/spine.h"

namespace myriad::spine {

using CursorChanges = std::map<std::string, std::optional<Cursor>>;  // nullopt: dropped

struct LetterChange {
  std::string consumer;
  std::optional<DeadLetter> buried;  // else those in [from, to] go
  Sequence from = 0, to = 0;
};

class Inbox {
 public:
  explicit Inbox(const Options&);

  Status append(model::BatchView, Spine::Done);
  Status save(const std::string& cursor, std::optional<Cursor>);
  // Handed over together with the cursor, or alone. They are applied in this order.
  Status save(const std::string& cursor, std::optional<Cursor>, LetterChange);
  Status change(LetterChange);

  struct Acknowledgement {
    Spine::Done done;
    std::size_t readings = 0;  // of the block, up to the end of its batch
  };
  struct Group {
    std::shared_ptr<Block> block = std::make_shared<Block>();
    std::vector<Acknowledgement> waiting;
    std::size_t bytes = 0;
  };
  struct Work {
    std::vector<Group> groups;
    CursorChanges cursors;
    std::vector<LetterChange> letters;
  };
  // Waits until a commit is due. Empty work now and then is the time for housekeeping. nullopt: closed, nothing left.
  std::optional<Work> take();
  // So many bytes are on disk, or given up.
  void settle(std::size_t bytes);

  // What could not be committed waits again; a cursor unless a newer one waits.
  void restore(Work);

  // append() gives this error from now on, until it is called with none. take() returns now and then meanwhile.
  void hold_back(std::optional<Error>);

  // append() gives this error from now on; what waits is handed over.
  Work refuse(Error);
  void accept();

  void close();
  bool wait_closed(std::chrono::milliseconds) const;  // true as soon as close() was called

  void count(Stats&) const;

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;

  Status admit(std::size_t readings, std::size_t bytes);
  Status note(const std::function<void()>& change);
  bool has_changes() const { return !cursors_.empty() || !letters_.empty(); }
  void start_block();
  SteadyTime due() const;
  Work hand_over(std::size_t most_groups);

  const std::size_t queue_bytes_, commit_bytes_;
  const std::chrono::milliseconds interval_;

  mutable std::mutex mutex_;  // guards all below
  mutable std::condition_variable wake_;
  std::deque<Group> full_;
  Group filling_;
  std::size_t expected_readings_ = 0;
  CursorChanges cursors_;
  std::vector<LetterChange> letters_;
  std::size_t queued_bytes_ = 0;
  std::uint64_t appended_ = 0, refused_ = 0;
  std::optional<Error> refusing_, held_back_;
  SteadyTime last_take_{};
  bool asleep_ = false, closed_ = false;
};

}  // namespace myriad::spine
