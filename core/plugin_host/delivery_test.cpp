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

class Sinks : public ::testing::TestWithParam<Isolation> {
 protected:
  void start(const nlohmann::json& points, int status = MYRIAD_E_UNAVAILABLE, int multiple_of = 0) {
    std::ofstream(file(), std::ios::app);  // what is granted must be there
    const auto made = site.create("out", "recorder",
                                  {{"points", points},
                                   {"file", file()},
                                   {"fail_while", away()},
                                   {"status", status},
                                   {"multiple_of", multiple_of}});
    ASSERT_TRUE(made) << made.error().message;
  }
  std::string file() const { return (outside.path() / "out.txt").string(); }  // no permission reaches the site
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

  InstanceStatus::Delivery delivery() const { return *site.instances->get("out")->delivery; }
  bool buries(std::uint64_t count) {
    return eventually([&] { return delivery().dead_letters.kept == count; });
  }
  static std::vector<std::int64_t> without_multiples(std::int64_t from, std::int64_t to, std::int64_t of) {
    auto out = range(from, to);
    std::erase_if(out, [&](auto v) { return v % of == 0; });
    return out;
  }

  TempDir outside;
  Site site{quick, GetParam()};
};

INSTANTIATE_TEST_SUITE_P(, Sinks, ::testing::Values(Isolation::in_process, Isolation::process),
                         [](const auto& tested) { return std::string(isolation_name(tested.param)); });

TEST_P(Sinks, BeginsAtTheEndAndPicksByPattern) {
  site.append("a/x", 1, 5);
  start({"a/*"});
  site.append("a/x", 6, 8);
  site.append("b/x", 100, 200);
  site.append("a/later", 9, 9);
  EXPECT_TRUE(receives(range(6, 9)));
  EXPECT_TRUE(recorded().in_order);
  EXPECT_TRUE(eventually([&] { return site.instances->get("out")->lag == 0u; }));
}

