#include "historian/timeline.h"

#include <algorithm>

namespace myriad::historian {

bool Timeline::add(Chunk chunk, std::int64_t written) {
  if (chunk.empty() || chunk.to() < range_.from || chunk.from() >= range_.to) return more_;
  if (!settle(chunk.from())) return false;
  Part part{written, std::move(chunk), 0};
  part.at = part.chunk.lower_bound(range_.from);
  const auto place = std::upper_bound(parts_.begin(), parts_.end(), written,
                                      [](std::int64_t w, const Part& other) { return w < other.written; });
  parts_.insert(place, std::move(part));
  return true;
}

bool Timeline::finish() {
  return settle(range_.to);
}

// No chunk that is still to come has a reading before this time.
bool Timeline::settle(Nanos before) {
  before = std::min(before, range_.to);
  const auto waits = [before](const Part& part) { return part.chunk.entries()[part.at].time < before; };
  const auto waiting = more_ ? std::count_if(parts_.begin(), parts_.end(), waits) : 0;
  if (waiting == 1) {
    Part& part = *std::find_if(parts_.begin(), parts_.end(), waits);
    const std::size_t from = part.at;
    part.at = part.chunk.lower_bound(before);
    more_ = visit_(part.chunk, from, part.at);
  } else if (waiting > 1) {
    more_ = visit_joined(before);
  }
  std::erase_if(parts_, [](const Part& part) { return part.at == part.chunk.size(); });
  return more_;
}

bool Timeline::visit_joined(Nanos before) {
  Chunk joined;
  for (Part& part : parts_) {
    const std::size_t from = part.at;
    part.at = part.chunk.lower_bound(before);
    joined.append(part.chunk, from, part.at);
  }
  joined.sort();
  return visit_(joined, 0, joined.size());
}

}  // namespace myriad::historian
