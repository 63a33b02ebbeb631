// How sound each database file is: what floors met, and a check of each on a thread of its own. Thread-safe.
#pragma once

#include <condition_variable>
#include <mutex>
#include <string_view>
#include <thread>

#include "base/log.h"
#include "storage/salvage.h"

namespace myriad::storage {

class Integrity {
 public:
  Integrity(const Clock& clock, Log log) : clock_(clock), log_(std::move(log)) {}
  ~Integrity() { stop(); }

  enum class State : std::uint8_t { ok, checking, damaged };
  struct File {
    std::filesystem::path file;
    State state = State::checking;
    std::string detail;    // of the damage; the newest of several
    Nanos checked_at = 0;  // 0: not yet
  };

  // For whoever opens the file: makes it known, and takes what is met in it. Damaged stays damaged until the next
  // start.
  OnDamage watch(const std::filesystem::path& file);
  std::vector<File> files() const;

  // Checks them all, one after the other. One with damage is marked, for the next start to mend.
  void start();
  void stop();

 private:
  void run();
  void check_one(std::size_t at);
  void met(std::size_t at, const std::string& what);

  const Clock& clock_;
  const Log log_;
  mutable std::mutex mutex_;  // guards all below
  std::condition_variable changed_;
  std::vector<File> files_;
  bool stopping_ = false;
  std::thread thread_;
};

std::string_view state_name(Integrity::State);

}  // namespace myriad::storage
