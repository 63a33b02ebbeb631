// Which points a query names. Pure.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "model/points.h"

namespace myriad::api {

// "a/*,b/c" → {"a/*", "b/c"}; empty parts are dropped.
std::vector<std::string> split_list(std::string_view text);

bool is_pattern(std::string_view point);

// Known points that a pattern matches, by name, with their ids.
std::map<std::string, model::PointId, std::less<>> matching_points(const model::Points&,
                                                                   const std::vector<std::string>& patterns);

}  // namespace myriad::api
