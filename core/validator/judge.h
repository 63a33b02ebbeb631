// Collects what one check finds, in the child, and tells the parent what the child is about to do, so that a crash or
// hang has a name. Thread-safe.
#pragma once

#include <sys/types.h>

#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "validator/report.h"

namespace myriad::validator {

class Judge {
 public:
  static constexpr int cut_off = 77;  // exit code of a child whose way to report was closed

  explicit Judge(int report_fd);  // does not own it

  // From now on the plugin is in this call: "poll()". A copy of the process that a plugin forked ends here.
  void calling(std::string_view what);

  // `mend` says what the plugin's author shall do. The same finding counts once; of many, the first are kept.
  void fail(const std::string& detail, const std::string& mend) { add(Verdict::fail, detail, mend); }
  // And no check that builds on this one can be made.
  void give_up(const std::string& detail, const std::string& mend);
  void warn(const std::string& detail, const std::string& mend) { add(Verdict::warn, detail, mend); }
  void note(const std::string& detail) { add(Verdict::ok, detail, ""); }  // shown in JSON
  bool failed() const;

  // The last thing that the child says.
  void finish();

  // For the parent: what a child said. `check` gets verdict, detail and mend; false: it did not finish.
  static bool read(std::string_view said, CheckResult& check);
  static std::string last_call(std::string_view said);

 private:
  struct Finding {
    Verdict verdict;
    std::string detail, mend;
  };
  void add(Verdict, const std::string& detail, const std::string& mend);

  const int fd_;
  const pid_t pid_;
  mutable std::mutex mutex_;  // guards all below
  bool blocks_ = false;
  std::vector<Finding> findings_;
  std::set<std::string> known_;
};

}  // namespace myriad::validator
