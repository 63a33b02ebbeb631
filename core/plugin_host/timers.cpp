#include "plugin_host/timers.h"

namespace myriad::plugin_host {
namespace {

using std::chrono::nanoseconds;

constexpr nanoseconds longest = std::chrono::hours(24 * 366), shortest = std::chrono::milliseconds(10);

bool may_be(nanoseconds first, nanoseconds period) {
  const bool is_period = period == nanoseconds(0) || (period >= shortest && period <= longest);
  return is_period && first >= nanoseconds(0) && first <= longest;
}

}  // namespace

myriad_status Timers::set(std::uint64_t id, std::int64_t first_ns, std::int64_t period_ns, Call call) {
  const nanoseconds first(first_ns), period(period_ns);
  if (!may_be(first, period)) return MYRIAD_E_INVALID;
  const std::lock_guard lock(mutex_);
  if (ended_) return MYRIAD_E_CANCELLED;
  if (entries_.size() >= most) return MYRIAD_E_DENIED;
  const auto [it, added] = entries_.try_emplace(id);
  if (!added) return MYRIAD_E_INVALID;
  it->second.call = call;
  it->second.once = period_ns == 0;
  it->second.timer = strand_->every(first, period, [due = due_, id] { due(id); });
  return MYRIAD_OK;
}

myriad_status Timers::cancel(std::uint64_t id) {
  const std::lock_guard lock(mutex_);
  const auto entry = entries_.extract(id);
  if (entry.empty()) return MYRIAD_E_INVALID;
  entry.mapped().timer.cancel_without_waiting();
  return MYRIAD_OK;
}

std::optional<Timers::Call> Timers::take(std::uint64_t id) {
  const std::lock_guard lock(mutex_);
  const auto it = entries_.find(id);
  if (it == entries_.end()) return std::nullopt;
  const auto call = it->second.call;
  if (it->second.once) {
    it->second.timer.cancel_without_waiting();
    entries_.erase(it);
  }
  return call;
}

void Timers::end() {
  const std::lock_guard lock(mutex_);
  ended_ = true;
  for (auto& [id, entry] : entries_) entry.timer.cancel_without_waiting();
  entries_.clear();
}

}  // namespace myriad::plugin_host
