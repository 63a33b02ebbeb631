#include "plugin_host/delivery.h"

#include <algorithm>

#include "base/names.h"

namespace myriad::plugin_host {
namespace {

constexpr std::size_t max_readings = 1000, max_bytes = std::size_t{1} << 20;  // in one batch
constexpr std::size_t max_scan = 100'000;  // readings looked at before others on the strand have their turn
constexpr int max_refusals = 5;
constexpr std::chrono::milliseconds store_interval{100};  // when nothing matched

}  // namespace

Status Delivery::open() {
  auto cursor = parts_.spine.load_cursor(parts_.cursor);
  if (!cursor) return cursor.error();
  next_ = scanned_ = cursor->next;
  state_ = std::move(cursor->state);
  return parts_.spine.save_cursor(parts_.cursor, {next_, state_});
}

void Delivery::start() {
  running_ = true;
  commits_ = parts_.spine.on_commit([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->wake();
  });
  wake();
}

void Delivery::stop() {
  commits_.reset();
  retry_.cancel();
  if (std::exchange(running_, false)) store_cursor();
}

std::uint64_t Delivery::lag() const {
  const auto end = parts_.spine.end();
  return end > next_ ? end - next_ : 0;
}

void Delivery::wake() {
  if (waiting_to_retry_ || waking_.exchange(true)) return;
  parts_.strand->post([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->pump();
  });
}

// One batch at a time, so that polls, writes and control calls have their turn between.
void Delivery::pump() {
  waking_ = false;
  if (!running_ || waiting_to_retry_) return;
  const bool more = batch_.readings.empty() && gather();
  if (!batch_.readings.empty()) return deliver();
  next_ = scanned_;
  if (Scheduler::Clock::now() - stored_ >= store_interval) store_cursor();
  if (more) return wake();
  block_.reset();  // an idle consumer holds no memory of the log
}

// Fills batch_ from scanned_ on. True: it stopped before the end of the log.
bool Delivery::gather() {
  const auto limit = scanned_ + max_scan;
  while (scanned_ < limit) {
    const auto there = next_block();
    if (!there || !*there) return false;
    const auto& readings = block_->batch.readings;
    for (auto i = scanned_ - block_->first; i < readings.size(); ++i, ++scanned_) {
      if (!is_chosen(readings[i].point)) continue;
      if (batch_.readings.size() >= max_readings || batch_.view().bytes() >= max_bytes) return true;
      batch_.append(block_->batch.view(), readings[i]);
    }
  }
  return true;
}

// block_ becomes the one that holds scanned_; false at the end of the log.
Result<bool> Delivery::next_block() {
  if (block_ && scanned_ >= block_->first && scanned_ < block_->end()) return true;
  auto block = parts_.spine.read(scanned_);
  if (!block) {
    parts_.warn("the log cannot be read at " + std::to_string(scanned_) + ": " + block.error().message);
    return block.error();
  }
  block_ = *std::move(block);
  if (!block_) return false;
  if (block_->first > scanned_) {
    parts_.warn(std::to_string(block_->first - scanned_) +
                " readings left the log before they were delivered: " + "raise its retention");
    scanned_ = block_->first;
  }
  return true;
}

bool Delivery::is_chosen(std::uint32_t point) {
  while (chosen_.size() <= point) {
    const auto name = parts_.points.name(model::PointId{static_cast<std::uint32_t>(chosen_.size())});
    chosen_.push_back(!name.empty() && matches_any(parts_.patterns, name));
  }
  return chosen_[point];
}

void Delivery::deliver() {
  const auto readings = batch_.view();
  const myriad_batch raw{sizeof(myriad_batch),
                         sizeof(myriad_reading),
                         readings.readings.data(),
                         readings.blob.data(),
                         static_cast<std::uint32_t>(readings.readings.size()),
                         static_cast<std::uint32_t>(readings.blob.size()),
                         scanned_ - 1};
  auto outcome = parts_.deliver(raw);
  if (outcome.ok() && parts_.save) outcome = parts_.save(state_);
  if (outcome.ok())
    delivered();
  else
    retry(outcome);
}

void Delivery::delivered() {
  batch_.clear();
  next_ = scanned_;
  failures_ = refusals_ = 0;
  store_cursor();
  parts_.report({}, false);
  wake();
}

// The same readings again: for as long as the peer is away, a few times when they are refused.
void Delivery::retry(const Outcome& outcome) {
  const auto what = meaning(outcome.status);
  const bool refused = what == Meaning::broken || what == Meaning::misplaced;
  const bool gives_up = refused && ++refusals_ >= max_refusals;
  const auto delay = std::min(parts_.timings.retry_most, parts_.timings.retry_first * (1 << std::min(failures_, 16)));
  ++failures_;
  waiting_to_retry_ = true;
  if (gives_up) running_ = false;  // the readings stay in front of the cursor
  parts_.report(outcome, gives_up);
  if (gives_up) return;
  retry_ = parts_.strand->after(delay, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self) return;
    self->waiting_to_retry_ = false;
    self->pump();
  });
}

void Delivery::store_cursor() {
  stored_ = Scheduler::Clock::now();
  if (const auto ok = parts_.spine.save_cursor(parts_.cursor, {next_, state_}); !ok)
    parts_.warn("its place in the log was not stored: " + ok.error().message);
}

}  // namespace myriad::plugin_host
