#include "config.h"

#include <cmath>
#include <set>

#include "myriad/config.hpp"

namespace threshold {
namespace {

using Node = myriad::Config;

std::int64_t nanos(const Node& node, std::string_view key) {
  return std::llround(node.get<double>(key) * 1e9);
}

Limits parse_limits(const Node& node) {
  Limits limits{node.find<double>("high"), node.find<double>("low"), node.get<double>("hysteresis"),
                nanos(node, "delay_s"), nanos(node, "off_delay_s")};
  if (!limits.high && !limits.low) throw node.wrong("set high, low or both: this rule watches nothing");
  if (limits.high && limits.low && limits.hysteresis > *limits.high - *limits.low)
    throw node.wrong("the hysteresis is wider than low to high: no value could turn this rule off");
  return limits;
}

Rule parse_rule(const Node& node) {
  return {node.get<std::string>("name"), node.get<std::string>("input"), parse_limits(node),
          node.get<std::string>("output_property"), node.get<std::string>("output_thing")};
}

std::string_view limit_word(const Limits& limits) {
  if (limits.high && limits.low) return "range";
  return limits.high ? "high" : "low";
}

}  // namespace

std::vector<Rule> parse_rules(std::string_view config_json) {
  std::vector<Rule> rules;
  std::set<std::string> names;
  for (const Node& node : Node::parse(config_json).list("rules")) {
    rules.push_back(parse_rule(node));
    if (!names.insert(rules.back().name).second)
      throw node.wrong("rule '" + rules.back().name + "' is there twice: rename one");
  }
  return rules;
}

// Greedy matching with one step back to the latest star: never exponential.
bool matches(std::string_view pattern, std::string_view point) {
  if (pattern == "*") return true;
  std::size_t p = 0, t = 0, star = std::string_view::npos, mark = 0;
  while (t < point.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      mark = t;
    } else if (p < pattern.size() && pattern[p] == point[t]) {
      ++p, ++t;
    } else if (star != std::string_view::npos && point[mark] != '/') {
      p = star + 1;
      t = ++mark;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

std::string expand(std::string_view text, const Rule& rule, std::string_view thing, std::string_view property) {
  const std::pair<std::string_view, std::string_view> words[] = {
      {"{thing}", thing}, {"{property}", property}, {"{rule}", rule.name}, {"{limit}", limit_word(rule.limits)}};
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    std::size_t taken = 0;
    for (const auto& [word, value] : words)
      if (text.substr(i).starts_with(word)) {
        out += value;
        taken = word.size();
      }
    if (taken == 0) out += text[i];
    i += std::max<std::size_t>(taken, 1);
  }
  return out;
}

}  // namespace threshold
