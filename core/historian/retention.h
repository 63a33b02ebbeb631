// Which rule of retention a point falls under, and what it keeps. Pure.
#pragma once

#include <array>
#include <string_view>
#include <vector>

#include "historian/historian.h"
#include "historian/rollup.h"

namespace myriad::historian {

// Times before which nothing is kept, by level (0: the readings); 0: everything is kept.
using Cutoffs = std::array<Nanos, rollup_levels + 1>;

class Retention {
 public:
  explicit Retention(std::vector<RetentionRule> rules) : rules_(std::move(rules)) {}

  // Patterns that match something and no negative times; the error's field is "/0/points", "/1/raw"…
  static Status check(const std::vector<RetentionRule>&);

  const std::vector<RetentionRule>& rules() const { return rules_; }
  const RetentionRule* rule_of(std::string_view point) const;  // null: none matches, all is kept
  // Whole days, so that no bucket loses a part of its readings.
  Cutoffs cutoffs(std::string_view point, Nanos now) const;

 private:
  std::vector<RetentionRule> rules_;
};

}  // namespace myriad::historian
