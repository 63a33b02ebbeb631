#include "plugin_host/delivery.h"

#include <algorithm>

#include "base/names.h"

namespace myriad::plugin_host {
namespace {

constexpr std::size_t max_readings = 1000, max_bytes = std::size_t{1} << 20;  // in one batch
constexpr std::size_t max_scan = 100'000;  // readings looked at before others on the strand have their turn
constexpr int max_refusals = 5;            // of the same readings, before they are looked at one by one
constexpr int max_buried_in_a_row = 100;
constexpr std::size_t max_reason = 300;
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

std::optional<Nanos> Delivery::next_retry() const {
  const Nanos at = next_retry_;
  return at > 0 ? std::optional(at) : std::nullopt;
}

void Delivery::go_to(spine::Sequence next) {
  forget_batch();
  retry_.cancel();
  waiting_to_retry_ = false;
  next_retry_ = 0;
  failures_ = refusals_ = 0;
  next_ = scanned_ = next;
  store_cursor();
  wake();
}

void Delivery::retry_letters() {
  letters_after_ = 0;
  letters_until_ = parts_.spine.end();
  wake();
}

// One batch at a time, so that polls, writes and control calls have their turn between.
void Delivery::pump() {
  waking_ = false;
  if (!running_ || waiting_to_retry_) return;
  bool more = false;
  if (batch_.readings.empty()) {
    more = (letters_after_ && gather_letters()) || gather();
    begin_batch();
  }
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
      add(block_->batch.view(), readings[i], scanned_);
    }
  }
  return true;
}

// The same from the dead letters; false when there are no more to try.
bool Delivery::gather_letters() {
  const auto page = parts_.spine.dead_letters(parts_.cursor, *letters_after_, max_readings);
  if (!page) warn("its dead letters cannot be read: " + page.error().message);
  if (page)
    for (const auto& letter : *page) {
      if (letter.sequence >= letters_until_ || batch_.view().bytes() >= max_bytes) break;
      add(letter.reading.view(), letter.reading.readings[0], letter.sequence);
    }
  letters_ = !batch_.readings.empty();
  if (letters_)
    letters_after_ = sequences_.back();
  else
    letters_after_.reset();
  return letters_;
}

void Delivery::add(model::BatchView source, const model::Reading& reading, spine::Sequence sequence) {
  batch_.append(source, reading);
  sequences_.push_back(sequence);
}

void Delivery::begin_batch() {
  portion_.reset(batch_.readings.size());
  batch_refused_ = false;
}

void Delivery::forget_batch() {
  batch_.clear();
  sequences_.clear();
  letters_ = false;
}

