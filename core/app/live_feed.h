// Carries what the spine has committed to the bus, on a thread of its own.
#pragma once

#include <atomic>
#include <thread>

#include "base/log.h"
#include "bus/bus.h"
#include "historian/historian.h"
#include "spine/spine.h"

namespace myriad::app {

class LiveFeed {
 public:
  // Fills the latest values from the historian first, then follows the spine. All outlive the object.
  LiveFeed(spine::Spine& spine, historian::Historian& history, bus::Bus& bus, model::Points& points, Log log);

  spine::Sequence next() const { return next_; }  // what the bus has not seen yet

 private:
  void restore(historian::Historian& history, model::Points& points);
  void run(const std::stop_token& stop);

  spine::Spine& spine_;
  bus::Bus& bus_;
  Log log_;
  std::atomic<spine::Sequence> next_ = 1;  // written by the thread alone
  std::jthread thread_;                    // last: it uses the others
};

}  // namespace myriad::app
