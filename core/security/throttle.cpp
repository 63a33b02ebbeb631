#include "security/throttle.h"

#include <algorithm>

namespace myriad::security {
namespace {

using std::chrono::nanoseconds;
using std::chrono::seconds;

}  // namespace

seconds Throttle::wait(const std::string& key, Nanos now) {
  const auto it = entries_.find(key);
  if (it == entries_.end() || now >= it->second.until) return seconds(0);
  // A clock set back must not lock anyone out for longer than the cap, counted from the first who asks.
  it->second.until = std::min(it->second.until, now + nanoseconds(cap_).count());
  return std::chrono::ceil<seconds>(nanoseconds(it->second.until - now));
}

void Throttle::failed(const std::string& key, Nanos now) {
  const auto is_old = [&](const auto& e) { return now - e.second.last > nanoseconds(memory).count(); };
  std::erase_if(entries_, is_old);  // few: each entry has cost its sender a whole scrypt
  Entry& entry = entries_[key];
  entry.last = now;
  if (++entry.failures < free_failures) return;
  const seconds delay = std::min(cap_, seconds(1) * (1u << std::min(entry.failures - free_failures, 20u)));
  entry.until = now + nanoseconds(delay).count();
}

}  // namespace myriad::security
