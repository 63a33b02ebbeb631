#include "plugin_host/portion.h"

#include <gtest/gtest.h>

#include <set>
#include <vector>

namespace myriad::plugin_host {
namespace {

struct Course {
  std::vector<std::size_t> accepted, refused;
  int attempts = 0;
};

Course run(std::size_t count, const std::set<std::size_t>& bad) {
  Course out;
  Portion portion;
  for (portion.reset(count); !portion.done();) {
    ++out.attempts;
    const auto from = portion.at(), to = from + portion.size();
    if (const auto hit = bad.lower_bound(from); hit != bad.end() && *hit < to) {
      if (portion.refused()) out.refused.push_back(from);
      continue;
    }
    for (auto i = from; i < to; ++i) out.accepted.push_back(i);
    portion.accepted();
  }
  return out;
}

TEST(Portion, FindsTheRefusedAndPassesTheOthersInOrder) {
  struct Case {
    const char* name;
    std::size_t count;
    std::set<std::size_t> bad;
    int most;
  };
  std::set<std::size_t> all;
  for (std::size_t i = 0; i < 1'000; ++i) all.insert(i);
  for (const Case& c : std::vector<Case>{{"none", 1'000, {}, 1},
                                         {"one of one", 1, {0}, 1},
                                         {"first", 1'000, {0}, 21},
                                         {"last", 1'000, {999}, 21},
                                         {"middle", 1'000, {500}, 25},
                                         {"two", 1'000, {3, 700}, 50},
                                         {"all", 1'000, all, 1'011}}) {
    const auto course = run(c.count, c.bad);
    EXPECT_EQ(std::set(course.refused.begin(), course.refused.end()), c.bad) << c.name;
    EXPECT_EQ(course.accepted.size() + course.refused.size(), c.count) << c.name;
    EXPECT_TRUE(std::is_sorted(course.accepted.begin(), course.accepted.end())) << c.name;
    EXPECT_LE(course.attempts, c.most) << c.name;
  }
}

}  // namespace
}  // namespace myriad::plugin_host
