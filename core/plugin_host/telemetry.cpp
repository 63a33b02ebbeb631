#include "plugin_host/telemetry.h"

#include <algorithm>
#include <cmath>

namespace myriad::plugin_host {
namespace {

constexpr std::size_t max_lines = 200, max_line = 1024, max_metrics = 64;
constexpr Nanos second = 1'000'000'000, rated_seconds = 10;
constexpr double burst = 50, per_second = 5;

bool is_metric_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

}  // namespace

void Telemetry::log(Level level, std::string_view text) {
  text = text.substr(0, max_line);
  const auto now = clock_.now();
  std::uint64_t kept_back = 0;
  {
    const std::lock_guard lock(mutex_);
    lines_.push_back({now, level, std::string(text)});
    if (lines_.size() > max_lines) lines_.pop_front();
    if (!may_pass(now)) {
      ++kept_back_;
      return;
    }
    kept_back = std::exchange(kept_back_, 0);
  }
  if (kept_back > 0) log_.warn(std::to_string(kept_back) + " lines were kept back: it logs more than it should");
  log_.write(level, text);
}

void Telemetry::count_delivered(std::uint64_t count) {
  delivered += count;
  const Nanos now = clock_.now() / second;
  const std::lock_guard lock(mutex_);
  auto& slot = seconds_[static_cast<std::size_t>(now) % seconds_.size()];
  if (slot.at != now) slot = {now, 0};
  slot.readings += count;
}

double Telemetry::delivered_per_s() const {
  const Nanos now = clock_.now() / second;
  std::uint64_t sum = 0;
  const std::lock_guard lock(mutex_);
  for (const auto& slot : seconds_)
    if (slot.at < now && slot.at >= now - rated_seconds) sum += slot.readings;
  return static_cast<double>(sum) / static_cast<double>(rated_seconds);
}

bool Telemetry::may_pass(Nanos now) {
  const auto passed = std::max<Nanos>(0, now - allowance_time_);
  allowance_time_ = now;
  allowance_ = std::min(burst, allowance_ + static_cast<double>(passed) * 1e-9 * per_second);
  if (allowance_ < 1) return false;
  allowance_ -= 1;
  return true;
}

std::vector<LogLine> Telemetry::lines(std::size_t limit) const {
  const std::lock_guard lock(mutex_);
  const auto count = std::min(limit, lines_.size());
  return {lines_.end() - static_cast<std::ptrdiff_t>(count), lines_.end()};
}

bool Telemetry::set_metric(std::string_view name, double value) {
  if (!is_metric_name(name) || !std::isfinite(value)) return false;
  const std::lock_guard lock(mutex_);
  const auto it = metrics_.find(name);
  if (it != metrics_.end()) {
    it->second = value;
    return true;
  }
  if (metrics_.size() >= max_metrics) return false;
  metrics_.emplace(name, value);
  return true;
}

std::vector<std::pair<std::string, double>> Telemetry::metrics() const {
  const std::lock_guard lock(mutex_);
  return {metrics_.begin(), metrics_.end()};
}

bool Telemetry::set_connection(bool up, std::string_view reason) {
  const std::lock_guard lock(mutex_);
  if (connection_ && connection_->up == up && connection_->reason == reason) return false;
  connection_ = {up, std::string(reason.substr(0, max_line))};
  return true;
}

void Telemetry::forget_connection() {
  const std::lock_guard lock(mutex_);
  connection_.reset();
}

std::optional<InstanceStatus::Connection> Telemetry::connection() const {
  const std::lock_guard lock(mutex_);
  return connection_;
}

}  // namespace myriad::plugin_host
