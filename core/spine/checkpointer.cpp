#include "spine/checkpointer.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <sqlite3.h>

#include "storage/database.h"

namespace myriad::spine {
namespace {

constexpr int begin_pages = 4'096;        // 16 MiB
constexpr int overdue_pages = 4 * 4'096;  // what is written meanwhile keeps it from ever being whole

}  // namespace

Checkpointer::Checkpointer(std::filesystem::path file, Log log)
    : file_(std::move(file)), log_(std::move(log)), thread_([this] { run(); }) {}

Checkpointer::~Checkpointer() {
  {
    const std::scoped_lock lock(mutex_);
    closing_ = true;
    changed_.notify_all();
  }
  thread_.join();
}

bool Checkpointer::note(int pages) {
  if (pages < begin_pages) return false;
  const std::scoped_lock lock(mutex_);
  due_ = true;
  changed_.notify_all();
  return pages >= overdue_pages;
}

void Checkpointer::run() {
  std::unique_ptr<SQLite::Database> db;
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return due_ || closing_; });
      if (closing_) return;
      due_ = false;
    }
    try {
      if (!db) db = std::make_unique<SQLite::Database>(file_.string(), SQLite::OPEN_READWRITE, 5'000);
      copy(*db);
    } catch (const SQLite::Exception& e) {
      log_.warn("cannot copy the write-ahead log, the next commit tries again: " + storage::to_error(e, file_).message);
    }
  }
}

// What is written during the first round is little and copied by the second, between two commits.
void Checkpointer::copy(SQLite::Database& db) {
  constexpr int rounds = 4;
  for (int round = 0; round < rounds; ++round) {
    int pages = 0, copied = 0;
    const int code = sqlite3_wal_checkpoint_v2(db.getHandle(), nullptr, SQLITE_CHECKPOINT_PASSIVE, &pages, &copied);
    if (code != SQLITE_OK && code != SQLITE_BUSY) throw SQLite::Exception(db.getHandle(), code);
    if (code == SQLITE_BUSY || copied >= pages) return;
  }
}

}  // namespace myriad::spine
