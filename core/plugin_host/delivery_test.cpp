#include <gtest/gtest.h>

#include <sstream>

#include "plugin_host/testing.h"

namespace myriad::plugin_host {
namespace {

using namespace testing;

// What the recorder wrote: values in order, and whether the batches' sequences grew.
struct Recording {
  std::vector<std::int64_t> values;
  bool in_order = true;
};

class Sinks : public ::testing::Test {
 protected:
  void start(const nlohmann::json& points, int status = MYRIAD_E_UNAVAILABLE) {
    const auto made = site.create("out", "recorder",
                                  {{"points", points}, {"file", file()}, {"fail_while", away()}, {"status", status}});
    ASSERT_TRUE(made) << made.error().message;
  }
  std::string file() const { return (site.home / "out.txt").string(); }
  std::string away() const { return (site.home / "away").string(); }
  void go_away() { std::ofstream(away()) << "x"; }
  void come_back() { std::filesystem::remove(away()); }

  Recording recorded() const {
    Recording out;
    std::ifstream in(file());
    std::uint64_t sequence = 0, last = 0;
    std::int64_t value = 0;
    for (std::string point; in >> sequence >> point >> value; last = sequence) {
      out.values.push_back(value);
      out.in_order = out.in_order && sequence >= last;
    }
    return out;
  }
  static std::vector<std::int64_t> range(std::int64_t from, std::int64_t to) {
    std::vector<std::int64_t> out;
    for (auto v = from; v <= to; ++v) out.push_back(v);
    return out;
  }
  bool receives(const std::vector<std::int64_t>& values) {
    return eventually([&] { return recorded().values == values; });
  }

  Site site;
};

TEST_F(Sinks, BeginsAtTheEndAndPicksByPattern) {
  site.append("a/x", 1, 5);
  start({"a/*"});
  site.append("a/x", 6, 8);
  site.append("b/x", 100, 200);
  site.append("a/later", 9, 9);
  EXPECT_TRUE(receives(range(6, 9)));
  EXPECT_TRUE(recorded().in_order);
  EXPECT_TRUE(eventually([&] { return site.instances->get("out")->lag == 0u; }));
}

TEST_F(Sinks, DeliversEveryReadingOnceInOrderThoughThePeerGoesAway) {
  start({"*"});
  site.append("a/x", 1, 500);
  EXPECT_TRUE(receives(range(1, 500)));
  go_away();
  for (int i = 0; i < 20; ++i) site.append("a/x", 501 + i * 250, 750 + i * 250);
  EXPECT_TRUE(site.reaches("out", State::degraded));
  EXPECT_GE(*site.instances->get("out")->lag, 1u);
  EXPECT_EQ(recorded().values.size(), 500u);
  come_back();
  EXPECT_TRUE(receives(range(1, 5500)));
  EXPECT_TRUE(recorded().in_order);
  EXPECT_TRUE(site.reaches("out", State::running));
}

TEST_F(Sinks, GoesOnWhereItWasAfterARestart) {
  start({"a/*"});
  site.append("a/x", 1, 10);
  EXPECT_TRUE(receives(range(1, 10)));
  go_away();
  site.append("a/x", 11, 20);
  EXPECT_TRUE(site.reaches("out", State::degraded));
  site.reopen();
  site.append("a/x", 21, 30);
  come_back();
  EXPECT_TRUE(receives(range(1, 30)));
  ASSERT_TRUE(site.instances->stop("out"));
  site.append("a/x", 31, 40);
  ASSERT_TRUE(site.instances->start("out"));
  EXPECT_TRUE(receives(range(1, 40)));
}

TEST_F(Sinks, OneThatRefusesIsFaultedAfterAFewAttemptsAndLosesNothing) {
  go_away();
  start({"*"}, MYRIAD_E_INVALID);
  site.append("a/x", 1, 3);
  EXPECT_TRUE(site.reaches("out", State::faulted));
  EXPECT_EQ(site.instances->get("out")->errors, 5u);
  come_back();
  ASSERT_TRUE(site.instances->restart("out"));
  EXPECT_TRUE(receives(range(1, 3)));
}

TEST_F(Sinks, OneThatBreaksIsRestarted) {
  go_away();
  start({"*"}, MYRIAD_E_INTERNAL);
  site.append("a/x", 1, 3);
  EXPECT_TRUE(eventually([&] { return site.instances->get("out")->restarts >= 1; }));
  come_back();
  EXPECT_TRUE(receives(range(1, 3)));
}

TEST_F(Sinks, ARemovedOneLeavesNoCursor) {
  start({"*"});
  site.append("a/x", 1, 3);
  EXPECT_TRUE(receives(range(1, 3)));
  ASSERT_TRUE(site.instances->remove("out", std::nullopt));
  site.append("a/x", 4, 6);
  start({"*"});
  site.append("a/x", 7, 9);
  EXPECT_TRUE(receives({1, 2, 3, 7, 8, 9}));
}

TEST_F(Sinks, AProcessorKeepsItsStateWithItsCursor) {
  ASSERT_TRUE(site.create("sum", "total", {{"input", "a/*"}, {"thing", "sum"}}));
  site.append("a/x", 1, 4);
  EXPECT_TRUE(eventually([&] { return site.values("sum/total") == std::vector<std::int64_t>({1, 3, 6, 10}); }));
  ASSERT_TRUE(site.instances->restart("sum"));
  site.append("a/x", 5, 5);
  EXPECT_TRUE(eventually([&] { return site.values("sum/total").back() == 15; }));
  site.reopen();
  site.append("a/x", 6, 6);
  EXPECT_TRUE(eventually([&] { return site.values("sum/total") == std::vector<std::int64_t>({1, 3, 6, 10, 15, 21}); }));
}

}  // namespace
}  // namespace myriad::plugin_host