// block_ becomes the one that holds scanned_; false at the end of the log.
Result<bool> Delivery::next_block() {
  if (block_ && scanned_ >= block_->first && scanned_ < block_->end()) return true;
  auto block = parts_.spine.read(scanned_);
  if (!block) {
    warn("the log cannot be read at " + std::to_string(scanned_) + ": " + block.error().message);
    return block.error();
  }
  block_ = *std::move(block);
  if (!block_) return false;
  if (block_->first > scanned_) {
    warn(std::to_string(block_->first - scanned_) +
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
  const auto all = batch_.view();
  const auto readings = all.readings.subspan(portion_.at(), portion_.size());
  const auto last = portion_.at() + portion_.size() - 1;
  const bool whole_rest = last + 1 == all.readings.size() && !letters_;
  const myriad_batch raw{sizeof(myriad_batch),
                         sizeof(myriad_reading),
                         readings.data(),
                         all.blob.data(),
                         static_cast<std::uint32_t>(readings.size()),
                         static_cast<std::uint32_t>(all.blob.size()),
                         whole_rest ? scanned_ - 1 : sequences_[last]};
  auto outcome = parts_.deliver(raw);
  if (outcome.ok() && parts_.save) outcome = parts_.save(state_);
  const HostTable::Entry here(parts_.host);
  if (!here) return;  // the plugin was left behind: spine and supervisor may be gone
  if (outcome.ok())
    delivered();
  else
    not_delivered(outcome);
}

void Delivery::delivered() {
  const auto count = portion_.size();
  parts_.telemetry->count_delivered(count);
  if (letters_) {
    const auto first = sequences_[portion_.at()], last = sequences_[portion_.at() + count - 1];
    if (const auto ok = parts_.spine.drop_dead_letters(parts_.cursor, first, last); !ok)
      warn("a dead letter that was delivered is not forgotten: " + ok.error().message);
  }
  portion_.accepted();
  failures_ = buried_in_a_row_ = 0;
  moved();
  store_cursor();
  parts_.report({}, false);
  wake();
}

// The cursor follows the portion.
void Delivery::moved() {
  const bool done = portion_.done();
  if (!letters_) next_ = done ? scanned_ : sequences_[portion_.at()];
  if (!done) return;
  // Where one batch after the other holds something refused, only the first waits for the repetitions.
  if (!batch_refused_) refusals_ = 0;
  forget_batch();
}

// The same readings again: for as long as the peer is away, a few times when they are refused.
void Delivery::not_delivered(const Outcome& outcome) {
  ++parts_.telemetry->retries;
  const auto what = meaning(outcome.status);
  const bool refused = what == Meaning::broken || what == Meaning::misplaced;
  if (!refused) return retry_later(outcome);
  const bool known = letters_;  // refused before: no repetition would help
  if (++refusals_ < max_refusals && !known) return retry_later(outcome);
  if (!is_buriable(outcome)) return give_up(outcome);
  batch_refused_ = true;
  split(outcome);
}

// Whether the readings may be to blame.
bool Delivery::is_buriable(const Outcome& outcome) const {
  if (outcome.status == MYRIAD_E_INVALID || outcome.status == MYRIAD_E_UNSUPPORTED) return true;
  return meaning(outcome.status) == Meaning::broken && (parts_.buries_broken || letters_);
}

void Delivery::split(const Outcome& outcome) {
  const auto at = portion_.at();
  if (portion_.refused()) {
    bury(at, outcome);
    if (++buried_in_a_row_ >= max_buried_in_a_row) return give_up(outcome);
  }
  wake();
}

void Delivery::bury(std::size_t at, const Outcome& outcome) {
  spine::DeadLetter letter{sequences_[at], parts_.clock.now(), 1, to_error(outcome).message.substr(0, max_reason), {}};
  letter.reading.append(batch_.view(), batch_.readings[at]);
  const auto name = std::string(parts_.points.name(model::PointId{batch_.readings[at].point}));
  moved();
  warn("a reading of '" + name + "' at " + std::to_string(letter.sequence) + " is refused for good (" + letter.reason +
       "): it is kept among the dead letters");
  if (const auto ok = parts_.spine.bury(parts_.cursor, {next_, state_}, std::move(letter)); !ok)
    warn("it was not kept: " + ok.error().message);
}

void Delivery::give_up(const Outcome& outcome) {
  buried_in_a_row_ = 0;
  if (letters_) {  // they stay where they are; what is new goes on
    warn("its dead letters are still refused: " + to_error(outcome).message);
    letters_after_.reset();
    forget_batch();
    return wake();
  }
  waiting_to_retry_ = true;
  running_ = false;  // the readings stay in front of the cursor
  parts_.report(outcome, true);
}

void Delivery::retry_later(const Outcome& outcome) {
  const auto delay = std::min(parts_.timings.retry_most, parts_.timings.retry_first * (1 << std::min(failures_, 16)));
  ++failures_;
  waiting_to_retry_ = true;
  next_retry_ = parts_.clock.now() + std::chrono::nanoseconds(delay).count();
  parts_.report(outcome, false);
  retry_ = parts_.strand->after(delay, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self) return;
    self->waiting_to_retry_ = false;
    self->next_retry_ = 0;
    self->pump();
  });
}

void Delivery::store_cursor() {
  stored_ = Scheduler::Clock::now();
  if (const auto ok = parts_.spine.save_cursor(parts_.cursor, {next_, state_}); !ok)
    warn("its place in the log was not stored: " + ok.error().message);
}

}  // namespace myriad::plugin_host
