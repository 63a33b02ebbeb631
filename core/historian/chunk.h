// The readings of one point in memory. Not thread-safe.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/clock.h"
#include "model/reading.h"
#include "model/value.h"
#include "spine/columns.h"

namespace myriad::historian {

// Readings that others of the same point and time replaced, with another value.
struct Revised {
  std::uint64_t readings = 0;
  Nanos from = INT64_MAX, to = 0;  // first and last of their times

  void note(Nanos time);
  void add(const Revised&);
};

// A chunk of long texts is full before it has its readings.
inline constexpr std::size_t chunk_text = std::size_t{1} << 18;

class Chunk {
 public:
  struct Entry {
    Nanos time = 0;
    std::uint64_t value = 0;  // bits; of text: offset << 32 | size
  };

  void append(model::BatchView, const model::Reading&);
  void append(const Chunk&);
  void append(const Chunk&, std::size_t first, std::size_t last);  // its entries [first, last)
  void clear();
  std::size_t size() const { return entries_.size(); }
  bool empty() const { return entries_.empty(); }
  std::size_t text_bytes() const { return blob_.size(); }
  Nanos from() const;  // requires readings
  Nanos to() const;

  // Ascending times, one reading each: of equal times the last appended stays. What that replaced.
  Revised sort();

  std::optional<model::Sample> newest() const;  // by time, then the last appended
  // The first entry at `time` or after; requires sort().
  std::size_t lower_bound(Nanos time) const;

  // Calls f(time, type, quality, value bits) in order, for all or for the entries [first, last).
  template <class F>
  void for_each(F&& f) const {
    for_each(0, size(), f);
  }
  template <class F>
  void for_each(std::size_t first, std::size_t last, F&& f) const {
    std::size_t at = 0;
    for (const auto& kind : kinds_) {
      const std::size_t end = std::min(last, at + kind.count);
      for (std::size_t i = std::max(at, first); i < end; ++i)
        f(entries_[i].time, kind.type, kind.quality, entries_[i].value);
      at += kind.count;
    }
  }
  // Calls f(type, quality, entries) for each run of one type and quality within the entries [first, last).
  template <class F>
  void for_each_run(std::size_t first, std::size_t last, F&& f) const {
    std::size_t at = 0;
    for (const auto& kind : kinds_) {
      const std::size_t from = std::max(at, first), to = std::min(last, at + kind.count);
      if (from < to) f(kind.type, kind.quality, std::span(entries_).subspan(from, to - from));
      at += kind.count;
    }
  }
  model::Sample sample(Nanos time, std::uint16_t type, std::uint16_t quality, std::uint64_t value) const;

  // The parts, for the codec.
  const std::vector<Entry>& entries() const { return entries_; }
  const std::vector<spine::Kind>& kinds() const { return kinds_; }
  std::string_view text(std::uint64_t value) const;
  Chunk() = default;
  Chunk(std::vector<Entry>, std::vector<spine::Kind>, spine::Bytes blob, bool sorted = true);

 private:
  bool same(std::size_t a, const spine::Kind&, std::size_t b, const spine::Kind&) const;
  void push(Nanos time, std::uint16_t type, std::uint16_t quality, std::uint64_t value);

  std::vector<Entry> entries_;
  std::vector<spine::Kind> kinds_;
  spine::Bytes blob_;
  bool sorted_ = true;
};

}  // namespace myriad::historian
