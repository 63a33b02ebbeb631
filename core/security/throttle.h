// Makes guessing slow: after a few failures under one key, each further one doubles the wait, up to a cap. Time is
// given by the caller. Not thread-safe. Forgets keys that were quiet for a quarter of an hour.
#pragma once

#include <chrono>
#include <string>
#include <unordered_map>

#include "base/clock.h"

namespace myriad::security {

class Throttle {
 public:
  explicit Throttle(std::chrono::seconds cap) : cap_(cap) {}

  static constexpr unsigned free_failures = 3;
  static constexpr std::chrono::minutes memory{15};

  std::chrono::seconds wait(const std::string& key, Nanos now);  // 0: go ahead
  void failed(const std::string& key, Nanos now);
  void succeeded(const std::string& key) { entries_.erase(key); }
  std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    unsigned failures = 0;
    Nanos last = 0, until = 0;
  };
  const std::chrono::seconds cap_;
  std::unordered_map<std::string, Entry> entries_;
};

}  // namespace myriad::security
