// What the validator found about a plugin. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace myriad::validator {

enum class Verdict : std::uint8_t {
  ok,
  warn,     // works, and could be better
  fail,     // the daemon must not run it
  skipped,  // cannot be known, since an earlier check failed
};
std::string_view verdict_name(Verdict);

struct CheckResult {
  std::string name;     // "lifecycle"
  std::string purpose;  // one line
  Verdict verdict = Verdict::ok;
  std::string detail;   // what was seen; lines
  std::string mend;     // how to mend it; lines
  double ms = 0;        // how long it took
  bool blocks = false;  // it failed so that checks which build on it cannot be made
};

struct Report {
  std::string plugin, version;  // as the manifest says; empty when it cannot be read
  std::vector<CheckResult> checks;

  std::size_t count(Verdict) const;
  bool passed() const { return count(Verdict::fail) == 0; }
  const CheckResult* find(std::string_view check) const;
};

// For people: a line for each check, what was seen and how to mend it below, a summary. `colour`: for a terminal.
std::string to_text(const Report&, bool colour);
// {"plugin","version","checks":[{"name","purpose","result","detail","mend","ms"}],"summary":{"ok","warn","fail","skipped"}}
std::string to_json(const Report&);

}  // namespace myriad::validator
