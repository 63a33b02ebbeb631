#include "base/observers.h"

#include <gtest/gtest.h>

#include <thread>

namespace myriad {
namespace {

TEST(Observers, LiveAsLongAsTheirHandle) {
  Observers<int> observers;
  int sum = 0;
  auto handle = observers.add([&](int v) { sum += v; });
  observers.notify(2);
  handle.reset();
  observers.notify(40);
  EXPECT_EQ(sum, 2);
}

TEST(Observers, DroppingWaitsForARunningCallback) {
  Observers<> observers;
  for (int round = 0; round < 200; ++round) {
    auto owned = std::make_unique<int>(0);
    auto handle = observers.add([&] { ++*owned; });
    std::thread notifier([&] { observers.notify(); });
    handle.reset();
    owned.reset();  // a callback still running would touch freed memory: ASan and TSan see it
    notifier.join();
  }
}

}  // namespace
}  // namespace myriad
