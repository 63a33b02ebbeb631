// What is seen of one instance from outside: counts, metrics, connection, log. Outlives its restarts. Thread-safe.
#pragma once

#include <array>
#include <atomic>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "plugin_host/instances.h"

namespace myriad::plugin_host {

class Telemetry {
 public:
  Telemetry(const Clock& clock, Log log) : clock_(clock), log_(std::move(log)) {}

  std::atomic<std::uint64_t> readings = 0, batches = 0, refused = 0, polls = 0, errors = 0, restarts = 0;
  std::atomic<std::uint64_t> points_made = 0;  // new ids, which count against the quota

  std::atomic<std::uint64_t> delivered = 0, retries = 0;
  void count_delivered(std::uint64_t count);
  double delivered_per_s() const;  // over the last ten whole seconds

  // Keeps the last 200 lines. Passes on at most 50 at once and 5 a second, and says how many it kept back.
  void log(Level, std::string_view text);
  std::vector<LogLine> lines(std::size_t limit) const;  // oldest first

  // False: the name is not [a-z0-9_]+, the value not finite, or there are 64 names already.
  bool set_metric(std::string_view name, double value);
  std::vector<std::pair<std::string, double>> metrics() const;

  // True: it changed.
  bool set_connection(bool up, std::string_view reason);
  void forget_connection();
  std::optional<InstanceStatus::Connection> connection() const;

 private:
  bool may_pass(Nanos now);

  const Clock& clock_;
  const Log log_;
  mutable std::mutex mutex_;  // guards all below
  std::deque<LogLine> lines_;
  double allowance_ = 50;
  Nanos allowance_time_ = 0;
  std::uint64_t kept_back_ = 0;
  std::map<std::string, double, std::less<>> metrics_;
  std::optional<InstanceStatus::Connection> connection_;
  struct Second {
    Nanos at = 0;  // in seconds
    std::uint64_t readings = 0;
  };
  std::array<Second, 11> seconds_{};
};

}  // namespace myriad::plugin_host
