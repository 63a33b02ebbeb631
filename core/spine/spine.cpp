#include "spine/spine.h"

#include <algorithm>
#include <condition_variable>
#include <iterator>
#include <map>
#include <mutex>
#include <thread>

#include "spine/feed.h"
#include "spine/inbox.h"
#include "spine/log_file.h"

namespace myriad::spine {
namespace {

constexpr std::chrono::milliseconds retry_first{100}, retry_last{1'000};
constexpr std::size_t probe_most = std::size_t{1} << 20;

class SqliteSpine final : public Spine {
 public:
  SqliteSpine(const Options& options, std::unique_ptr<LogFile> file, std::map<std::string, Cursor> cursors,
              const Clock& clock, Log log)
      : clock_(clock),
        log_(std::move(log)),
        inbox_(options),
        feed_(options.recent_bytes, file->begin(), file->end()),
        file_(std::move(file)),
        cursors_(std::move(cursors)) {
    stats_.durability = options.durability;
    stats_.disk_bytes = file_->bytes();
    committer_ = std::thread([this] { run(); });
  }
  ~SqliteSpine() override { close(); }

  Status append(model::BatchView batch, Done done) override { return inbox_.append(batch, std::move(done)); }

  Sequence begin() const override { return feed_.begin(); }
  Sequence end() const override { return feed_.end(); }
  Result<BlockPtr> read(Sequence from) override;
  bool wait(Sequence from, std::chrono::steady_clock::time_point deadline) override {
    return feed_.wait(from, deadline);
  }
  std::shared_ptr<void> on_commit(std::function<void()> wake) override { return feed_.on_commit(std::move(wake)); }

  Result<Cursor> load_cursor(const std::string& name) override;
  Status save_cursor(const std::string& name, const Cursor&) override;
  Status drop_cursor(const std::string& name) override;

  Stats stats() const override;
  void close() override;

 private:
  void run();
  void commit(Inbox::Work);
  void acknowledge(Inbox::Work&, const Status&);
  void recover(Inbox::Work, const Error&);
  void note_overtaken(Sequence before, Sequence begin);
  void report_overtaken();

  const Clock& clock_;
  const Log log_;
  Inbox inbox_;
  Feed feed_;
  const std::unique_ptr<LogFile> file_;  // written by the committer alone

  mutable std::mutex mutex_;  // guards all until the next
  std::map<std::string, Cursor> cursors_;
  std::map<std::string, std::uint64_t> overtaken_;  // readings lost, not yet reported
  std::chrono::steady_clock::time_point next_report_{};
  Stats stats_;

  std::mutex closing_;  // guards the joining
  std::thread committer_;
};

void SqliteSpine::run() {
  while (auto work = inbox_.take()) commit(std::move(*work));
}

void SqliteSpine::commit(Inbox::Work work) {
  std::vector<std::shared_ptr<Block>> blocks;
  for (const auto& group : work.groups) blocks.push_back(group.block);
  const Sequence begin = file_->begin();
  if (const auto done = file_->commit(blocks, work.cursors, clock_.now()); !done)
    return recover(std::move(work), done.error());
  {
    const std::scoped_lock lock(mutex_);
    stats_.commits += blocks.empty() ? 0 : 1;
    stats_.disk_bytes = file_->bytes();
    for (const auto& block : blocks) stats_.committed += block->batch.readings.size();
  }
  feed_.set_begin(file_->begin());
  if (file_->begin() > begin) note_overtaken(begin, file_->begin());
  if (!blocks.empty()) feed_.publish({blocks.begin(), blocks.end()});
  acknowledge(work, {});
}

// Ends every group: its bytes are no longer queued, its publishers are told.
void SqliteSpine::acknowledge(Inbox::Work& work, const Status& status) {
  for (auto& group : work.groups) {
    inbox_.settle(group.bytes);
    for (auto& waiting : group.waiting)
      waiting.done(status, status ? group.block->first + waiting.readings - 1 : Sequence{0});
  }
}

// The disk failed: nobody's readings may seem stored, and nothing is taken until writing works again.
void SqliteSpine::recover(Inbox::Work work, const Error& why) {
  Inbox::Work more = inbox_.refuse(why);
  std::move(more.groups.begin(), more.groups.end(), std::back_inserter(work.groups));
  more.cursors.merge(work.cursors);  // the newer saving of a cursor stays

  std::size_t readings = 0, bytes = 0;
  for (const auto& group : work.groups) readings += group.block->batch.readings.size(), bytes += group.bytes;
  {
    const std::scoped_lock lock(mutex_);
    stats_.lost += readings;
  }
  log_.error("cannot commit, " + std::to_string(readings) + " readings were not stored: " + why.message);
  acknowledge(work, why);

  for (auto pause = retry_first; !inbox_.wait_closed(pause); pause = std::min(2 * pause, retry_last))
    if (file_->probe(std::min(bytes, probe_most))) {
      inbox_.accept();
      for (auto& [name, cursor] : more.cursors) inbox_.restore(name, std::move(cursor));
      log_.info("writing works again");
      return;
    }
}

// Counts what retention took from consumers before they read it; says so at once, then at most every minute.
void SqliteSpine::note_overtaken(Sequence before, Sequence begin) {
  const std::scoped_lock lock(mutex_);
  for (const auto& [name, cursor] : cursors_)
    if (cursor.next < begin) overtaken_[name] += begin - std::max(cursor.next, before);
  if (const auto now = std::chrono::steady_clock::now(); now >= next_report_) {
    report_overtaken();
    next_report_ = now + std::chrono::minutes(1);
  }
}

void SqliteSpine::report_overtaken() {
  for (const auto& [name, readings] : overtaken_)
    log_.error("'" + name + "' lost " + std::to_string(readings) +
               " readings that retention removed before it read them; make it faster or retention longer");
  overtaken_.clear();
}

Result<BlockPtr> SqliteSpine::read(Sequence from) {
  if (auto block = feed_.find(from)) return block;
  const Sequence end = feed_.end();
  if (from >= end) return BlockPtr();
  auto block = file_->read(from);
  if (!block || *block) return block;
  // Nothing is left of what was there: go on at the end.
  auto hole = std::make_shared<Block>();
  hole->first = end;
  return BlockPtr(std::move(hole));
}

Result<Cursor> SqliteSpine::load_cursor(const std::string& name) {
  const std::scoped_lock lock(mutex_);
  const auto [it, made] = cursors_.try_emplace(name, Cursor{feed_.end(), {}});
  // Kept from now on: a consumer that dies before its first saving goes on where it began.
  if (made)
    if (auto saved = inbox_.save(name, it->second); !saved) return saved.error();
  return it->second;
}

Status SqliteSpine::save_cursor(const std::string& name, const Cursor& cursor) {
  const std::scoped_lock lock(mutex_);
  cursors_.insert_or_assign(name, cursor);
  return inbox_.save(name, cursor);
}

Status SqliteSpine::drop_cursor(const std::string& name) {
  const std::scoped_lock lock(mutex_);
  cursors_.erase(name);
  return inbox_.save(name, std::nullopt);
}

Stats SqliteSpine::stats() const {
  Stats stats;
  {
    const std::scoped_lock lock(mutex_);
    stats = stats_;
  }
  stats.begin = begin();
  stats.end = end();
  inbox_.count(stats);
  return stats;
}

void SqliteSpine::close() {
  const std::scoped_lock lock(closing_);
  inbox_.close();
  if (committer_.joinable()) committer_.join();
  feed_.close();
  const std::scoped_lock reporting(mutex_);
  report_overtaken();
}

}  // namespace

std::string_view durability_name(Durability durability) {
  switch (durability) {
    case Durability::full:
      return "full";
    case Durability::normal:
      break;
  }
  return "normal";
}

Result<std::unique_ptr<Spine>> Spine::open(Options options, model::Points& points, const Clock& clock, Log log) {
  auto file = LogFile::open(options, points, log);
  if (!file) return file.error();
  auto cursors = (*file)->cursors();
  if (!cursors) return cursors.error();
  if (options.durability == Durability::normal)
    log.warn(
        "durability is normal: an acknowledged reading survives a crash of the process, perhaps not one of the "
        "machine; use --durability full to be sure");
  return std::unique_ptr<Spine>(
      std::make_unique<SqliteSpine>(options, std::move(*file), std::move(*cursors), clock, std::move(log)));
}

Result<Sequence> Spine::append_and_wait(model::BatchView batch) {
  struct Answer {
    std::mutex mutex;
    std::condition_variable given;
    std::optional<Result<Sequence>> result;
  };
  const auto answer = std::make_shared<Answer>();
  const auto done = [answer](const Status& status, Sequence last) {
    const std::scoped_lock lock(answer->mutex);
    answer->result = status ? Result<Sequence>(last) : Result<Sequence>(status.error());
    answer->given.notify_one();
  };
  if (auto taken = append(batch, done); !taken) return taken.error();
  std::unique_lock lock(answer->mutex);
  answer->given.wait(lock, [&] { return answer->result.has_value(); });
  return *answer->result;
}

}  // namespace myriad::spine
