#include "historian/merge.h"

#include <algorithm>
#include <tuple>

namespace myriad::historian {

void Merge::add(const Chunk& chunk, std::int64_t written) {
  if (chunk.empty() || full()) return;
  settle(chunk.from());
  chunk.for_each([&](Nanos time, std::uint16_t type, std::uint16_t quality, std::uint64_t value) {
    if (time < range_.from || time >= range_.to) return;
    if (!open_.empty() && time <= open_.back().sample.time) ordered_ = false;
    open_.push_back({written, chunk.sample(time, type, quality, value)});
  });
}

void Merge::settle(Nanos before) {
  if (!ordered_)
    std::stable_sort(open_.begin(), open_.end(), [](const Item& a, const Item& b) {
      return std::tie(a.sample.time, a.written) < std::tie(b.sample.time, b.written);
    });
  ordered_ = true;
  std::size_t done = 0;
  for (; done < open_.size() && open_[done].sample.time < before && !full(); ++done)
    if (done + 1 == open_.size() || open_[done + 1].sample.time != open_[done].sample.time)
      out_.push_back(std::move(open_[done].sample));
  open_.erase(open_.begin(), open_.begin() + static_cast<std::ptrdiff_t>(done));
}

std::vector<model::Sample> Merge::take() {
  settle(INT64_MAX);  // the range ends before it
  return std::move(out_);
}

}  // namespace myriad::historian
