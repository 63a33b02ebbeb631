// Tells the host whether the broker answers, for an instance with one or two connections: it is connected when all are.
// Thread-safe.
#pragma once

#include <map>
#include <mutex>
#include <myriad/plugin.hpp>
#include <string>

namespace mqtt {

class Health {
 public:
  explicit Health(myriad::Host host) : host_(host) {}

  // Each connection that there will be, before it starts.
  void expect(const std::string& connection) { set(connection, "not yet connected"); }
  void up(const std::string& connection) { set(connection, ""); }
  void down(const std::string& connection, const std::string& reason) { set(connection, reason); }

 private:
  void set(const std::string& connection, const std::string& reason) {
    const std::lock_guard lock(mutex_);
    reasons_[connection] = reason;
    for (const auto& [name, why] : reasons_)
      if (!why.empty()) return host_.disconnected(why);
    host_.connected();
  }

  myriad::Host host_;
  std::mutex mutex_;                            // guards the map, and keeps reports in order
  std::map<std::string, std::string> reasons_;  // empty: up
};

}  // namespace mqtt
