#include "security/throttle.h"

#include <gtest/gtest.h>

namespace myriad::security {
namespace {

using std::chrono::seconds;
constexpr Nanos second = 1'000'000'000;

TEST(Throttle, DoublesUpToItsCapAndForgets) {
  Throttle throttle(seconds(10));
  Nanos now = 1'000 * second;
  const int expected[] = {0, 0, 1, 2, 4, 8, 10, 10};
  for (const int wait : expected) {
    throttle.failed("a", now);
    EXPECT_EQ(throttle.wait("a", now), seconds(wait));
    EXPECT_EQ(throttle.wait("b", now), seconds(0)) << "another key";
    EXPECT_EQ(throttle.wait("a", now + wait * second), seconds(0)) << "once waited";
  }
  EXPECT_EQ(throttle.wait("a", now - 1'000 * second), seconds(10)) << "a clock set back";
  EXPECT_EQ(throttle.wait("a", now - 990 * second), seconds(0)) << "and once waited";
  throttle.failed("b", now + 16 * 60 * second);
  EXPECT_EQ(throttle.size(), 1u) << "quiet keys are forgotten";
}

TEST(Throttle, StartsAnewAfterSuccess) {
  Throttle throttle(seconds(10));
  for (int i = 0; i < 5; ++i) throttle.failed("a", 0);
  throttle.succeeded("a");
  EXPECT_EQ(throttle.wait("a", 0), seconds(0));
  throttle.failed("a", 0);
  EXPECT_EQ(throttle.wait("a", 0), seconds(0));
}

}  // namespace
}  // namespace myriad::security
