// Keeps an instance from answering itself: points that it publishes inbound are not sent out, and messages that it sent
// out are not taken in again. Thread-safe; lasts as long as the instance.
//
// Inbound points are also remembered in the host's store, since after a restart a backlog of their readings may be
// delivered before the first message arrives.
#pragma once

#include <mutex>
#include <myriad/plugin.hpp>
#include <string>
#include <unordered_map>
#include <unordered_set>

namespace mqtt {

class LoopGuard {
 public:
  LoopGuard(myriad::Host host, bool enabled) : host_(host), enabled_(enabled) {}

  // Before the first reading of the point is published. May wait for the host's disk.
  void note_inbound(std::uint32_t point, const std::string& name);
  bool is_inbound(std::uint32_t point);

  // Before a message is sent.
  void note_sent(const std::string& topic);
  bool was_sent(const std::string& topic) const;

 private:
  myriad::Host host_;
  bool enabled_;
  mutable std::mutex mutex_;                         // guards all below
  std::unordered_map<std::uint32_t, bool> inbound_;  // what the store says of a point, or what was seen since
  std::unordered_set<std::string> sent_;
};

}  // namespace mqtt
