// Who reads the log and how far: saved cursors, and consumers that keep their own. Counts what each lost to retention,
// and warns before that happens. Thread-safe.
#pragma once

#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "spine/spine.h"

namespace myriad::spine {

class Consumers {
 public:
  Consumers(std::map<std::string, Cursor> cursors, Log log) : log_(std::move(log)), cursors_(std::move(cursors)) {}

  // `keep` is called under the lock, so that what is written comes in the order of the changes.
  using Keep = std::function<Status(const std::string& name, std::optional<Cursor>)>;
  Result<Cursor> load(const std::string& name, Sequence end, const Keep&);
  Status save(const std::string& name, const Cursor&, const Keep&);
  Status drop(const std::string& name, const Keep&);
  std::optional<Cursor> find(const std::string& name) const;
  static std::shared_ptr<void> follow(const std::shared_ptr<Consumers>&, std::string name,
                                      std::function<Sequence()> next);
  static std::shared_ptr<void> hold(const std::shared_ptr<Consumers>&, std::function<Sequence()> first);
  // The first that anybody holds; `otherwise` when nobody does.
  Sequence held(Sequence otherwise) const;

  // Retention moved the log's begin. Says at once who lost readings, then at most every minute.
  void note_dropped(Sequence before, Sequence begin);
  void report_lost();

  // Where its next reading lies: nullopt when nobody can tell.
  struct Place {
    Nanos committed = 0;
    double retention_used = 0;  // 0: just committed, 1: the next to be removed
  };
  using Look = std::function<std::optional<Place>(Sequence)>;
  // All of them by name. Notes who is at risk since when, and warns of it at most every ten minutes each.
  std::vector<Consumer> list(Sequence end, Nanos now, const Look&);

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;
  struct Followed {
    std::string name;
    std::function<Sequence()> next;
  };
  struct Fate {
    std::uint64_t lost = 0, unreported = 0;
    std::optional<Nanos> at_risk_since;
    SteadyTime next_warning{};
  };

  std::map<std::string, Sequence> places() const;  // needs mutex_
  void note_risk(Consumer&, Nanos now);            // needs mutex_
  void say_lost();                                 // needs mutex_

  const Log log_;
  mutable std::mutex mutex_;  // guards all below
  std::map<std::string, Cursor> cursors_;
  std::list<Followed> followed_;
  std::list<std::function<Sequence()>> holds_;
  std::map<std::string, Fate> fates_;
  SteadyTime next_report_{};
};

}  // namespace myriad::spine
