#include "limit.h"

#include <gtest/gtest.h>

#include <vector>

namespace threshold {
namespace {

constexpr std::int64_t s = 1'000'000'000;

TEST(SideOf, HasADeadbandOnTheWayBack) {
  const Limits limits{80.0, 20.0, 2};
  struct Case {
    const char* name;
    double value;
    Side before, after;
  };
  const Case cases[] = {
      {"at high is inside", 80, Side::normal, Side::normal},
      {"past high", 80.01, Side::normal, Side::high},
      {"within the band stays high", 78.01, Side::high, Side::high},
      {"within the band does not begin", 79, Side::normal, Side::normal},
      {"back by the hysteresis", 78, Side::high, Side::normal},
      {"at low is inside", 20, Side::normal, Side::normal},
      {"past low", 19.99, Side::normal, Side::low},
      {"within the low band stays low", 21.99, Side::low, Side::low},
      {"back up by the hysteresis", 22, Side::low, Side::normal},
      {"from high to low at once", 10, Side::high, Side::low},
      {"from low to high at once", 90, Side::low, Side::high},
      {"the high band is not the low one", 21, Side::high, Side::normal},
  };
  for (const auto& c : cases) EXPECT_EQ(side_of(limits, c.value, c.before), c.after) << c.name;
}

TEST(SideOf, WithoutHysteresisOneValueIsNeverBoth) {
  const Limits limits{80.0, {}, 0};
  for (const Side before : {Side::normal, Side::high}) {
    EXPECT_EQ(side_of(limits, 80, before), Side::normal);
    EXPECT_EQ(side_of(limits, 80.000001, before), Side::high);
    EXPECT_EQ(side_of(limits, -1e300, before), Side::normal) << "no low limit";
  }
}

struct Step {
  double seconds, value;
  bool good;
  Outcome outcome;
  Side side;
};

TEST(Limit, FollowsItsTable) {
  constexpr auto nothing = Outcome::nothing, late = Outcome::late, show = Outcome::show, change = Outcome::transition;
  constexpr auto normal = Side::normal, high = Side::high, low = Side::low;
  struct Case {
    const char* name;
    Limits limits;
    std::vector<Step> steps;
  };
  const Case cases[] = {
      {"no delay: on and off with the reading",
       {80.0, {}, 2},
       {{0, 70, true, show, normal},
        {1, 75, true, nothing, normal},
        {2, 81, true, change, high},
        {3, 79, true, nothing, high},
        {4, 78, true, change, normal}}},
      {"first reading beyond the limit", {80.0, {}, 2}, {{0, 90, true, change, high}}},
      {"on-delay: must hold that long",
       {80.0, {}, 0, 5 * s},
       {{0, 81, true, show, normal},
        {4, 82, true, nothing, normal},
        {4.999, 82, true, nothing, normal},
        {5, 82, true, change, high}}},
      {"on-delay begins anew after a return",
       {80.0, {}, 0, 5 * s},
       {{0, 81, true, show, normal},
        {4, 79, true, nothing, normal},
        {5, 81, true, nothing, normal},
        {9, 81, true, nothing, normal},
        {10, 81, true, change, high}}},
      {"off-delay: a brief return does not end it",
       {80.0, {}, 2, 0, 10 * s},
       {{0, 81, true, change, high},
        {1, 70, true, nothing, high},
        {10, 79, true, nothing, high},
        {11, 70, true, nothing, high},
        {20, 70, true, nothing, high},
        {21, 70, true, change, normal}}},
      {"a gap between readings counts as holding",
       {80.0, {}, 0, 5 * s},
       {{0, 81, true, show, normal}, {3600, 81, true, change, high}}},
      {"bad quality keeps the side and shows uncertain once",
       {80.0, {}, 0},
       {{0, 90, true, change, high},
        {1, 0, false, show, high},
        {2, 0, false, nothing, high},
        {3, 90, true, show, high},
        {4, 0, false, show, high},
        {5, 70, true, change, normal}}},
      {"bad quality first shows nothing",
       {80.0, {}, 0},
       {{0, 90, false, nothing, normal}, {1, 70, true, show, normal}}},
      {"a delay goes on through bad quality, and only a good reading ends it",
       {80.0, {}, 0, 5 * s},
       {{0, 81, true, show, normal}, {6, 81, false, show, normal}, {7, 81, true, change, high}}},
      {"late and repeated readings are left out",
       {80.0, {}, 0},
       {{10, 70, true, show, normal},
        {9, 90, true, late, normal},
        {10, 90, true, late, normal},
        {8, 90, false, late, normal},
        {11, 90, true, change, high}}},
      {"from high to low is a change of its own",
       {80.0, 20.0, 2},
       {{0, 90, true, change, high},
        {1, 10, true, change, low},
        {2, 21, true, nothing, low},
        {3, 50, true, change, normal}}},
      {"from high to low waits for the on-delay",
       {80.0, 20.0, 0, 5 * s, 60 * s},
       {{0, 90, true, show, normal},
        {5, 90, true, change, high},
        {6, 10, true, nothing, high},
        {11, 10, true, change, low}}},
      {"heading elsewhere restarts the delay",
       {80.0, 20.0, 0, 5 * s},
       {{0, 90, true, show, normal},
        {4, 10, true, nothing, normal},
        {8, 10, true, nothing, normal},
        {9, 10, true, change, low}}},
  };
  for (const auto& c : cases) {
    State state;
    for (std::size_t i = 0; i < c.steps.size(); ++i) {
      const Step& step = c.steps[i];
      const auto time = static_cast<std::int64_t>(step.seconds * 1e9);
      const Outcome outcome = step.good ? take(c.limits, state, step.value, time) : take_unknown(state, time);
      EXPECT_EQ(outcome, step.outcome) << c.name << ", step " << i;
      EXPECT_EQ(state.side, step.side) << c.name << ", step " << i;
    }
  }
}

TEST(Belongs, OnlyToLimitsThatAreSet) {
  State state;
  EXPECT_TRUE(belongs({80.0, {}}, state));
  state.side = Side::low;
  EXPECT_FALSE(belongs({80.0, {}}, state));
  EXPECT_TRUE(belongs({80.0, 20.0}, state));
  state = {};
  state.pending = Side::high;
  EXPECT_FALSE(belongs({{}, 20.0}, state));
}

}  // namespace
}  // namespace threshold
