// The open chunks of every series, and the closed ones that wait for the disk. One thread writes, any thread asks.
#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "historian/chunk_codec.h"
#include "historian/history_file.h"

namespace myriad::historian {

class Store {
 public:
  using SteadyTime = std::chrono::steady_clock::time_point;

  Store(const Options&, const model::Points&, std::vector<StoredSeries>, Progress);

  // ---- [writer]

  // Takes readings of a block; `first` is the sequence of the first. What a chunk already holds is passed over.
  void take(model::BatchView, spine::Sequence first, SteadyTime now);
  // The chunks that wait, with the progress that is true once they are on disk.
  const std::vector<WritePtr>& waiting() const { return waiting_; }
  Progress progress() const;
  void written();  // they are

  // Encodes open chunks for which it is time, at most `most`; `from` walks over the series. False at the end.
  enum class Why : std::uint8_t { due, memory, closing };
  bool store_some(Why, std::size_t& from, std::size_t most, SteadyTime now);
  bool over_memory() const;
  void skip_to(spine::Sequence next);

  // ---- [any]

  struct Snapshot {
    std::int64_t series = 0;
    Nanos longest = 0;
    Chunk open;
    std::vector<WritePtr> waiting;
  };
  std::optional<Snapshot> snapshot(std::string_view point, Range) const;
  std::vector<std::pair<std::string, model::Sample>> latest() const;
  void count(Stats&) const;

 private:
  struct Series : StoredSeries {
    explicit Series(StoredSeries stored) : StoredSeries(std::move(stored)) {}
    Chunk open;
    std::int64_t part = 0;  // the stored chunk that holds a part of `open`
    spine::Sequence first_unstored = 0, last_taken = 0;
    std::size_t unstored = 0;
    SteadyTime since{};
  };
  // Lets those who ask in between two slices; a mutex alone would let the writer have it again at once.
  class Asking;

  void take_slice(model::BatchView, std::span<const model::Reading>, spine::Sequence first, SteadyTime now);
  Series& series_of(std::uint32_t point);
  Series& add(StoredSeries);
  void store(Series&, bool close);
  bool is_due(const Series&, Why, SteadyTime now) const;
  static std::size_t bytes_of(const Series&);

  const Options options_;
  const model::Points& points_;
  ChunkEncoder encoder_;  // the writer's

  mutable std::mutex mutex_;  // guards all below; the writer reads without it
  mutable std::atomic<int> asking_ = 0;
  std::deque<Series> series_;  // never moves an element
  std::unordered_map<std::string_view, Series*> by_name_;
  std::vector<Series*> by_point_;
  std::vector<WritePtr> waiting_;
  spine::Sequence next_;
  std::int64_t last_series_ = 0, last_chunk_;
  std::uint64_t stored_readings_;
  std::size_t open_readings_ = 0, open_bytes_ = 0, average_bytes_ = 0;
};

}  // namespace myriad::historian
