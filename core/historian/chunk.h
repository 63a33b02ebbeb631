// The readings of one point in memory, and their summary. Not thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "model/reading.h"
#include "model/value.h"
#include "spine/columns.h"

namespace myriad::historian {

// What aggregates need without decoding. The five figures are of good and uncertain numbers (booleans as 0 and 1).
struct Summary {
  Nanos from = 0, to = 0;  // first and last time
  std::uint32_t count = 0, numbers = 0;
  double min = 0, max = 0, sum = 0, first = 0, last = 0;
};

class Chunk {
 public:
  struct Entry {
    Nanos time = 0;
    std::uint64_t value = 0;  // bits; of text: offset << 32 | size
  };

  void append(model::BatchView, const model::Reading&);
  void clear();
  std::size_t size() const { return entries_.size(); }
  bool empty() const { return entries_.empty(); }
  std::size_t text_bytes() const { return blob_.size(); }
  Nanos from() const;  // requires readings
  Nanos to() const;

  // Ascending times, one reading each: of equal times the last appended stays.
  void sort();

  Summary summary() const;                      // requires sort()
  std::optional<model::Sample> newest() const;  // by time, then the last appended

  // Calls f(time, type, quality, value bits) in order.
  template <class F>
  void for_each(F&& f) const {
    std::size_t at = 0;
    for (const auto& kind : kinds_)
      for (const std::size_t end = at + kind.count; at < end; ++at)
        f(entries_[at].time, kind.type, kind.quality, entries_[at].value);
  }
  model::Sample sample(Nanos time, std::uint16_t type, std::uint16_t quality, std::uint64_t value) const;

  // The parts, for the codec.
  const std::vector<Entry>& entries() const { return entries_; }
  const std::vector<spine::Kind>& kinds() const { return kinds_; }
  std::string_view text(std::uint64_t value) const;
  Chunk() = default;
  Chunk(std::vector<Entry> sorted, std::vector<spine::Kind>, spine::Bytes blob);

 private:
  void push(Nanos time, std::uint16_t type, std::uint16_t quality, std::uint64_t value);

  std::vector<Entry> entries_;
  std::vector<spine::Kind> kinds_;
  spine::Bytes blob_;
  bool sorted_ = true;
};

}  // namespace myriad::historian
