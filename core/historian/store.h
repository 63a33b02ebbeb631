// The open chunks of every series, and the closed ones that wait for the disk. One thread writes, any thread asks.
#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "historian/chunk_codec.h"
#include "historian/estimate.h"
#include "historian/history_file.h"
#include "historian/open_chunk.h"
#include "historian/retention.h"

namespace myriad::historian {

class Store {
 public:
  using SteadyTime = std::chrono::steady_clock::time_point;

  Store(const Options&, const model::Points&, const Clock&, std::vector<StoredSeries>, Progress, Retention);

  // ---- [writer]

  // Takes readings of a block; `first` is the sequence of the first. What a chunk already holds is passed over.
  void take(model::BatchView, spine::Sequence first, SteadyTime now);
  void skip_to(spine::Sequence next, std::uint64_t lost);

  // What waits for the disk, with the progress that is true once it is there.
  std::size_t waiting() const { return waiting_.size(); }
  bool has_changes() const { return !waiting_.empty() || !changed_.empty() || !new_stale_.empty(); }
  Change change() const;
  void written();  // it is

  // Encodes open chunks for which it is time, at most `most`; `from` walks over the series. False at the end, or when
  // there is memory enough again.
  enum class Why : std::uint8_t { due, memory, ending, closing };
  bool store_some(Why, std::size_t& from, std::size_t most, SteadyTime now);
  bool over_memory() const;

  // The next series that upkeep should look at, or nullptr. It is the writer's to read.
  const StoredSeries* next_job();
  struct Due {
    bool tidy = false, roll = false, refresh = false;
  };
  Due due(const StoredSeries&) const;
  const StoredSeries* find(std::string_view point) const;
  std::vector<const StoredSeries*> all() const;
  std::int64_t part_of(const StoredSeries&) const;  // the stored chunk that its open one will replace, or 0
  std::int64_t new_chunk() {
    const std::scoped_lock lock(mutex_);
    return ++last_chunk_;
  }
  // What upkeep did, once it is on disk.
  void tidied(const StoredSeries&, Nanos longest, std::size_t untidy, const Revised&);
  void rolled(const StoredSeries&, int level, Nanos through);
  void freshened(const StoredSeries&);

  void close_open(const StoredSeries&);  // encodes its open chunk
  void make_stale(const StoredSeries&, Range);
  void set_latest(const StoredSeries&, std::optional<model::Sample>);
  void set_retention(Retention);
  const Retention& retention() const { return retention_; }

  // ---- [any]

  struct Snapshot {
    std::int64_t series = 0;
    Nanos longest = 0;
    std::int64_t part = 0;  // a stored chunk whose readings are in `open`
    Chunk open;             // sorted
    std::vector<WritePtr> waiting;
    std::array<Nanos, rollup_levels + 1> rolled{};
    std::vector<Range> stale;  // also where open has what rollups do not know
  };
  std::optional<Snapshot> snapshot(std::string_view point) const;
  std::vector<std::pair<std::string, model::Sample>> latest() const;
  std::vector<RetentionRule> rules() const;
  std::vector<Estimate> estimate(const std::vector<std::string>& patterns) const;
  void count(Stats&) const;

 private:
  // What every reading of a series changes: one line of the cache, but for texts.
  struct alignas(64) Taken {
    spine::Sequence last = 0;
    std::uint32_t unstored = 0;  // of the chunk's readings
    OpenChunk chunk;
  };
  struct Series : StoredSeries {
    Series(StoredSeries stored, Taken& its) : StoredSeries(std::move(stored)), taken(its) {}
    Taken& taken;
    std::int64_t part = 0;
    std::size_t untidy_chunks = 0;
    spine::Sequence first_unstored = 0;
    SteadyTime since{};                         // of first_unstored
    Series *older = nullptr, *newer = nullptr;  // among those with unstored readings, by first_unstored
    bool queued = false;                        // in jobs_
    bool changed = false;                       // in changed_
    // Of the last chunk, for the estimate.
    Nanos last_from = 0, last_to = 0;
    std::uint32_t last_count = 0, last_bytes = 0;
  };
  struct Place {
    Taken* taken = nullptr;
    Series* series = nullptr;
  };
  // Lets those who ask in between two slices; a mutex alone would let the writer have it again at once.
  class Asking;

  void take_slice(model::BatchView, std::span<const model::Reading>, spine::Sequence first, SteadyTime now);
  void prefetch(std::span<const model::Reading>, std::size_t at) const;
  Place place_of(std::uint32_t point);
  Series& add(StoredSeries);
  Series& own(const StoredSeries&);
  void store(Series&, bool close);
  void store_late(Series&, Chunk&, std::size_t count);
  void write(Series&, Chunk&, std::int64_t id, bool close, bool late);
  void touch(Series&);
  void begin_unstored(Series&, spine::Sequence, SteadyTime);
  void end_unstored(Series&);
  void queue_if_due(Series&);
  bool is_due(const Series&, Why, SteadyTime now) const;
  static Pace pace_of(const Series&);

  const Options options_;
  const model::Points& points_;
  const Clock& clock_;
  ChunkEncoder encoder_;  // the writer's

  mutable std::mutex mutex_;  // guards all below; the writer reads without it
  mutable std::atomic<int> asking_ = 0;
  Retention retention_;
  std::deque<Series> series_;  // never moves an element
  std::unordered_map<std::string_view, Series*> by_name_;
  std::deque<Taken> taken_;  // likewise
  SegmentPool segments_;     // of the open chunks
  std::vector<Place> by_point_;
  std::deque<Series*> jobs_;
  std::vector<WritePtr> waiting_;
  Series *oldest_unstored_ = nullptr, *newest_unstored_ = nullptr;
  std::vector<Series*> changed_;  // whose row is to be written with waiting_
  std::vector<std::pair<std::int64_t, Range>> new_stale_;
  std::vector<StoredRevision> new_revisions_;
  spine::Sequence next_, known_ = 0;  // after known_ no reading was in a chunk at start
  std::int64_t last_series_ = 0, last_chunk_;
  std::uint64_t stored_readings_, unstored_readings_ = 0, untidy_readings_ = 0, revised_ = 0, expired_ = 0, lost_ = 0;
  std::size_t open_readings_ = 0, open_bytes_ = 0, open_series_ = 0, average_bytes_ = 0;  // of those with readings
};

}  // namespace myriad::historian
