#include "plugin_host/patterns.h"

#include <re2/re2.h>

#include <map>

namespace myriad::plugin_host {

struct Patterns::Compiled {
  std::map<std::string, re2::RE2, std::less<>> by_text;
};

Patterns::Patterns() : compiled_(std::make_unique<Compiled>()) {}
Patterns::Patterns(Patterns&&) noexcept = default;
Patterns::~Patterns() = default;

Status Patterns::add(const std::string& pattern) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(1 << 20);
  const auto [it, added] = compiled_->by_text.try_emplace(pattern, pattern, options);
  if (it->second.ok()) return {};
  auto why = it->second.error();
  compiled_->by_text.erase(it);
  return Error{Code::invalid, "pattern " + pattern.substr(0, 80) + " cannot be used (" + why +
                                  "): write it in RE2's syntax, without back-references and look-ahead"};
}

bool Patterns::matches(const std::string& pattern, std::string_view text) const {
  const auto it = compiled_->by_text.find(pattern);
  return it != compiled_->by_text.end() && re2::RE2::PartialMatch({text.data(), text.size()}, it->second);
}

}  // namespace myriad::plugin_host
