// The rules of an instance, and the names they make. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "limit.h"

namespace threshold {

struct Rule {
  std::string name, input;
  Limits limits;
  std::string output_property, output_thing;  // with words in braces
};

// Throws myriad::Failure INVALID, naming the place. The schema's own checks are the host's.
std::vector<Rule> parse_rules(std::string_view config_json);

// `*` matches any run within a name; "*" alone matches every point: the patterns of inputs/1.
bool matches(std::string_view pattern, std::string_view point);

// Replaces {thing}, {property}, {rule} and {limit}.
std::string expand(std::string_view text, const Rule& rule, std::string_view thing, std::string_view property);

}  // namespace threshold
