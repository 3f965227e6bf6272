#include "node/call_set.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>

#include "fault/gate.h"
#include "fault/told.h"

namespace kv::internal {
namespace {

class Counting final : public CallSet::Entry {
 public:
  void cancel() override { ++cancels; }
  std::atomic<int> cancels{0};
};

class CallSetTest : public testing::Test {
 protected:
  CallSet calls_{2};
  const std::shared_ptr<Counting> one_ = std::make_shared<Counting>();
  const std::shared_ptr<Counting> two_ = std::make_shared<Counting>();
  const std::shared_ptr<Counting> three_ = std::make_shared<Counting>();
};

TEST_F(CallSetTest, HasALimitWhichCountsWhatIsUnderWay) {
  EXPECT_EQ(told(calls_.add(one_)), "OK");
  EXPECT_EQ(told(calls_.add(two_)), "OK");
  EXPECT_EQ(told(calls_.add(three_)), "RESOURCE_EXHAUSTED not_run");
  calls_.leave();  // one is about to be answered
  EXPECT_EQ(told(calls_.add(three_)), "OK");
  calls_.remove(*one_);
  EXPECT_EQ(told(calls_.add(three_)), "RESOURCE_EXHAUSTED not_run");
}

TEST_F(CallSetTest, ForgetsWhatIsRemoved) {
  EXPECT_EQ(told(calls_.add(one_)), "OK");
  EXPECT_EQ(one_.use_count(), 2);
  calls_.remove(*one_);
  EXPECT_EQ(one_.use_count(), 1);
}

TEST_F(CallSetTest, TakesNothingOnceClosed) {
  EXPECT_FALSE(calls_.closed());
  calls_.close();
  calls_.close();
  EXPECT_TRUE(calls_.closed());
  EXPECT_EQ(told(calls_.add(three_)), "CANCELLED not_run");
}

TEST_F(CallSetTest, CancelsAllOfThem) {
  EXPECT_EQ(told(calls_.add(one_)), "OK");
  EXPECT_EQ(told(calls_.add(two_)), "OK");
  calls_.cancel_all();
  EXPECT_EQ(one_->cancels, 1);
  EXPECT_EQ(two_->cancels, 1);
}

TEST_F(CallSetTest, WaitsUntilThereIsNoneOrTheTimeIsUp) {
  EXPECT_TRUE(calls_.wait_until_empty(Clock::now()));
  EXPECT_EQ(told(calls_.add(one_)), "OK");
  calls_.close();
  EXPECT_FALSE(
      calls_.wait_until_empty(Clock::now() + std::chrono::milliseconds(5)));
  std::thread remover([this] { calls_.remove(*one_); });
  EXPECT_TRUE(calls_.wait_until_empty(Clock::now() + kLong));
  remover.join();
}

}  // namespace
}  // namespace kv::internal
