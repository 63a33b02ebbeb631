#include "historian/retention.h"

#include "base/names.h"

namespace myriad::historian {
namespace {

constexpr std::size_t most_rules = 1'000;
constexpr std::chrono::hours longest_kept{24 * 366 * 200};

Status check_kept(std::chrono::hours kept, const std::string& field) {
  if (kept >= std::chrono::hours(0) && kept <= longest_kept) return {};
  return Error{Code::invalid,
               std::to_string(kept.count()) + " hours: keep from 0, which is for ever, to " +
                   std::to_string(longest_kept.count()) + " hours",
               field};
}

}  // namespace

Status Retention::check(const std::vector<RetentionRule>& rules) {
  if (rules.size() > most_rules)
    return Error{Code::invalid, std::to_string(rules.size()) + " rules: use patterns, at most 1000 rules", "/rules"};
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const std::string at = "/rules/" + std::to_string(i);
    if (rules[i].points.empty() || rules[i].points.size() > 257)
      return Error{Code::invalid, "say which points the rule is for: a pattern such as ward/* or *", at + "/points"};
    const std::pair<const char*, std::chrono::hours> kept[] = {
        {"/raw", rules[i].raw}, {"/minutes", rules[i].minutes}, {"/hours", rules[i].hours}, {"/days", rules[i].days}};
    for (const auto& [name, hours] : kept)
      if (auto fits = check_kept(hours, at + name); !fits) return fits;
  }
  return {};
}

const RetentionRule* Retention::rule_of(std::string_view point) const {
  for (const auto& rule : rules_)
    if (matches(rule.points, point)) return &rule;
  return nullptr;
}

Cutoffs Retention::cutoffs(std::string_view point, Nanos now) const {
  Cutoffs out{};
  const RetentionRule* rule = rule_of(point);
  if (!rule) return out;
  const std::chrono::hours kept[] = {rule->raw, rule->minutes, rule->hours, rule->days};
  for (std::size_t level = 0; level < out.size(); ++level) {
    const Nanos age = std::chrono::nanoseconds(kept[level]).count();
    if (age > 0 && age < now) out[level] = bucket_begin(now - age, rollup_levels);
  }
  return out;
}

}  // namespace myriad::historian
