#include "app/live_feed.h"

namespace myriad::app {

using namespace std::chrono_literals;

LiveFeed::LiveFeed(spine::Spine& spine, historian::Historian& history, bus::Bus& bus, model::Points& points, Log log)
    : spine_(spine), bus_(bus), log_(std::move(log)) {
  restore(history, points);
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

// What the historian has not taken yet is read from the spine again: the bus keeps the newer of two.
void LiveFeed::restore(historian::Historian& history, model::Points& points) {
  next_ = history.next();
  model::Batch batch;
  const auto restored = history.for_each_latest([&](std::string_view point, const model::Sample& sample) {
    if (const auto id = points.intern(point)) model::append(batch, *id, sample);
  });
  if (!restored) log_.error("latest values are not restored: " + restored.error().message);
  bus_.feed(batch.view(), next_ - 1);
}

void LiveFeed::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    if (!spine_.wait(next_, std::chrono::steady_clock::now() + 100ms)) continue;
    const auto block = spine_.read(next_);
    if (!block) {
      log_.error("live values pause: " + block.error().message);
      std::this_thread::sleep_for(1s);
      continue;
    }
    if (!*block) continue;
    const auto& batch = (*block)->batch;
    // The block may begin before next_, when it was partly seen.
    const auto seen = next_ > (*block)->first ? next_ - (*block)->first : 0;
    bus_.feed({std::span(batch.readings).subspan(seen), batch.blob}, (*block)->end() - 1);
    next_ = (*block)->end();
  }
}

}  // namespace myriad::app
