// Readings as fast as the host takes them: random walks in whole steps of the last decimal.
#pragma once

#include <span>

#include "config.h"
#include "publisher.h"

namespace simulator {

// The random walks of many points, visited round after round. Every round has one time, as a scan of equipment has:
// the clock's, in whole microseconds, and at least one microsecond after the round before, unless the clock was set
// back by much. Deterministic but for times.
class Walks {
 public:
  Walks(std::vector<std::uint32_t> points, int decimals, std::uint64_t seed);
  // Writes the next readings over `out`.
  void fill(std::span<myriad_reading> out, std::int64_t now_ns);
  std::int64_t time_ns() const { return time_ns_; }  // of the latest round

 private:
  void begin_round(std::int64_t now_ns);

  std::vector<std::uint32_t> points_;
  std::vector<std::int32_t> values_;  // in steps of the last decimal
  double scale_;
  std::int32_t highest_;
  std::size_t next_;
  std::int64_t time_ns_ = 0;
  std::uint64_t random_;
};

// Runs the walks of one instance. describe() on a control thread, then run() on a thread of its own.
class Load {
 public:
  Load(myriad::Host host, const LoadConfig& config, std::uint64_t seed) : host_(host), config_(config), seed_(seed) {}
  void describe() const;                  // puts the Things
  void run(const std::stop_token& stop);  // until stopped; throws myriad::Failure when the host refuses readings

 private:
  std::vector<std::uint32_t> intern() const;
  // Waits until `sent` readings since pace_from_ are due; returns how many now count.
  std::uint64_t keep_rate(std::uint64_t sent, const std::stop_token& stop);
  void stay_near_clock(std::int64_t time_ns, const std::stop_token& stop) const;
  void report(const Publisher& publisher);

  myriad::Host host_;
  LoadConfig config_;
  std::uint64_t seed_;
  std::chrono::steady_clock::time_point pace_from_, reported_;
};

}  // namespace simulator
