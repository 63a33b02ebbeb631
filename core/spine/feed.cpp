#include "spine/feed.h"

#include <algorithm>

namespace myriad::spine {
namespace {

// Who reads what is older does not keep up, and reads from disk.
constexpr Nanos recent_time = 10'000'000'000;

std::size_t memory_of(const Block& block) {
  return sizeof(Block) + block.batch.readings.capacity() * sizeof(model::Reading) + block.batch.blob.capacity();
}

}  // namespace

Feed::Feed(std::size_t recent_bytes, Sequence begin, Sequence end)
    : recent_bytes_(recent_bytes), begin_(begin), end_(end) {}

void Feed::publish(const std::vector<BlockPtr>& blocks) {
  {
    const std::scoped_lock lock(mutex_);
    for (const auto& block : blocks) keep(block);
    changed_.notify_all();
  }
  const std::scoped_lock lock(callbacks_->mutex);
  for (const auto& wake : callbacks_->wakes) wake();
}

void Feed::keep(const BlockPtr& block) {
  end_ = block->end();
  if (block->batch.readings.empty()) return;
  recent_.push_back(block);
  held_bytes_ += memory_of(*block);
  const auto stale = [&] {
    return held_bytes_ > recent_bytes_ || recent_.front()->committed < block->committed - recent_time;
  };
  for (; !recent_.empty() && stale(); recent_.pop_front()) held_bytes_ -= memory_of(*recent_.front());
}

void Feed::set_begin(Sequence begin) {
  const std::scoped_lock lock(mutex_);
  begin_ = begin;
}

Sequence Feed::begin() const {
  const std::scoped_lock lock(mutex_);
  return begin_;
}

Sequence Feed::end() const {
  const std::scoped_lock lock(mutex_);
  return end_;
}

BlockPtr Feed::find(Sequence from) const {
  const std::scoped_lock lock(mutex_);
  const auto after = std::upper_bound(recent_.begin(), recent_.end(), from,
                                      [](Sequence s, const BlockPtr& block) { return s < block->first; });
  if (after == recent_.begin()) return nullptr;
  const BlockPtr& block = *std::prev(after);
  return from < block->end() ? block : nullptr;
}

bool Feed::wait(Sequence from, std::chrono::steady_clock::time_point deadline) {
  std::unique_lock lock(mutex_);
  changed_.wait_until(lock, deadline, [&] { return end_ > from || closed_; });
  return end_ > from;
}

std::shared_ptr<void> Feed::on_commit(std::function<void()> wake) {
  const std::scoped_lock lock(callbacks_->mutex);
  const auto place = callbacks_->wakes.insert(callbacks_->wakes.end(), std::move(wake));
  return {&*place, [callbacks = callbacks_, place](void*) {
            const std::scoped_lock guard(callbacks->mutex);
            callbacks->wakes.erase(place);
          }};
}

void Feed::close() {
  const std::scoped_lock lock(mutex_);
  closed_ = true;
  changed_.notify_all();
}

}  // namespace myriad::spine
