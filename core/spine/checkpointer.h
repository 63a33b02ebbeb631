// Copies the write-ahead log into the database on a thread and a connection of its own: copying and waiting for the
// disk take tens of milliseconds, which no commit should have to wait for.
#pragma once

#include <condition_variable>
#include <filesystem>
#include <memory>
#include <mutex>
#include <thread>

#include "base/log.h"

namespace SQLite {
class Database;
}

namespace myriad::spine {

class Checkpointer {
 public:
  Checkpointer(std::filesystem::path file, Log log);
  ~Checkpointer();  // waits for the copying under way

  // [committer] The log has so many pages now. True: so many that it must be copied before the next commit, by whoever
  // commits, for it is only begun anew when all of it is copied.
  bool note(int pages);

 private:
  void run();
  void copy(SQLite::Database&);

  const std::filesystem::path file_;
  const Log log_;
  std::mutex mutex_;  // guards all below
  std::condition_variable changed_;
  bool due_ = false, closing_ = false;
  std::thread thread_;
};

}  // namespace myriad::spine
