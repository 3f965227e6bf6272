#include "exec/retry_budget.h"

#include <gtest/gtest.h>

namespace kv::internal {
namespace {

class RetryBudgetTest : public testing::Test {
 protected:
  static int spend_all(RetryBudget& budget, Clock::time_point now) {
    int count = 0;
    while (budget.spend(now)) ++count;
    return count;
  }

  const Clock::time_point begin_ = Clock::now();
};

TEST_F(RetryBudgetTest, ATenthOfTheCallsMayBeRepeated) {
  RetryBudget budget(0.1, begin_);
  EXPECT_EQ(spend_all(budget, begin_), RetryBudget::kFirst);
  for (int i = 0; i < 1000; ++i) budget.earn();
  EXPECT_EQ(spend_all(budget, begin_), 100);
  for (int i = 0; i < 9; ++i) budget.earn();
  EXPECT_FALSE(budget.spend(begin_));
  budget.earn();
  EXPECT_TRUE(budget.spend(begin_));
}

TEST_F(RetryBudgetTest, AFewComeForNothingWithTime) {
  RetryBudget budget(0.1, begin_);
  spend_all(budget, begin_);
  EXPECT_EQ(spend_all(budget, begin_ + std::chrono::seconds(1)),
            RetryBudget::kPerSecond);
  EXPECT_EQ(spend_all(budget, begin_ + std::chrono::hours(1)),
            RetryBudget::kFirst)
      << "no more than at the beginning";
  EXPECT_EQ(spend_all(budget, begin_), 0) << "time that goes back gives none";
}

TEST_F(RetryBudgetTest, WhatIsKeptHasALimit) {
  RetryBudget budget(1, begin_);
  for (int i = 0; i < 2 * RetryBudget::kMost; ++i) budget.earn();
  EXPECT_EQ(spend_all(budget, begin_), RetryBudget::kMost);
}

TEST_F(RetryBudgetTest, ABudgetOfZeroIsNoRetryAtAll) {
  RetryBudget budget(0, begin_);
  for (int i = 0; i < 1000; ++i) budget.earn();
  EXPECT_FALSE(budget.spend(begin_ + std::chrono::hours(1)));
}

}  // namespace
}  // namespace kv::internal
