// Names of Things, properties and points, and the patterns that choose among them. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace myriad {

// [A-Za-z0-9_] then [A-Za-z0-9_.~-], at most 128 bytes: needs no escaping in a path (RFC 3986, section 2.3).
bool is_slug(std::string_view name);

struct PointName {
  std::string_view thing, property;  // views into the text given; both empty when it is no "<thing>/<property>"
};
PointName split_point(std::string_view point);

// `*` matches any run within a name; "*" alone matches every point.
bool matches(std::string_view pattern, std::string_view point);
bool matches_any(const std::vector<std::string>& patterns, std::string_view point);

}  // namespace myriad
