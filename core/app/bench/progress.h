// Shows on standard error how far a benchmark is, from a thread of its own, so that nothing is silent for over a
// second. On a terminal a bar, elsewhere a line when a stage begins and every few seconds. Thread-safe.
#pragma once

#include <atomic>
#include <chrono>
#include <mutex>
#include <string>
#include <thread>

namespace myriad::app::bench {

class Progress {
 public:
  explicit Progress(bool shown);
  ~Progress();  // leaves no bar behind

  void stage(const std::string& name);
  void at(double fraction) { fraction_ = fraction; }  // 0 to 1, of the stage
  void say(const std::string& line);                  // a line that stays

 private:
  void run(const std::stop_token& stop);
  void draw();
  void wipe();

  const bool shown_, terminal_;
  std::atomic<double> fraction_ = 0;
  std::mutex mutex_;  // guards all below, and standard error
  std::string stage_;
  std::chrono::steady_clock::time_point since_;
  std::jthread thread_;  // last: it uses the others
};

// Whether progress should be seen: always by a person, by a program's user only on a terminal.
bool shows_progress(bool json);

}  // namespace myriad::app::bench
