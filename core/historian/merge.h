// Joins the chunks of one point into samples by ascending time, one per time: the last written. Pure.
#pragma once

#include <vector>

#include "historian/chunk.h"
#include "historian/historian.h"

namespace myriad::historian {

class Merge {
 public:
  Merge(Range range, std::size_t limit) : range_(range), limit_(limit) {}

  // Chunks come by ascending from(). Of equal times the chunk with the higher `written` wins.
  void add(const Chunk& sorted, std::int64_t written);
  bool full() const { return out_.size() >= limit_; }
  std::vector<model::Sample> take();  // at the end

 private:
  struct Item {
    std::int64_t written = 0;
    model::Sample sample;
  };
  void settle(Nanos before);

  const Range range_;
  const std::size_t limit_;
  std::vector<Item> open_;  // a later chunk may still interleave
  bool ordered_ = true;
  std::vector<model::Sample> out_;
};

}  // namespace myriad::historian
