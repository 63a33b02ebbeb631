#include "historian/open_chunk.h"

namespace myriad::historian {

// ---- The pool

SegmentPool::Segment* SegmentPool::get(std::uint32_t capacity) {
  static_assert(sizeof(Segment) == sizeof(Chunk::Entry));
  Segment*& free = free_[capacity == large];
  if (!free) {
    const std::size_t bytes = (capacity + 1) * sizeof(Chunk::Entry);
    auto& slab = slabs_.emplace_back(new Line[slab_bytes / sizeof(Line)]);
    for (std::size_t at = slab_bytes; at > 0; at -= bytes) {
      auto* made = new (&slab[(at - bytes) / sizeof(Line)]) Segment{free, capacity};
      free = made;
    }
  }
  Segment* const segment = free;
  free = segment->before;
  return segment;
}

void SegmentPool::put(Segment* segment) {
  Segment*& free = free_[segment->capacity == large];
  segment->before = free;
  free = segment;
}

// ---- The chunk

std::size_t OpenChunk::append(SegmentPool& pool, model::BatchView batch, const model::Reading& r) {
  if (!model::has_blob(r)) {
    push(pool, r.time_ns, r.type, r.quality, r.value.u64);
    return sizeof(Chunk::Entry);
  }
  const auto text = batch.text(r);
  push(pool, r.time_ns, r.type, r.quality, std::uint64_t{blob_.size()} << 32 | text.size());
  blob_.insert(blob_.end(), text.begin(), text.end());
  return sizeof(Chunk::Entry) + text.size();
}

void OpenChunk::append(SegmentPool& pool, const Chunk& chunk) {
  chunk.for_each([&](Nanos time, std::uint16_t type, std::uint16_t quality, std::uint64_t value) {
    if (type >= MYRIAD_TEXT) {
      const auto text = chunk.text(value);
      value = std::uint64_t{blob_.size()} << 32 | text.size();
      blob_.insert(blob_.end(), text.begin(), text.end());
    }
    push(pool, time, type, quality, value);
  });
}

void OpenChunk::push(SegmentPool& pool, Nanos time, std::uint16_t type, std::uint16_t quality, std::uint64_t value) {
  if (room_ == 0) {
    auto* next = pool.get(size_ < SegmentPool::large ? SegmentPool::small : SegmentPool::large);
    next->before = segment_;
    segment_ = next;
    end_ = next->entries();
    room_ = static_cast<std::uint16_t>(next->capacity);
  }
  if (time <= to_) sorted_ = false;
  from_ = std::min(from_, time);
  to_ = std::max(to_, time);
  *end_++ = {time, value};
  --room_;
  ++size_;
  if (kind_.type != type || kind_.quality != quality) {
    if (kind_.count > 0) earlier_kinds_.push_back(kind_);
    kind_ = {0, type, quality};
  }
  ++kind_.count;
}

void OpenChunk::clear(SegmentPool& pool) {
  while (segment_) {
    auto* const before = segment_->before;
    pool.put(segment_);
    segment_ = before;
  }
  *this = OpenChunk();
}

Chunk OpenChunk::copy() const {
  if (empty()) return {};
  std::vector<Chunk::Entry> entries(size_);
  auto to = entries.end();
  std::uint32_t filled = segment_->capacity - room_;
  for (const auto* segment = segment_; segment; segment = segment->before) {
    to -= filled;
    std::copy_n(segment->entries(), filled, to);
    if (segment->before) filled = segment->before->capacity;
  }
  auto kinds = earlier_kinds_;
  kinds.push_back(kind_);
  return Chunk(std::move(entries), std::move(kinds), blob_, sorted_);
}

}  // namespace myriad::historian
