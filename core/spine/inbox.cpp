#include "spine/inbox.h"

#include <algorithm>
#include <iterator>

namespace myriad::spine {
namespace {

using std::chrono::steady_clock;

constexpr std::size_t groups_per_commit = 8;
// Saved cursors ride along with readings; without any they may wait so many intervals, so that a consumer of slow data
// does not double the commits.
constexpr int cursor_patience = 10;
constexpr std::chrono::seconds housekeeping{10};
constexpr std::chrono::milliseconds look_again{100};  // whether publishers may go on, when no readings say so

// As the block will hold it: readings that share text have a copy each there.
std::size_t bytes_in_block(model::BatchView batch) {
  std::size_t bytes = batch.readings.size_bytes();
  if (!batch.blob.empty())
    for (const auto& r : batch.readings)
      if (model::has_blob(r)) bytes += r.value.blob.size;
  return bytes;
}

void copy(model::BatchView from, model::Batch& to) {
  if (from.blob.empty())
    to.readings.insert(to.readings.end(), from.readings.begin(), from.readings.end());
  else
    for (const auto& r : from.readings) to.append(from, r);
}

}  // namespace

Inbox::Inbox(const Options& options)
    : queue_bytes_(options.queue_bytes),
      commit_bytes_(std::max<std::size_t>(1, options.commit_bytes)),
      interval_(options.commit_interval) {}

Status Inbox::append(model::BatchView batch, Spine::Done done) {
  const std::size_t bytes = bytes_in_block(batch);
  const std::scoped_lock lock(mutex_);
  if (auto admitted = admit(batch.readings.size(), bytes); !admitted) return admitted;
  auto& readings = filling_.block->batch.readings;
  const bool first = readings.empty() && filling_.waiting.empty() && full_.empty();
  if (readings.empty()) readings.reserve(expected_readings_);
  copy(batch, filling_.block->batch);
  filling_.bytes += bytes;
  queued_bytes_ += bytes;
  appended_ += batch.readings.size();
  if (done) filling_.waiting.push_back({std::move(done), readings.size()});
  const bool full = filling_.bytes >= commit_bytes_;
  if (full) start_block();
  if ((first || full) && asleep_) wake_.notify_all();
  return {};
}

Status Inbox::admit(std::size_t readings, std::size_t bytes) {
  const auto refuse = [&](Error error) {
    refused_ += readings;
    return error;
  };
  if (closed_) return refuse({Code::unavailable, "the daemon is stopping"});
  if (bytes > queue_bytes_)
    return refuse({Code::too_large, "a batch of " + std::to_string(bytes) + " bytes: the queue holds " +
                                        std::to_string(queue_bytes_) + ", send smaller ones"});
  if (refusing_) return refuse(*refusing_);
  if (held_back_) return refuse(*held_back_);
  if (queued_bytes_ + bytes > queue_bytes_)
    return refuse({Code::again, std::to_string(queued_bytes_) + " bytes wait for the disk: send again in a moment"});
  return {};
}

void Inbox::start_block() {
  // Room for a little more than came last time, so that a busy block grows once and an idle one stays small.
  const std::size_t readings = filling_.block->batch.readings.size();
  expected_readings_ = std::min(readings + readings / 4, commit_bytes_ / sizeof(model::Reading) + 256);
  full_.push_back(std::move(filling_));
  filling_ = Group{};
}

Status Inbox::note(const std::function<void()>& change) {
  const std::scoped_lock lock(mutex_);
  if (closed_) return Error{Code::unavailable, "the daemon is stopping"};
  if (!has_changes() && asleep_) wake_.notify_all();
  change();
  return {};
}

Status Inbox::save(const std::string& cursor, std::optional<Cursor> change) {
  return note([&] { cursors_.insert_or_assign(cursor, std::move(change)); });
}

Status Inbox::save(const std::string& cursor, std::optional<Cursor> change, LetterChange letter) {
  return note([&] {
    cursors_.insert_or_assign(cursor, std::move(change));
    letters_.push_back(std::move(letter));
  });
}

Status Inbox::change(LetterChange letter) {
  return note([&] { letters_.push_back(std::move(letter)); });
}

void Inbox::restore(Work work) {
  const std::scoped_lock lock(mutex_);
  cursors_.merge(work.cursors);
  std::swap(letters_, work.letters);
  std::move(work.letters.begin(), work.letters.end(), std::back_inserter(letters_));
}

// Commits are at least one interval apart unless a block is full: at once after an idle spell.
Inbox::SteadyTime Inbox::due() const {
  if (closed_ || !full_.empty()) return SteadyTime::min();
  if (!filling_.block->batch.readings.empty() || !filling_.waiting.empty()) return last_take_ + interval_;
  if (has_changes() && !held_back_) return last_take_ + cursor_patience * interval_;
  return last_take_ + (held_back_ ? std::min(interval_, look_again) : std::chrono::milliseconds(housekeeping));
}

std::optional<Inbox::Work> Inbox::take() {
  std::unique_lock lock(mutex_);
  for (auto until = due(); until > steady_clock::now(); until = due()) {
    asleep_ = true;
    wake_.wait_until(lock, until);
    asleep_ = false;
  }
  last_take_ = steady_clock::now();
  Work work = hand_over(groups_per_commit);
  if (closed_ && work.groups.empty() && work.cursors.empty() && work.letters.empty()) return std::nullopt;
  return work;
}

Inbox::Work Inbox::hand_over(std::size_t most_groups) {
  if (!filling_.block->batch.readings.empty() || !filling_.waiting.empty()) start_block();
  Work work;
  for (; !full_.empty() && work.groups.size() < most_groups; full_.pop_front())
    work.groups.push_back(std::move(full_.front()));
  work.cursors.swap(cursors_);
  work.letters.swap(letters_);
  return work;
}

void Inbox::settle(std::size_t bytes) {
  const std::scoped_lock lock(mutex_);
  queued_bytes_ -= bytes;
}

void Inbox::hold_back(std::optional<Error> why) {
  const std::scoped_lock lock(mutex_);
  held_back_ = std::move(why);
}

Inbox::Work Inbox::refuse(Error why) {
  const std::scoped_lock lock(mutex_);
  refusing_ = std::move(why);
  return hand_over(full_.size() + 1);
}

void Inbox::accept() {
  const std::scoped_lock lock(mutex_);
  refusing_.reset();
}

void Inbox::close() {
  const std::scoped_lock lock(mutex_);
  closed_ = true;
  wake_.notify_all();
}

bool Inbox::wait_closed(std::chrono::milliseconds patience) const {
  std::unique_lock lock(mutex_);
  return wake_.wait_for(lock, patience, [&] { return closed_; });
}

void Inbox::count(Stats& stats) const {
  const std::scoped_lock lock(mutex_);
  stats.appended = appended_;
  stats.refused = refused_;
  stats.queued_bytes = queued_bytes_;
}

}  // namespace myriad::spine
