#include "spine/spine.h"

#include <algorithm>
#include <condition_variable>
#include <iterator>
#include <map>
#include <mutex>
#include <thread>

#include "spine/consumers.h"
#include "spine/feed.h"
#include "spine/inbox.h"
#include "spine/log_file.h"

namespace myriad::spine {
namespace {

constexpr std::chrono::milliseconds retry_first{100}, retry_last{1'000};
constexpr std::chrono::minutes held_back_interval{1};
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
        unheld_(options.waits_for_hold ? 0 : UINT64_MAX),
        held_most_(options.retain_bytes / 10 * 9),
        consumers_(std::make_shared<Consumers>(std::move(cursors), log_)),
        watch_interval_(options.watch_interval) {
    stats_.durability = options.durability;
    stats_.disk_bytes = file_->bytes();
    committer_ = std::thread([this] { run(); });
    watcher_ = std::thread([this] {
      while (!inbox_.wait_closed(watch_interval_)) consumers();
    });
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

  Result<Cursor> load_cursor(const std::string& name) override { return consumers_->load(name, feed_.end(), keep_); }
  Status save_cursor(const std::string& name, const Cursor& cursor) override {
    return consumers_->save(name, cursor, keep_);
  }
  Status drop_cursor(const std::string& name) override {
    const auto forgotten = drop_dead_letters(name, 0, INT64_MAX);
    return forgotten ? consumers_->drop(name, keep_) : forgotten;
  }
  std::optional<Cursor> find_cursor(const std::string& name) const override { return consumers_->find(name); }

  Status bury(const std::string& name, const Cursor& cursor, DeadLetter letter) override;
  Status drop_dead_letters(const std::string& name, Sequence from, Sequence to) override {
    return inbox_.change({name, std::nullopt, from, to});
  }
  Result<std::vector<DeadLetter>> dead_letters(const std::string& name, Sequence after, std::size_t limit) override {
    return file_->dead_letters(name, after, limit);
  }
  DeadLetters count_dead_letters(const std::string& name) const override { return file_->count_dead_letters(name); }
  std::optional<Nanos> commit_time(Sequence sequence) override {
    const auto place = file_->place(sequence, clock_.now());
    return place ? std::optional(place->committed) : std::nullopt;
  }

  Result<Sequence> sequence_at(Nanos time) override { return file_->sequence_at(time, begin(), end()); }
  std::shared_ptr<void> follow(std::string name, std::function<Sequence()> next) override {
    return Consumers::follow(consumers_, std::move(name), std::move(next));
  }
  std::vector<Consumer> consumers() override;
  std::shared_ptr<void> hold(std::function<Sequence()> first) override {
    return Consumers::hold(consumers_, std::move(first));
  }

  Stats stats() const override;
  void close() override;

 private:
  void run();
  void commit(Inbox::Work);
  void hold_back();
  void acknowledge(Inbox::Work&, const Status&);
  void recover(Inbox::Work, const Error&);

  const Clock& clock_;
  const Log log_;
  Inbox inbox_;
  Feed feed_;
  const std::unique_ptr<LogFile> file_;  // written by the committer alone

  const Sequence unheld_;  // what may go when nobody holds
  const std::uint64_t held_most_;
  std::chrono::steady_clock::time_point next_held_back_{};  // when that may be said again; the committer's
  const std::shared_ptr<Consumers> consumers_;
  const std::chrono::milliseconds watch_interval_;
  const Consumers::Keep keep_ = [this](const std::string& name, std::optional<Cursor> cursor) {
    return inbox_.save(name, std::move(cursor));
  };

  mutable std::mutex mutex_;  // guards stats_
  Stats stats_;

  std::mutex closing_;  // guards the joining
  std::thread committer_, watcher_;
};

void SqliteSpine::run() {
  while (auto work = inbox_.take()) commit(std::move(*work));
}

void SqliteSpine::commit(Inbox::Work work) {
  std::vector<std::shared_ptr<Block>> blocks;
  for (const auto& group : work.groups) blocks.push_back(group.block);
  const Sequence begin = file_->begin();
  const Sequence held = consumers_->held(unheld_);
  if (const auto done = file_->commit(blocks, work.cursors, work.letters, clock_.now(), held); !done)
    return recover(std::move(work), done.error());
  {
    const std::scoped_lock lock(mutex_);
    stats_.commits += blocks.empty() ? 0 : 1;
    stats_.disk_bytes = file_->bytes();
    for (const auto& block : blocks) stats_.committed += block->batch.readings.size();
  }
  feed_.set_begin(file_->begin());
  if (file_->begin() > begin) consumers_->note_dropped(begin, file_->begin());
  if (!blocks.empty()) feed_.publish({blocks.begin(), blocks.end()});
  acknowledge(work, {});
  hold_back();
}

// Readings that were acknowledged and are held never go; so publishers wait while the log is nearly full of them.
void SqliteSpine::hold_back() {
  const Sequence held = file_->bytes() > held_most_ ? consumers_->held(UINT64_MAX) : UINT64_MAX;
  const auto bytes = held < file_->end() ? file_->bytes_from(held) : 0;
  if (!bytes) return;  // as before, until it can be read
  if (*bytes <= held_most_) return inbox_.hold_back({});
  const std::string behind = "history is " + std::to_string(file_->end() - held) + " readings behind the full log";
  inbox_.hold_back(Error{Code::again, behind + ": send again in a moment"});
  if (const auto now = std::chrono::steady_clock::now(); now >= next_held_back_) {
    log_.warn(behind + ": publishers are told to send again; send less, or see why history cannot be stored");
    next_held_back_ = now + held_back_interval;
  }
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
  std::swap(more.letters, work.letters);
  std::move(work.letters.begin(), work.letters.end(), std::back_inserter(more.letters));

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
      inbox_.restore(std::move(more));
      log_.info("writing works again");
      return;
    }
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

Status SqliteSpine::bury(const std::string& name, const Cursor& cursor, DeadLetter letter) {
  return consumers_->save(name, cursor, [&](const std::string& consumer, std::optional<Cursor> place) {
    return inbox_.save(consumer, std::move(place), {consumer, std::move(letter)});
  });
}

std::vector<Consumer> SqliteSpine::consumers() {
  const Nanos now = clock_.now();
  return consumers_->list(end(), now, [&](Sequence next) { return file_->place(next, now); });
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
  if (watcher_.joinable()) watcher_.join();
  feed_.close();
  consumers_->report_lost();
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
  auto file = LogFile::open(options, points, clock, log);
  if (!file) return file.error();
  auto cursors = (*file)->cursors();
  if (options.durability == Durability::normal)
    log.warn(
        "durability is normal: an acknowledged reading survives a crash of the process, perhaps not one of the "
        "machine; use --durability full to be sure");
  return std::unique_ptr<Spine>(
      std::make_unique<SqliteSpine>(options, std::move(*file), std::move(cursors), clock, std::move(log)));
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
