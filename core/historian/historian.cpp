#include "historian/historian.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <future>
#include <mutex>
#include <thread>

#include "historian/aggregate.h"
#include "historian/history_file.h"
#include "historian/point_view.h"
#include "historian/store.h"
#include "historian/upkeep.h"

namespace myriad::historian {
namespace {

using std::chrono::steady_clock;

constexpr std::size_t chunks_per_commit = 200;
constexpr std::size_t small_chunks_per_commit = 1'000;  // of neighbours: so many share each page that is written
constexpr std::chrono::seconds store_interval{1}, retry_pause{1};
// While readings wait, upkeep has a turn of about this length after each block.
constexpr std::chrono::milliseconds upkeep_turn{4};

class ChunkHistorian final : public Historian {
 public:
  ChunkHistorian(const Options& options, std::unique_ptr<HistoryFile> file, std::vector<StoredSeries> series,
                 Progress progress, Retention retention, spine::Spine& spine, const model::Points& points,
                 const Clock& clock, Log log)
      : spine_(spine),
        log_(std::move(log)),
        file_(std::move(file)),
        store_(options, points, clock, std::move(series), progress, std::move(retention)),
        upkeep_(
            options, *file_, store_, clock, log_, [this] { return commit(); }, damaged("")),
        next_(progress.next),
        stored_(progress.next) {
    on_commit_ = spine_.on_commit([this] {
      const std::scoped_lock lock(mutex_);
      changed_.notify_all();
    });
    thread_ = std::thread([this] { run(); });
  }
  ~ChunkHistorian() override { close(); }

  Result<std::vector<model::Sample>> query(std::string_view point, Range, std::size_t limit) override;
  Result<std::vector<Row>> aggregate(std::string_view point, const AggregateQuery&, std::size_t limit) override;
  Status for_each_latest(const std::function<void(std::string_view, const model::Sample&)>&) override;
  bool wait(spine::Sequence end, steady_clock::time_point deadline) override;
  spine::Sequence next() const override {
    const std::scoped_lock lock(mutex_);
    return next_;
  }
  spine::Sequence stored() const override { return stored_; }
  Result<std::uint64_t> remove(std::string_view point, Range) override;
  std::vector<RetentionRule> retention() const override { return store_.rules(); }
  Status set_retention(std::vector<RetentionRule>) override;
  std::vector<Estimate> estimate(const std::vector<std::string>& patterns) const override {
    return store_.estimate(patterns);
  }
  Result<std::vector<Revision>> revisions(std::string_view point, std::size_t most) override;
  Status settle() override;
  Stats stats() const override;
  void close() override;

 private:
  void run();
  bool wait_for_work();
  void do_tasks();
  void take_next_block();
  void take(const spine::Block&);
  void store_due();
  void free_memory();
  bool store_all(Store::Why);
  bool commit();
  bool pause();
  // Runs `task` on the historian's thread and waits for its answer.
  template <class T>
  T on_thread(std::function<T()> task);
  Result<std::unique_ptr<PointView>> view(std::string_view point);
  PointView::Damaged damaged(std::string_view point);

  spine::Spine& spine_;
  const Log log_;
  const std::unique_ptr<HistoryFile> file_;
  Store store_;
  Upkeep upkeep_;  // the thread's, and so are the next four
  steady_clock::time_point next_store_ = steady_clock::now() + store_interval;
  std::size_t memory_at_ = 0;  // the series whose turn it is to give memory back
  bool busy_ = true;           // upkeep has more to do

  mutable std::mutex mutex_;  // guards all until the next
  std::condition_variable changed_;
  spine::Sequence next_;
  std::deque<std::function<void()>> tasks_;
  bool closing_ = false;

