#include "api/idempotency.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace myriad::api {
namespace {

constexpr Nanos hour = Nanos{3'600} * 1'000'000'000;

class IdempotencyTest : public testing::Test {
 protected:
  Reply post(const std::string& key, const char* body, int status = 201) {
    return kept_.once(key, body, [&] {
      ++runs_;
      return Reply{status, std::to_string(runs_)};
    });
  }

  ManualClock clock_;
  Idempotency kept_{clock_};
  int runs_ = 0;
};

TEST_F(IdempotencyTest, ARepeatGetsTheFirstAnswer) {
  EXPECT_EQ(post("k", "a").body, "1");
  const Reply again = post("k", "a");
  EXPECT_EQ(again.body, "1");
  EXPECT_EQ(again.fields.back().first, "Idempotency-Replayed");
  EXPECT_EQ(post("other", "a").body, "2");
}

TEST_F(IdempotencyTest, AnotherRequestUnderTheKeyIsRefused) {
  post("k", "a");
  EXPECT_EQ(post("k", "b").status, 422);
  EXPECT_EQ(runs_, 1);
}

TEST_F(IdempotencyTest, WhatARepeatMayMendIsNotKept) {
  for (const int status : {429, 500, 503, 504}) {
    post("k", "a", status);
    EXPECT_EQ(post("k", "a", status).fields.size(), 0u) << status;
  }
  EXPECT_THROW(kept_.once("t", "a", []() -> Reply { throw std::runtime_error("x"); }), std::runtime_error);
  EXPECT_EQ(post("t", "a").status, 201);
}

TEST_F(IdempotencyTest, WhileTheFirstRunsARepeatIsRefused) {
  kept_.once("k", "a", [&] {
    EXPECT_EQ(post("k", "a").status, 409);
    return Reply{201};
  });
  EXPECT_EQ(runs_, 0);
}

TEST_F(IdempotencyTest, ForgetsAfterADayAndTheOldestOfTooMany) {
  post("old", "a");
  clock_.advance(25 * hour);
  EXPECT_EQ(post("old", "a").body, "2");
  for (int i = 0; i < 1'100; ++i) {
    clock_.advance(1);
    post("k" + std::to_string(i), "a");
  }
  const int before = runs_;
  post("k1099", "a");
  EXPECT_EQ(runs_, before);
  post("k0", "a");
  EXPECT_EQ(runs_, before + 1);
}

}  // namespace
}  // namespace myriad::api
