// What consumers see: how far the log goes, its newest blocks in memory, and being woken. Thread-safe.
#pragma once

#include <condition_variable>
#include <deque>
#include <list>
#include <mutex>

#include "spine/spine.h"

namespace myriad::spine {

class Feed {
 public:
  Feed(std::size_t recent_bytes, Sequence begin, Sequence end);

  // [committer] `blocks` are on disk, in order; wakes everyone.
  void publish(const std::vector<BlockPtr>& blocks);
  void set_begin(Sequence);

  Sequence begin() const;
  Sequence end() const;
  BlockPtr find(Sequence) const;  // null when it is no longer in memory, or not yet there
  bool wait(Sequence from, std::chrono::steady_clock::time_point deadline);
  std::shared_ptr<void> on_commit(std::function<void()> wake);
  void close();

 private:
  using Wakes = std::list<std::function<void()>>;
  struct Callbacks {
    std::mutex mutex;  // held during the calls, so that a handle's end waits for them
    Wakes wakes;
  };

  void keep(const BlockPtr&);

  const std::size_t recent_bytes_;
  mutable std::mutex mutex_;  // guards all but callbacks_
  std::condition_variable changed_;
  std::deque<BlockPtr> recent_;
  std::size_t held_bytes_ = 0;
  Sequence begin_, end_;
  bool closed_ = false;
  std::shared_ptr<Callbacks> callbacks_ = std::make_shared<Callbacks>();  // shared with handles that outlive the feed
};

}  // namespace myriad::spine
