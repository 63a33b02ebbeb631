// The open chunk of a series: readings in the order in which they came. Of 100,000 open chunks most are short, so they
// grow by small segments from one pool: nothing is copied as they grow, and what a closed one leaves serves the others.
// Not thread-safe.
#pragma once

#include <memory>
#include <vector>

#include "historian/chunk.h"

namespace myriad::historian {

class SegmentPool {
 public:
  struct Segment {
    Segment* before = nullptr;  // of the same chunk
    std::uint32_t capacity = 0, padding = 0;
    Chunk::Entry* entries() { return reinterpret_cast<Chunk::Entry*>(this + 1); }
    const Chunk::Entry* entries() const { return reinterpret_cast<const Chunk::Entry*>(this + 1); }
  };
  // Small for the first readings of a chunk, large for those of a chunk that has many.
  static constexpr std::uint32_t small = 15, large = 127;

  Segment* get(std::uint32_t capacity);  // small or large
  void put(Segment*);
  std::size_t bytes() const { return slabs_.size() * slab_bytes; }

 private:
  static constexpr std::size_t slab_bytes = std::size_t{1} << 16;
  struct alignas(64) Line {
    std::byte bytes[64];
  };
  Segment* free_[2] = {nullptr, nullptr};
  std::vector<std::unique_ptr<Line[]>> slabs_;
};

class OpenChunk {
 public:
  // The bytes that it takes.
  std::size_t append(SegmentPool&, model::BatchView, const model::Reading&);
  void append(SegmentPool&, const Chunk&);
  void clear(SegmentPool&);  // before it ends, if it has readings
  // Fetches the place that the next append() writes to.
  void prefetch() const { __builtin_prefetch(end_, 1); }

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  std::size_t text_bytes() const { return blob_.size(); }
  std::size_t bytes() const { return size_ * sizeof(Chunk::Entry) + text_bytes(); }
  Nanos from() const { return from_; }  // the first and the last time; requires readings
  Nanos to() const { return to_; }

  Chunk copy() const;

 private:
  void push(SegmentPool&, Nanos time, std::uint16_t type, std::uint16_t quality, std::uint64_t value);

  // What every append() needs comes first and lies together.
  SegmentPool::Segment* segment_ = nullptr;  // the last
  Chunk::Entry* end_ = nullptr;              // where the next reading goes, while there is room
  Nanos from_ = INT64_MAX, to_ = INT64_MIN;
  spine::Kind kind_;  // of the last run
  std::uint32_t size_ = 0;
  std::uint16_t room_ = 0;
  bool sorted_ = true;

  spine::Bytes blob_;
  std::vector<spine::Kind> earlier_kinds_;
};

}  // namespace myriad::historian