  std::atomic<spine::Sequence> stored_;
  std::atomic<std::uint64_t> damaged_ = 0;
  std::shared_ptr<void> on_commit_;
  std::mutex joining_;  // guards the joining
  std::thread thread_;
};

// ---- The thread

void ChunkHistorian::run() {
  while (wait_for_work()) {
    do_tasks();
    take_next_block();
    store_due();
    const auto now = steady_clock::now();
    busy_ = upkeep_.work(now + upkeep_turn, now);
  }
  store_all(Store::Why::closing);
}

// False: closing. Returns as soon as there are readings, tasks or upkeep, and in time for what is due.
bool ChunkHistorian::wait_for_work() {
  std::unique_lock lock(mutex_);
  const auto ready = [&] { return closing_ || busy_ || !tasks_.empty() || spine_.end() > next_; };
  changed_.wait_until(lock, next_store_, ready);
  return !closing_;
}

void ChunkHistorian::do_tasks() {
  for (;;) {
    std::function<void()> task;
    {
      const std::scoped_lock lock(mutex_);
      if (tasks_.empty()) return;
      task = std::move(tasks_.front());
      tasks_.pop_front();
    }
    task();
  }
}

void ChunkHistorian::take_next_block() {
  const auto block = spine_.read(next_);
  if (block && *block) take(**block);
  if (block) return;
  log_.error("cannot read from " + std::to_string(next_) + ": " + block.error().message);
  pause();
}

void ChunkHistorian::take(const spine::Block& block) {
  spine::Sequence from = next_;
  if (block.first > from) {
    log_.error("lost " + std::to_string(block.first - from) + " readings, " + std::to_string(from) + " to " +
               std::to_string(block.first - 1) + ": the spine no longer has them");
    store_.skip_to(block.first, block.first - from);
    from = block.first;
  }
  model::BatchView batch = block.batch.view();
  batch.readings = batch.readings.subspan(from - block.first);
  store_.take(batch, from, steady_clock::now());
  {
    const std::scoped_lock lock(mutex_);
    next_ = block.end();
    changed_.notify_all();
  }
  if (store_.waiting() >= chunks_per_commit) commit();
  if (store_.over_memory()) free_memory();
}

void ChunkHistorian::store_due() {
  const auto now = steady_clock::now();
  if (now < next_store_) return;
  store_all(Store::Why::due);
  next_store_ = now + store_interval;
}

// Goes on where it ended before, so that every series has its turn and none of this takes long.
void ChunkHistorian::free_memory() {
  const auto now = steady_clock::now();
  for (int rounds = 0; store_.over_memory() && rounds < 2; ++rounds) {
    while (store_.store_some(Store::Why::memory, memory_at_, small_chunks_per_commit, now))
      if (!commit()) return;
    if (!commit() || !store_.over_memory()) return;
    memory_at_ = 0;
  }
}

bool ChunkHistorian::store_all(Store::Why why) {
  const auto now = steady_clock::now();
  std::size_t from = 0;
  while (store_.store_some(why, from, chunks_per_commit, now))
    if (!commit()) return false;
  return commit();
}

// Tries until it works or closing: what waits stays in memory and can be queried, and the spine keeps what comes after.
bool ChunkHistorian::commit() {
  if (!store_.has_changes()) return true;
  bool failed = false;
  for (;;) {
    const auto change = store_.change();
    const auto done = file_->commit(change);
    if (done && change.progress) stored_ = change.progress->next;
    if (done) break;
    if (!failed) log_.error("cannot store history, trying on: " + done.error().message);
    failed = true;
    if (!pause()) return false;  // the next start takes it from the spine again
  }
  if (failed) log_.info("history can be stored again");
  store_.written();
  return true;
}

// False when closing.
bool ChunkHistorian::pause() {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, retry_pause, [&] { return closing_; });
  return !closing_;
}

template <class T>
T ChunkHistorian::on_thread(std::function<T()> task) {
  auto answer = std::make_shared<std::promise<T>>();
  auto given = answer->get_future();
  {
    const std::scoped_lock lock(mutex_);
    if (closing_) return Error{Code::unavailable, "the daemon is stopping"};
    tasks_.push_back([answer, task = std::move(task)] { answer->set_value(task()); });
    changed_.notify_all();
  }
  try {
    return given.get();
  } catch (const std::future_error&) {  // dropped by close()
    return Error{Code::unavailable, "the daemon is stopping"};
  }
}

// ---- Asking

PointView::Damaged ChunkHistorian::damaged(std::string_view point) {
  return [this, point = std::string(point)](const Error& error) {
    if (damaged_++ % 1'000 != 0) return;  // a damaged file has many
    log_.error((point.empty() ? "" : "'" + point + "': ") + error.message +
               "; its readings are missing from answers: check the disk, restore a backup");
  };
}

// Memory before disk: a chunk that is written in between is found twice and joined, never missed. null: never seen.
Result<std::unique_ptr<PointView>> ChunkHistorian::view(std::string_view point) {
  auto memory = store_.snapshot(point);
  if (!memory) return std::unique_ptr<PointView>();
  auto reader = file_->reader();
  if (!reader) return reader.error();
  return std::make_unique<PointView>(std::move(*memory), std::move(*reader), damaged(point));
}

Result<std::vector<model::Sample>> ChunkHistorian::query(std::string_view point, Range range, std::size_t limit) {
  std::vector<model::Sample> samples;
  auto seen = view(point);
  if (!seen) return seen.error();
  if (!*seen || limit == 0) return samples;
  const auto done = (*seen)->readings(range, [&](const Chunk& chunk, std::size_t first, std::size_t last) {
    last = first + std::min(last - first, limit - samples.size());
    chunk.for_each(first, last, [&](Nanos time, std::uint16_t type, std::uint16_t quality, std::uint64_t value) {
      samples.push_back(chunk.sample(time, type, quality, value));
    });
    return samples.size() < limit;
  });
  if (!done) return done.error();
  return samples;
}

Result<std::vector<Row>> ChunkHistorian::aggregate(std::string_view point, const AggregateQuery& query,
                                                   std::size_t limit) {
  Aggregator aggregator(query, limit);
  auto seen = view(point);
  if (!seen) return seen.error();
  if (!*seen) return aggregator.take();
  if (aggregator.wants_reading_before()) {
    const auto before = (*seen)->number_before(query.range.from);
    if (!before) return before.error();
    if (*before) aggregator.before((*before)->first, (*before)->second);
  }
  int level = aggregator.takes_tallies() ? rollup_levels : 0;
  while (level > 0 && !query.steps.holds_whole(rollup_width[static_cast<std::size_t>(level)])) --level;
  const PointView::Visitor visitor{[&](const Chunk& chunk, std::size_t first, std::size_t last) {
                                     chunk.for_each_run(
                                         first, last, [&](std::uint16_t type, std::uint16_t quality, auto entries) {
                                           if (type < MYRIAD_TEXT) return aggregator.add(type, quality, entries);
                                           for (const auto& entry : entries)
                                             aggregator.add_text(entry.time, type, quality, chunk.text(entry.value));
                                         });
                                     return !aggregator.full();
                                   },
                                   [&](const Bucket& bucket) {
                                     aggregator.add(bucket.begin, bucket.tally);
                                     return !aggregator.full();
                                   },
                                   aggregator.detail()};
  if (auto done = (*seen)->cover(query.range, level, visitor); !done) return done.error();
  return aggregator.take();
}

Status ChunkHistorian::for_each_latest(const std::function<void(std::string_view, const model::Sample&)>& visit) {
  for (const auto& [point, sample] : store_.latest()) visit(point, sample);
  return {};
}

bool ChunkHistorian::wait(spine::Sequence end, steady_clock::time_point deadline) {
  std::unique_lock lock(mutex_);
  return changed_.wait_until(lock, deadline, [&] { return next_ >= end; });
}

Result<std::vector<Revision>> ChunkHistorian::revisions(std::string_view point, std::size_t most) {
  std::vector<Revision> out;
  const auto memory = store_.snapshot(point);
  if (!memory) return out;
  auto reader = file_->reader();
  if (!reader) return reader.error();
  const auto stored = (*reader)->revisions(memory->series, most);
  if (!stored) return stored.error();
  for (const auto& [noticed, series, revised] : *stored)
    out.push_back({noticed, revised.readings, revised.from, revised.to});
  return out;
}

Stats ChunkHistorian::stats() const {
  Stats stats;
  store_.count(stats);
  stats.disk_bytes = file_->disk_bytes();
  stats.damaged_chunks = damaged_;
  return stats;
}

// ---- Changing

Result<std::uint64_t> ChunkHistorian::remove(std::string_view point, Range range) {
  return on_thread<Result<std::uint64_t>>([this, point = std::string(point), range]() -> Result<std::uint64_t> {
    const StoredSeries* series = store_.find(point);
    if (!series) return std::uint64_t{0};
    return upkeep_.remove(*series, range);
  });
}

Status ChunkHistorian::set_retention(std::vector<RetentionRule> rules) {
  if (auto fits = Retention::check(rules); !fits) return fits;
  return on_thread<Status>([this, rules = std::move(rules)]() -> Status {
    if (auto done = file_->set_retention(rules); !done) return done;
    store_.set_retention(Retention(rules));
    upkeep_.apply_retention();
    return {};
  });
}

Status ChunkHistorian::settle() {
  return on_thread<Status>([this]() -> Status {
    store_all(Store::Why::ending);
    return upkeep_.settle();
  });
}

void ChunkHistorian::close() {
  const std::scoped_lock joining(joining_);
  {
    const std::scoped_lock lock(mutex_);
    closing_ = true;
    changed_.notify_all();
  }
  on_commit_.reset();
  if (thread_.joinable()) thread_.join();
  const std::scoped_lock lock(mutex_);
  tasks_.clear();
}

}  // namespace

Result<std::unique_ptr<Historian>> Historian::open(Options options, spine::Spine& spine, model::Points& points,
                                                   const Clock& clock, Log log) {
  auto on_damage = options.on_damage ? options.on_damage : [log](const std::string& what) { log.error(what); };
  auto file = HistoryFile::open(options.file, clock.now(), std::move(on_damage));
  if (!file) return file.error();
  auto progress = (*file)->progress();
  if (!progress) return progress.error();
  if (progress->next > spine.end()) {
    log.error(options.file.string() + ": the spine ends at " + std::to_string(spine.end()) + ", before " +
              std::to_string(progress->next) + " where history went on; it is taken from its begin");
    progress->next = spine.begin();
    if (auto forgotten = (*file)->forget_sequences(progress->next); !forgotten) return forgotten.error();
  }
  if (progress->next == 0) progress->next = spine.begin();
  auto series = (*file)->series();
  if (!series) return series.error();
  auto rules = (*file)->retention();
  if (!rules) return rules.error();
  return std::unique_ptr<Historian>(std::make_unique<ChunkHistorian>(options, std::move(*file), std::move(*series),
                                                                     *progress, Retention(std::move(*rules)), spine,
                                                                     points, clock, std::move(log)));
}

}  // namespace myriad::historian
