#include "base/names.h"

#include <algorithm>

namespace myriad {
namespace {

bool is_alnum(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// Greedy matching with one step back to the latest star: linear for one star, never exponential.
bool glob(std::string_view pattern, std::string_view text) {
  std::size_t p = 0, t = 0, star = std::string_view::npos, mark = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      mark = t;
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p, ++t;
    } else if (star != std::string_view::npos && text[mark] != '/') {
      p = star + 1;
      t = ++mark;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace

bool is_slug(std::string_view name) {
  if (name.empty() || name.size() > 128 || !is_alnum(name.front())) return false;
  return std::all_of(name.begin(), name.end(), [](char c) { return is_alnum(c) || c == '.' || c == '~' || c == '-'; });
}

PointName split_point(std::string_view point) {
  const auto slash = point.find('/');
  if (slash == std::string_view::npos) return {};
  const PointName name{point.substr(0, slash), point.substr(slash + 1)};
  return is_slug(name.thing) && is_slug(name.property) ? name : PointName{};
}

bool matches(std::string_view pattern, std::string_view point) {
  return pattern == "*" || glob(pattern, point);
}

bool matches_any(const std::vector<std::string>& patterns, std::string_view point) {
  return std::any_of(patterns.begin(), patterns.end(), [&](const std::string& p) { return matches(p, point); });
}

}  // namespace myriad
