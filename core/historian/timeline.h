// Brings the chunks of one point, which may overlap, into one order: readings by ascending time, one per time, the last
// written. Holds no more in memory than what overlaps at one place. Pure; one thread each.
#pragma once

#include <functional>
#include <vector>

#include "historian/chunk.h"
#include "historian/historian.h"

namespace myriad::historian {

class Timeline {
 public:
  // Entries [first, last) of a sorted chunk, which is the visitor's for the call. False: it has enough.
  using Visit = std::function<bool(const Chunk&, std::size_t first, std::size_t last)>;

  Timeline(Range range, Visit visit) : range_(range), visit_(std::move(visit)) {}

  // Sorted chunks come by ascending from(). Of equal times the chunk with the higher `written` wins. False: enough.
  bool add(Chunk, std::int64_t written);
  bool finish();  // nothing more comes

 private:
  struct Part {
    std::int64_t written = 0;
    Chunk chunk;
    std::size_t at = 0;  // its entries before this one were visited
  };
  bool settle(Nanos before);
  bool visit_joined(Nanos before);

  const Range range_;
  const Visit visit_;
  std::vector<Part> parts_;  // by ascending `written`
  bool more_ = true;
};

}  // namespace myriad::historian
