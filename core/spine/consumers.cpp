#include "spine/consumers.h"

#include <algorithm>
#include <cmath>

namespace myriad::spine {
namespace {

using std::chrono::steady_clock;

constexpr double risky = 0.8;  // of what retention keeps
constexpr std::chrono::minutes report_interval{1}, warning_interval{10};

}  // namespace

Result<Cursor> Consumers::load(const std::string& name, Sequence end, const Keep& keep) {
  const std::scoped_lock lock(mutex_);
  const auto [it, made] = cursors_.try_emplace(name, Cursor{end, {}});
  // Kept from now on: a consumer that dies before its first saving goes on where it began.
  if (made)
    if (auto kept = keep(name, it->second); !kept) return kept.error();
  return it->second;
}

Status Consumers::save(const std::string& name, const Cursor& cursor, const Keep& keep) {
  const std::scoped_lock lock(mutex_);
  cursors_.insert_or_assign(name, cursor);
  return keep(name, cursor);
}

Status Consumers::drop(const std::string& name, const Keep& keep) {
  const std::scoped_lock lock(mutex_);
  cursors_.erase(name);
  fates_.erase(name);
  return keep(name, std::nullopt);
}

std::optional<Cursor> Consumers::find(const std::string& name) const {
  const std::scoped_lock lock(mutex_);
  const auto found = cursors_.find(name);
  return found == cursors_.end() ? std::nullopt : std::optional(found->second);
}

std::shared_ptr<void> Consumers::follow(const std::shared_ptr<Consumers>& self, std::string name,
                                        std::function<Sequence()> next) {
  const std::scoped_lock lock(self->mutex_);
  const auto place = self->followed_.insert(self->followed_.end(), {std::move(name), std::move(next)});
  return {&*place, [self, place](void*) {
            const std::scoped_lock guard(self->mutex_);
            self->followed_.erase(place);
          }};
}

std::shared_ptr<void> Consumers::hold(const std::shared_ptr<Consumers>& self, std::function<Sequence()> first) {
  const std::scoped_lock lock(self->mutex_);
  const auto place = self->holds_.insert(self->holds_.end(), std::move(first));
  return {&*place, [self, place](void*) {
            const std::scoped_lock guard(self->mutex_);
            self->holds_.erase(place);
          }};
}

Sequence Consumers::held(Sequence otherwise) const {
  const std::scoped_lock lock(mutex_);
  if (holds_.empty()) return otherwise;
  Sequence least = UINT64_MAX;
  for (const auto& first : holds_) least = std::min(least, first());
  return least;
}

std::map<std::string, Sequence> Consumers::places() const {
  std::map<std::string, Sequence> all;
  for (const auto& [name, cursor] : cursors_) all[name] = cursor.next;
  for (const auto& [name, next] : followed_) all[name] = next();
  return all;
}

void Consumers::note_dropped(Sequence before, Sequence begin) {
  const std::scoped_lock lock(mutex_);
  for (const auto& [name, next] : places()) {
    if (next >= begin) continue;
    auto& fate = fates_[name];
    const auto lost = begin - std::max(next, before);
    fate.lost += lost;
    fate.unreported += lost;
  }
  if (const auto now = steady_clock::now(); now >= next_report_) {
    say_lost();
    next_report_ = now + report_interval;
  }
}

void Consumers::report_lost() {
  const std::scoped_lock lock(mutex_);
  say_lost();
}

void Consumers::say_lost() {
  for (auto& [name, fate] : fates_)
    if (const auto lost = std::exchange(fate.unreported, 0); lost > 0)
      log_.error("'" + name + "' lost " + std::to_string(lost) +
                 " readings that retention removed before it read them; make it faster or retention longer");
}

std::vector<Consumer> Consumers::list(Sequence end, Nanos now, const Look& look) {
  std::map<std::string, Sequence> all;
  {
    const std::scoped_lock lock(mutex_);
    all = places();
  }
  std::vector<Consumer> out;
  for (const auto& [name, next] : all) {
    Consumer& consumer = out.emplace_back();
    consumer.name = name;
    consumer.next = next;
    consumer.lag = end > next ? end - next : 0;
    const auto place = consumer.lag > 0 ? look(next) : std::nullopt;  // reads from disk: without the lock
    if (!place) continue;
    consumer.behind = std::max<Nanos>(0, now - place->committed);
    consumer.retention_used = place->retention_used;
  }
  const std::scoped_lock lock(mutex_);
  for (auto& consumer : out) note_risk(consumer, now);
  return out;
}

void Consumers::note_risk(Consumer& consumer, Nanos now) {
  Fate& fate = fates_[consumer.name];
  consumer.lost = fate.lost;
  if (consumer.retention_used < risky) {
    if (fate.at_risk_since) log_.info("'" + consumer.name + "' is no longer near losing readings");
    fate.at_risk_since.reset();
    return;
  }
  if (!fate.at_risk_since) fate.at_risk_since = now;
  consumer.at_risk_since = fate.at_risk_since;
  if (const auto steady_now = steady_clock::now(); steady_now >= fate.next_warning) {
    log_.warn("'" + consumer.name + "' " + at_risk_text(consumer));
    fate.next_warning = steady_now + warning_interval;
  }
}

std::string at_risk_text(const Consumer& consumer) {
  return "is " + std::to_string(consumer.lag) + " readings and " + std::to_string(consumer.behind / 1'000'000'000) +
         " s behind, at " + std::to_string(std::lround(std::min(1.0, consumer.retention_used) * 100)) +
         " % of what the spine keeps: soon it loses readings, or publishers wait for it if it is "
         "history; make it faster, remove it, or make retention longer";
}

}  // namespace myriad::spine
