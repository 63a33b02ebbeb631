#include "api/point_select.h"

#include <algorithm>

#include "base/names.h"

namespace myriad::api {

std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const auto part = text.substr(0, text.find(','));
    if (!part.empty()) parts.emplace_back(part);
    text.remove_prefix(std::min(text.size(), part.size() + 1));
  }
  return parts;
}

bool is_pattern(std::string_view point) {
  return point.find('*') != std::string_view::npos;
}

std::map<std::string, model::PointId, std::less<>> matching_points(const model::Points& points,
                                                                   const std::vector<std::string>& patterns) {
  std::map<std::string, model::PointId, std::less<>> found;
  for (const auto& pattern : patterns)
    if (const auto id = points.find(pattern)) found.emplace(pattern, *id);
  if (std::none_of(patterns.begin(), patterns.end(), is_pattern)) return found;
  for (std::uint32_t i = 1; i <= points.size(); ++i) {
    const auto name = points.name(model::PointId{i});
    if (matches_any(patterns, name)) found.emplace(name, model::PointId{i});
  }
  return found;
}

}  // namespace myriad::api
