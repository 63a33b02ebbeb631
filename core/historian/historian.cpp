#include "historian/historian.h"

#include <algorithm>
#include <bit>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "historian/aggregate.h"
#include "historian/history_file.h"
#include "historian/merge.h"
#include "historian/store.h"

namespace myriad::historian {
namespace {

using std::chrono::steady_clock;

constexpr std::size_t chunks_per_commit = 200;
constexpr std::chrono::seconds upkeep_interval{1}, retry_pause{1};
constexpr std::size_t samples_at_once = 10'000;

void feed(Aggregator& to, const model::Sample& s) {
  const auto number = [&](std::uint16_t type, std::uint64_t bits) { to.add(s.time, type, s.quality, bits); };
  if (const auto* flag = std::get_if<bool>(&s.value)) return number(MYRIAD_BOOL, *flag ? 1 : 0);
  if (const auto* whole = std::get_if<std::int64_t>(&s.value))
    return number(MYRIAD_I64, static_cast<std::uint64_t>(*whole));
  if (const auto* natural = std::get_if<std::uint64_t>(&s.value)) return number(MYRIAD_U64, *natural);
  if (const auto* real = std::get_if<double>(&s.value)) return number(MYRIAD_F64, std::bit_cast<std::uint64_t>(*real));
  if (const auto* text = std::get_if<std::string>(&s.value)) to.add_text(s.time, MYRIAD_TEXT, s.quality, *text);
  if (const auto* bytes = std::get_if<model::Bytes>(&s.value))
    to.add_text(s.time, MYRIAD_BYTES, s.quality, bytes->data);
  if (const auto* json = std::get_if<model::JsonText>(&s.value))
    to.add_text(s.time, MYRIAD_JSON, s.quality, json->text);
}

std::optional<double> number_of(const model::Sample& s) {
  if (s.quality > MYRIAD_UNCERTAIN) return std::nullopt;
  if (const auto* flag = std::get_if<bool>(&s.value)) return *flag ? 1 : 0;
  if (const auto* whole = std::get_if<std::int64_t>(&s.value)) return static_cast<double>(*whole);
  if (const auto* natural = std::get_if<std::uint64_t>(&s.value)) return static_cast<double>(*natural);
  if (const auto* real = std::get_if<double>(&s.value)) return *real;
  return std::nullopt;
}

class ChunkHistorian final : public Historian {
 public:
  ChunkHistorian(const Options& options, std::unique_ptr<HistoryFile> file, std::vector<StoredSeries> series,
                 Progress progress, spine::Spine& spine, const model::Points& points, Log log)
      : spine_(spine),
        log_(std::move(log)),
        file_(std::move(file)),
        store_(options, points, std::move(series), progress),
        next_(progress.next) {
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
  Stats stats() const override;
  void close() override;

 private:
  void run();
  bool wait_for_readings();
  void take(const spine::Block&);
  void upkeep();
  void store_all(Store::Why);
  bool commit();
  bool pause();
  Status feed_before(std::string_view point, Nanos before, Aggregator&);
  Chunk decode(ChunkDecoder&, int codec, spine::BytesView payload, std::string_view point);

  spine::Spine& spine_;
  const Log log_;
  const std::unique_ptr<HistoryFile> file_;
  Store store_;
  steady_clock::time_point next_upkeep_ = steady_clock::now() + upkeep_interval;  // the thread's

  mutable std::mutex mutex_;  // guards both
  std::condition_variable changed_;
  spine::Sequence next_;
  bool closing_ = false;

  std::shared_ptr<void> on_commit_;
  std::mutex joining_;  // guards the joining
  std::thread thread_;
};

void ChunkHistorian::run() {
  while (wait_for_readings()) {
    const auto block = spine_.read(next_);
    if (block && *block) take(**block);
    if (!block) {
      log_.error("cannot read from " + std::to_string(next_) + ": " + block.error().message);
      pause();
    }
    upkeep();
  }
  store_all(Store::Why::closing);
}

// False: closing. True also when it is time for upkeep.
bool ChunkHistorian::wait_for_readings() {
  std::unique_lock lock(mutex_);
  changed_.wait_until(lock, next_upkeep_, [&] { return closing_ || spine_.end() > next_; });
  return !closing_;
}

void ChunkHistorian::take(const spine::Block& block) {
  spine::Sequence from = next_;
  if (block.first > from) {
    log_.error("lost " + std::to_string(block.first - from) + " readings, " + std::to_string(from) + " to " +
               std::to_string(block.first - 1) + ": the spine no longer has them");
    from = block.first;
  }
  model::BatchView batch = block.batch.view();
  batch.readings = batch.readings.subspan(from - block.first);
  store_.take(batch, from, steady_clock::now());
  if (batch.readings.empty()) store_.skip_to(block.end());
  {
    const std::scoped_lock lock(mutex_);
    next_ = block.end();
    changed_.notify_all();
  }
  if (store_.waiting().size() >= chunks_per_commit) commit();
  if (store_.over_memory()) store_all(Store::Why::memory);
}

void ChunkHistorian::upkeep() {
  const auto now = steady_clock::now();
  if (now < next_upkeep_) return;
  store_all(Store::Why::due);
  next_upkeep_ = now + upkeep_interval;
}

void ChunkHistorian::store_all(Store::Why why) {
  const auto now = steady_clock::now();
  std::size_t from = 0;
  while (store_.store_some(why, from, chunks_per_commit, now))
    if (!commit()) return;
  commit();
}

// Tries until it works or closing: what waits stays in memory and can be queried, and the spine keeps what comes after.
bool ChunkHistorian::commit() {
  if (store_.waiting().empty()) return true;
  bool failed = false;
  for (;;) {
    const auto done = file_->commit(store_.waiting(), store_.progress());
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

bool ChunkHistorian::wait(spine::Sequence end, steady_clock::time_point deadline) {
  std::unique_lock lock(mutex_);
  return changed_.wait_until(lock, deadline, [&] { return next_ >= end; });
}

Chunk ChunkHistorian::decode(ChunkDecoder& decoder, int codec, spine::BytesView payload, std::string_view point) {
  auto chunk = decoder.decode(codec, payload);
  if (chunk) return std::move(*chunk);
  log_.error("'" + std::string(point) + "': " + chunk.error().message + "; its readings are missing from the answer");
  return {};
}

Result<std::vector<model::Sample>> ChunkHistorian::query(std::string_view point, Range range, std::size_t limit) {
  // Memory before disk: a chunk that is written in between is found twice and joined, never missed.
  auto memory = store_.snapshot(point, range);
  if (!memory) return std::vector<model::Sample>{};
  ChunkDecoder decoder;
  std::vector<std::pair<std::int64_t, Chunk>> chunks;
  for (const auto& write : memory->waiting)
    chunks.emplace_back(write->chunk, decode(decoder, chunk_codec, write->payload, point));
  memory->open.sort();
  if (!memory->open.empty()) chunks.emplace_back(INT64_MAX, std::move(memory->open));
  std::erase_if(chunks, [](const auto& each) { return each.second.empty(); });
  std::sort(chunks.begin(), chunks.end(),
            [](const auto& a, const auto& b) { return a.second.from() > b.second.from(); });

  Merge merge(range, limit);
  const auto add_memory = [&](Nanos until) {
    for (; !chunks.empty() && chunks.back().second.from() <= until; chunks.pop_back())
      merge.add(chunks.back().second, chunks.back().first);
  };
  const auto scanned = file_->scan(memory->series, memory->longest, range, [&](HistoryFile::Found&& found) {
    add_memory(found.from);
    merge.add(decode(decoder, found.codec, found.payload, point), found.chunk);
    return !merge.full();
  });
  if (!scanned) return scanned.error();
  add_memory(INT64_MAX);
  return merge.take();
}

Result<std::vector<Row>> ChunkHistorian::aggregate(std::string_view point, const AggregateQuery& query,
                                                   std::size_t limit) {
  Aggregator aggregator(query, limit);
  if (aggregator.wants_reading_before())
    if (auto fed = feed_before(point, query.range.from, aggregator); !fed) return fed.error();
  Range range = query.range;
  while (!aggregator.full()) {
    const auto samples = this->query(point, range, samples_at_once);
    if (!samples) return samples.error();
    for (const auto& sample : *samples) feed(aggregator, sample);
    if (samples->size() < samples_at_once) break;
    range.from = samples->back().time + 1;
  }
  return aggregator.take();
}

// Looks back further and further.
Status ChunkHistorian::feed_before(std::string_view point, Nanos before, Aggregator& aggregator) {
  for (Nanos back = 3'600'000'000'000, to = before; to > 0; back *= 8) {
    const Nanos from = std::max<Nanos>(0, back < to ? to - back : 0);
    const auto samples = query(point, {from, to}, SIZE_MAX);
    if (!samples) return samples.error();
    for (auto it = samples->rbegin(); it != samples->rend(); ++it)
      if (const auto number = number_of(*it)) {
        aggregator.before(it->time, *number);
        return {};
      }
    to = from;
  }
  return {};
}

Status ChunkHistorian::for_each_latest(const std::function<void(std::string_view, const model::Sample&)>& visit) {
  for (const auto& [point, sample] : store_.latest()) visit(point, sample);
  return {};
}

Stats ChunkHistorian::stats() const {
  Stats stats;
  store_.count(stats);
  stats.disk_bytes = file_->disk_bytes();
  return stats;
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
}

}  // namespace

Result<std::unique_ptr<Historian>> Historian::open(Options options, spine::Spine& spine, model::Points& points,
                                                   const Clock&, Log log) {
  auto file = HistoryFile::open(options.file);
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
  return std::unique_ptr<Historian>(std::make_unique<ChunkHistorian>(options, std::move(*file), std::move(*series),
                                                                     *progress, spine, points, std::move(log)));
}

}  // namespace myriad::historian
