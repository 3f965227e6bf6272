#include "exec/throttle.h"

#include <gtest/gtest.h>

#include <vector>

namespace kv::internal {
namespace {

using Verdict = Throttle::Verdict;

class ThrottleTest : public testing::Test {
 protected:
  Verdict enter(bool of_host = true) {
    std::uint32_t round = 0;
    const Verdict verdict = throttle_.enter(of_host, round);
    if (verdict == Verdict::kGo && of_host) rounds_.push_back(round);
    return verdict;
  }
  // As many as may go; how many that are.
  std::size_t fill() {
    std::size_t count = 0;
    while (enter() == Verdict::kGo) ++count;
    return count;
  }
  // The oldest comes back.
  void refused() {
    throttle_.refused(rounds_.front(), room_, Clock::now());
    back();
  }
  void taken() {
    throttle_.taken(Clock::now());
    back();
  }
  void back() {
    throttle_.leave(true);
    rounds_.erase(rounds_.begin());
  }

  Throttle throttle_{40};
  std::size_t room_ = 1000;
  std::vector<std::uint32_t> rounds_;
};

TEST_F(ThrottleTest, HasALimitForCallsOfAllKinds) {
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(enter(true), Verdict::kGo);
    EXPECT_EQ(enter(false), Verdict::kGo);
  }
  EXPECT_EQ(enter(true), Verdict::kTooMany);
  EXPECT_EQ(enter(false), Verdict::kTooMany);
  throttle_.leave(false);
  EXPECT_EQ(enter(false), Verdict::kGo);
  EXPECT_EQ(throttle_.limit(), Throttle::kNone);
}

TEST_F(ThrottleTest, ARefusalHalvesWhatMayGoOnceForThoseThatWereAway) {
  EXPECT_EQ(fill(), 40U);
  for (int i = 0; i < 30; ++i) refused();
  EXPECT_EQ(throttle_.limit(), 20U);
  EXPECT_EQ(fill(), 10U);  // beside the 10 that are there
  for (int i = 0; i < 10; ++i) refused();
  EXPECT_EQ(throttle_.limit(), 20U) << "they had left before";
  refused();
  EXPECT_EQ(throttle_.limit(), 5U) << "half of the ten that were there";
}

TEST_F(ThrottleTest, NoMoreMayGoThanThePeerHasRoomFor) {
  EXPECT_EQ(fill(), 40U);
  room_ = 7;
  refused();
  EXPECT_EQ(throttle_.limit(), 7U);
}

TEST_F(ThrottleTest, OneMayAlwaysGo) {
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(enter(), Verdict::kGo);
    EXPECT_EQ(enter(), i == 0 ? Verdict::kGo : Verdict::kHoldBack);
    if (i == 0) back();
    refused();
    EXPECT_EQ(throttle_.limit(), 1U);
  }
}

TEST_F(ThrottleTest, OnlyOperationsOfHostsAreHeldBack) {
  EXPECT_EQ(enter(), Verdict::kGo);
  refused();
  EXPECT_EQ(enter(), Verdict::kGo);
  EXPECT_EQ(enter(), Verdict::kHoldBack);
  EXPECT_EQ(enter(false), Verdict::kGo);
}

TEST_F(ThrottleTest, EachRoundThatIsTakenAddsOne) {
  for (int i = 0; i < 8; ++i) enter();
  refused();
  EXPECT_EQ(throttle_.limit(), 4U);
  for (int i = 0; i < 4; ++i) taken();
  EXPECT_EQ(throttle_.limit(), 5U);
  EXPECT_EQ(fill(), 2U);
  for (int i = 0; i < 5; ++i) taken();
  EXPECT_EQ(throttle_.limit(), 6U);
}

TEST_F(ThrottleTest, AllIsForgottenASecondAfterTheLastRefusal) {
  for (int i = 0; i < 8; ++i) enter();
  refused();
  constexpr std::chrono::milliseconds kMemory = Throttle::kMemory;
  const Clock::time_point now = Clock::now();
  throttle_.taken(now + kMemory / 2);
  EXPECT_NE(throttle_.limit(), Throttle::kNone);
  throttle_.taken(now + 2 * kMemory);
  EXPECT_EQ(throttle_.limit(), Throttle::kNone);
}

}  // namespace
}  // namespace kv::internal