TEST_P(Sinks, DeliversEveryReadingOnceInOrderThoughThePeerGoesAway) {
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

TEST_P(Sinks, GoesOnWhereItWasAfterARestart) {
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

TEST_P(Sinks, OneThatIsDeniedIsFaultedAfterAFewAttemptsAndLosesNothing) {
  go_away();
  start({"*"}, MYRIAD_E_DENIED);
  site.append("a/x", 1, 3);
  EXPECT_TRUE(site.reaches("out", State::faulted));
  EXPECT_EQ(site.instances->get("out")->errors, 5u);
  come_back();
  ASSERT_TRUE(site.instances->restart("out"));
  EXPECT_TRUE(receives(range(1, 3)));
}

TEST_P(Sinks, OnlyWhatIsRefusedBecomesADeadLetter) {
  go_away();
  start({"*"}, MYRIAD_E_INVALID, 100);
  site.append("a/x", 1, 350);
  EXPECT_TRUE(receives(without_multiples(1, 350, 100)));
  EXPECT_TRUE(recorded().in_order);
  EXPECT_TRUE(buries(3));
  EXPECT_TRUE(site.reaches("out", State::running));
  const auto letters = *site.instances->dead_letters("out", 0, 10);
  ASSERT_EQ(letters.size(), 3u);
  EXPECT_EQ(letters[1].reading.readings[0].value.i64, 200);
  EXPECT_EQ(letters[1].sequence, 200u);
  EXPECT_EQ(letters[1].reason, "the peer is away as told");
  EXPECT_EQ(delivery().lag, 0u);
  EXPECT_EQ(delivery().delivered, 347u);
  EXPECT_GE(delivery().retries, 5u);

  site.append("a/x", 351, 400);
  EXPECT_TRUE(receives(without_multiples(1, 400, 100)));
  site.reopen();
  EXPECT_TRUE(buries(4));
}

TEST_P(Sinks, DeadLettersAreTriedAgainWhenAsked) {
  go_away();
  start({"*"}, MYRIAD_E_INVALID, 10);
  site.append("a/x", 1, 45);
  EXPECT_TRUE(buries(4));
  ASSERT_TRUE(site.instances->retry_dead_letters("out"));
  EXPECT_TRUE(eventually([&] {
    const auto letters = *site.instances->dead_letters("out", 0, 10);
    return letters.size() == 4 && letters[3].count == 2;
  })) << "they are refused once more";
  EXPECT_EQ(site.state("out"), State::running);
  come_back();
  ASSERT_TRUE(site.instances->retry_dead_letters("out"));
  auto all = without_multiples(1, 45, 10);
  for (const std::int64_t v : {10, 20, 30, 40}) all.push_back(v);
  EXPECT_TRUE(receives(all));
  EXPECT_TRUE(buries(0));
}

TEST_P(Sinks, DeadLettersAreForgottenWhenAsked) {
  go_away();
  start({"*"}, MYRIAD_E_INVALID, 10);
  site.append("a/x", 1, 45);
  EXPECT_TRUE(buries(4));
  ASSERT_TRUE(site.instances->drop_dead_letters("out"));
  EXPECT_EQ(delivery().dead_letters.kept, 0u);
  ASSERT_TRUE(site.instances->stop("out"));
  EXPECT_EQ(site.instances->retry_dead_letters("out").error().code, Code::conflict);
  EXPECT_EQ(site.instances->dead_letters("nobody", 0, 1).error().code, Code::not_found);
}

TEST_P(Sinks, OneThatRefusesEverythingIsFaultedBeforeTheLettersOverflow) {
  go_away();
  start({"*"}, MYRIAD_E_INVALID);
  site.append("a/x", 1, 3'000);
  EXPECT_TRUE(site.reaches("out", State::faulted));
  EXPECT_TRUE(buries(100));
  come_back();
  ASSERT_TRUE(site.instances->restart("out"));
  EXPECT_TRUE(receives(range(101, 3'000)));
  ASSERT_TRUE(site.instances->retry_dead_letters("out"));
  auto all = range(101, 3'000);
  for (const auto v : range(1, 100)) all.push_back(v);
  EXPECT_TRUE(receives(all));
}

TEST_P(Sinks, AReadingThatBreaksThePluginIsBuriedAfterAFewRestarts) {
  go_away();
  start({"*"}, MYRIAD_E_INTERNAL, 10);
  site.append("a/x", 1, 15);
  EXPECT_TRUE(receives(without_multiples(1, 15, 10)));
  EXPECT_TRUE(buries(1));
  EXPECT_GE(site.instances->get("out")->restarts, 1u);
}

TEST_P(Sinks, BeginsAgainWhereItIsTold) {
  start({"*"});
  site.append("a/x", 1, 10);
  EXPECT_TRUE(receives(range(1, 10)));
  EXPECT_EQ(*site.instances->replay("out", 8), 8u);
  auto again = range(1, 10);
  for (const auto v : range(8, 10)) again.push_back(v);
  EXPECT_TRUE(receives(again));
  go_away();
  site.append("a/x", 11, 20);
  EXPECT_TRUE(eventually([&] { return delivery().next_retry.has_value(); }));
  EXPECT_EQ(*site.instances->replay("out", 16), 16u) << "also forward, past what waits";
  come_back();
  for (const auto v : range(16, 20)) again.push_back(v);
  EXPECT_TRUE(receives(again));
  ASSERT_TRUE(site.instances->stop("out"));
  EXPECT_EQ(*site.instances->replay("out", 0), 1u) << "as far as the log goes back";
  ASSERT_TRUE(site.instances->start("out"));
  for (const auto v : range(1, 20)) again.push_back(v);
  EXPECT_TRUE(receives(again));
  EXPECT_EQ(site.instances->replay("out", 22).error().code, Code::invalid);
  ASSERT_TRUE(site.create("sum", "total", {{"input", "a/*"}, {"thing", "sum"}}));
  EXPECT_EQ(site.instances->replay("sum", 1).error().code, Code::conflict);
}

TEST_P(Sinks, OneThatBreaksIsRestarted) {
  go_away();
  start({"*"}, MYRIAD_E_INTERNAL);
  site.append("a/x", 1, 3);
  EXPECT_TRUE(eventually([&] { return site.instances->get("out")->restarts >= 1; }));
  come_back();
  EXPECT_TRUE(receives(range(1, 3)));
}

TEST_P(Sinks, ARemovedOneLeavesNoCursor) {
  start({"*"});
  site.append("a/x", 1, 3);
  EXPECT_TRUE(receives(range(1, 3)));
  ASSERT_TRUE(site.instances->remove("out", std::nullopt));
  site.append("a/x", 4, 6);
  start({"*"});
  site.append("a/x", 7, 9);
  EXPECT_TRUE(receives({1, 2, 3, 7, 8, 9}));
}

TEST_P(Sinks, AProcessorKeepsItsStateWithItsCursor) {
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
