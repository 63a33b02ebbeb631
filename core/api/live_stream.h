// One client of GET /stream: readings from the bus, notices from Live, a replay from the spine. The edge pulls it on an
// I/O thread; Live posts from its own.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "api/live.h"
#include "bus/bus.h"
#include "edge/server.h"

namespace myriad::api {

struct StreamWishes {
  std::vector<std::string> points;  // patterns; none: no readings
  bool events = false, instances = false;
  std::uint64_t resume_after = 0;  // sequence of the last reading that the client has; 0: none
};

class LiveStream final : public edge::Source, public Live::Listener {
 public:
  // Reads the replay: call it where that may take a while. `holds` says at each heartbeat whether the client may stay.
  LiveStream(const Parts&, StreamWishes, std::function<bool()> holds);

  void start(std::function<void()> wake) override;
  Piece next(std::size_t about) override;

  bool wants(Live::Kind, std::string_view thing) const override;
  void post(const std::string& text) override;
  void beat() override;
  void end() override;

 private:
  class Waker;

  void replay(const Parts&, std::uint64_t upto);
  void take_readings();
  void take_posts();
  void append_skipped(std::uint64_t readings, std::uint64_t notices);

  const model::Points& points_;
  const StreamWishes wishes_;
  const std::function<bool()> holds_;
  const std::shared_ptr<Waker> waker_;
  std::unique_ptr<bus::Subscription> readings_;

  // Of the edge's thread.
  std::string out_;  // from out_at_ on, not yet sent
  std::size_t out_at_ = 0;
  std::uint64_t sequence_ = 0;  // all of it and before is sent, or stands in out_

  std::mutex mutex_;  // guards the rest
  std::deque<std::string> posts_;
  std::uint64_t posts_dropped_ = 0;
  bool beat_ = false, end_ = false;
};

}  // namespace myriad::api
