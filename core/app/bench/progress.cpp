#include "app/bench/progress.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace myriad::app::bench {
namespace {

using namespace std::chrono_literals;

constexpr int width = 24;

}  // namespace

bool shows_progress(bool json) {
  return !json || ::isatty(STDERR_FILENO) == 1;
}

Progress::Progress(bool shown) : shown_(shown), terminal_(::isatty(STDERR_FILENO) == 1) {
  if (shown_) thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

Progress::~Progress() {
  if (!shown_) return;
  thread_.request_stop();
  thread_.join();
  const std::scoped_lock lock(mutex_);
  wipe();
}

void Progress::run(const std::stop_token& stop) {
  const auto interval = terminal_ ? 100ms : 900ms;
  for (auto next = std::chrono::steady_clock::now() + interval; !stop.stop_requested();) {
    std::this_thread::sleep_for(50ms);
    if (std::chrono::steady_clock::now() < next) continue;
    next += interval;
    const std::scoped_lock lock(mutex_);
    if (!stage_.empty()) draw();
  }
}

void Progress::stage(const std::string& name) {
  if (!shown_) return;
  const std::scoped_lock lock(mutex_);
  stage_ = name;
  fraction_ = 0;
  since_ = std::chrono::steady_clock::now();
  draw();
}

void Progress::say(const std::string& line) {
  if (!shown_) return;
  const std::scoped_lock lock(mutex_);
  wipe();
  std::fprintf(stderr, "%s\n", line.c_str());
}

void Progress::draw() {
  const double fraction = std::clamp(fraction_.load(), 0.0, 1.0);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - since_).count();
  const auto full = static_cast<std::size_t>(fraction * width);
  const std::string bar = std::string(full, '#') + std::string(width - full, '.');
  wipe();
  std::fprintf(stderr, "[%s] %3.0f %%  %s, %.0f s%s", bar.c_str(), fraction * 100, stage_.c_str(), seconds,
               terminal_ ? "" : "\n");
  std::fflush(stderr);
}

void Progress::wipe() {
  if (terminal_) std::fputs("\r\033[K", stderr);
  std::fflush(stderr);
}

}  // namespace myriad::app::bench
