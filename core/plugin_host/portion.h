// Which part of a batch to try next, so that a reading that is refused is found by halves and the others pass. Pure.
#pragma once

#include <algorithm>
#include <cstddef>

namespace myriad::plugin_host {

// A batch of n readings of which k are refused takes about 3 k log2(n) attempts, and about n when all are.
class Portion {
 public:
  // All of so many readings.
  void reset(std::size_t count) {
    at_ = 0;
    count_ = size_ = count;
  }
  std::size_t at() const { return at_; }
  std::size_t size() const { return std::min(size_, count_ - at_); }
  bool done() const { return at_ == count_; }

  void accepted() {
    at_ += size();
    size_ *= 2;
  }
  // True: it was one reading, which is passed over.
  bool refused() {
    const bool single = size() == 1;
    size_ = std::max<std::size_t>(1, size() / 2);
    if (single) ++at_;
    return single;
  }

 private:
  std::size_t at_ = 0, size_ = 0, count_ = 0;
};

}  // namespace myriad::plugin_host
