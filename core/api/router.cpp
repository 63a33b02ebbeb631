#include "api/router.h"

#include <algorithm>
#include <array>

namespace myriad::api {
namespace {

constexpr std::size_t deepest = 32;

struct Parts {
  std::array<std::string_view, deepest> at;
  std::size_t count = 0;  // deepest + 1: too many for any route
};

Parts split(std::string_view path) {
  Parts parts;
  if (!path.starts_with('/')) return parts;
  while (!path.empty()) {
    path.remove_prefix(1);
    const auto part = path.substr(0, path.find('/'));
    if (parts.count == deepest) return {.at = {}, .count = deepest + 1};
    parts.at[parts.count++] = part;
    path.remove_prefix(part.size());
  }
  return parts;
}

bool is_variable(std::string_view part) {
  return part.starts_with('{');
}

// `fixed`: how many parts of the pattern stand for one part of the path each.
bool fits(const std::vector<std::string_view>& pattern, std::size_t fixed, const Parts& path) {
  if (path.count > deepest || (fixed == pattern.size() ? path.count != fixed : path.count <= fixed)) return false;
  for (std::size_t i = 0; i < fixed; ++i)
    if (is_variable(pattern[i]) ? path.at[i].empty() : pattern[i] != path.at[i]) return false;
  return true;
}

// False when a segment's escapes are broken.
bool capture(const std::vector<std::string_view>& pattern, std::size_t fixed, const Parts& path, Router::Match& match) {
  for (std::size_t i = 0; i < fixed; ++i) {
    if (!is_variable(pattern[i])) continue;
    auto value = percent_decode(path.at[i]);
    if (!value) return false;
    match.segments.emplace_back(pattern[i].substr(1, pattern[i].size() - 2), std::move(*value));
  }
  return true;
}

}  // namespace

void Router::add(Entry entry) {
  const Parts parts = split(entry.pattern);
  std::vector<std::string_view> pattern(parts.at.begin(), parts.at.begin() + static_cast<std::ptrdiff_t>(parts.count));
  rows_.push_back({std::move(entry), std::move(pattern)});
}

Router::Match Router::find(std::string_view method, std::string_view path) const {
  const std::string_view wanted = method == "HEAD" ? "GET" : method;
  const Parts parts = split(path);
  Match match;
  for (const Row& row : rows_) {
    const std::size_t fixed = row.parts.size() - (row.entry.deep ? 1 : 0);
    if (!fits(row.parts, fixed, parts)) continue;
    if (row.entry.method != wanted) {
      match.allow += (match.allow.empty() ? "" : ", ") + std::string(row.entry.method);
      continue;
    }
    if (!capture(row.parts, fixed, parts, match)) return {};
    match.entry = &row.entry;
    match.allow.clear();
    return match;
  }
  if (match.allow.empty() && wanted == "GET" && fallback_.route && !path.starts_with("/api/")) match.entry = &fallback_;
  return match;
}

std::vector<const Entry*> Router::entries() const {
  std::vector<const Entry*> all;
  std::transform(rows_.begin(), rows_.end(), std::back_inserter(all), [](const Row& row) { return &row.entry; });
  return all;
}

}  // namespace myriad::api
