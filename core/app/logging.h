// The daemon's log: lines on standard error through Poco's channels, asynchronously, so that a slow terminal or a full
// pipe delays nobody.
#pragma once

#include <atomic>
#include <memory>

#include "base/log.h"

namespace myriad::app {

class Logging {
 public:
  explicit Logging(Level level);
  ~Logging();  // writes what waits

  Log log(std::string source) const;
  void set_level(Level level);
  void close();  // writes what waits; nothing is logged from now on

 private:
  struct Channels;
  std::shared_ptr<Channels> channels_;
};

}  // namespace myriad::app
