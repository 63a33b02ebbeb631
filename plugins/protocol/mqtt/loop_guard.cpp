#include "loop_guard.h"

namespace mqtt {
namespace {

std::string key_of(const std::string& point) {
  return "inbound:" + point;
}

}  // namespace

void LoopGuard::note_inbound(std::uint32_t point, const std::string& name) {
  if (!enabled_) return;
  if (host_.stored(key_of(name)).empty()) host_.store(key_of(name), "1");
  const std::lock_guard lock(mutex_);
  inbound_[point] = true;
}

bool LoopGuard::is_inbound(std::uint32_t point) {
  if (!enabled_) return false;
  const std::lock_guard lock(mutex_);
  const auto known = inbound_.find(point);
  if (known != inbound_.end()) return known->second;
  const auto name = host_.name(point);
  const bool inbound = !host_.stored(key_of(std::string(name.thing) + "/" + std::string(name.property))).empty();
  return inbound_.emplace(point, inbound).first->second;
}

void LoopGuard::note_sent(const std::string& topic) {
  if (!enabled_) return;
  const std::lock_guard lock(mutex_);
  sent_.insert(topic);
}

bool LoopGuard::was_sent(const std::string& topic) const {
  if (!enabled_) return false;
  const std::lock_guard lock(mutex_);
  return sent_.contains(topic);
}

}  // namespace mqtt
