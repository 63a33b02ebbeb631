// What one instance may use. Readings and bytes are enforced where it publishes, in both homes; processor and memory
// only where the plugin has a process of its own.
#pragma once

#include <chrono>
#include <mutex>
#include <nlohmann/json_fwd.hpp>
#include <string_view>

#include "base/result.h"

namespace myriad::plugin_host {

struct Quota {  // 0: no limit
  std::uint64_t readings_per_s = 0, bytes_per_s = 0;
  std::uint64_t cpu_percent = 0;  // of one core, over ten seconds
  std::uint64_t memory_mb = 0;

  friend bool operator==(const Quota&, const Quota&) = default;
};

// For a plugin in a process of its own. In this process there is none: what runs here is trusted.
constexpr Quota usual_quota{1'000'000, 64'000'000, 90, 256};

// The quota of an instance: `over` is a JSON object with the members that differ from `usual`, or empty text. The error
// names the member in `field` ("/quota/memory_mb").
Result<Quota> parse_quota(std::string_view over, const Quota& usual);
nlohmann::json quota_json(const Quota&);

// Tells whether so many readings and bytes may pass now: one second's worth at once, then as the quota flows.
// Thread-safe.
class Allowance {
 public:
  using Clock = std::chrono::steady_clock;
  explicit Allowance(const Quota& quota) : quota_(quota) {}

  // A batch larger than one second's worth passes when nothing was taken for so long.
  bool take(std::uint64_t readings, std::uint64_t bytes, Clock::time_point now = Clock::now());
  void give_back(std::uint64_t readings, std::uint64_t bytes);

 private:
  const Quota quota_;
  std::mutex mutex_;  // guards all below
  Clock::time_point filled_;
  double readings_ = 0, bytes_ = 0;  // may go below 0
};

}  // namespace myriad::plugin_host
