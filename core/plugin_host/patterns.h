// The regular expressions of schemas that strangers write: matched in time and memory that are linear in the text, by
// RE2, because std::regex takes a stack frame a letter and may take forever. Matching is thread-safe, adding is not.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace myriad::plugin_host {

class Patterns {
 public:
  Patterns();
  Patterns(Patterns&&) noexcept;
  ~Patterns();

  // INVALID when it is no expression, or uses what needs backtracking: back-references, look-ahead, look-behind.
  Status add(const std::string& pattern);
  // Anywhere in the text (JSON Schema validation, draft 7, 6.3.3). False for a pattern that was not added.
  bool matches(const std::string& pattern, std::string_view text) const;

 private:
  struct Compiled;
  std::unique_ptr<Compiled> compiled_;
};

}  // namespace myriad::plugin_host
