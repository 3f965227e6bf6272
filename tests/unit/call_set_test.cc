#include "node/call_set.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
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
  // The set holds those that are in it.
  void TearDown() override {
    for (const auto& it : {one_, two_, three_}) {
      if (it.use_count() > 2) calls_.remove(*it);  // the list here has one too
    }
  }

  CallSet calls_{2, 100};
  const std::shared_ptr<Counting> one_ = std::make_shared<Counting>();
  const std::shared_ptr<Counting> two_ = std::make_shared<Counting>();
  const std::shared_ptr<Counting> three_ = std::make_shared<Counting>();
};

TEST_F(CallSetTest, HasALimitWhichCountsWhatIsUnderWay) {
  EXPECT_EQ(told(calls_.add(one_, 10)), "OK");
  EXPECT_EQ(told(calls_.add(two_, 10)), "OK");
  EXPECT_EQ(told(calls_.add(three_, 10)), "RESOURCE_EXHAUSTED not_run");
  calls_.leave(*one_);  // one is about to be answered
  EXPECT_EQ(told(calls_.add(three_, 10)), "OK");
  calls_.remove(*one_);
  EXPECT_EQ(told(calls_.add(three_, 10)), "RESOURCE_EXHAUSTED not_run");
}

TEST_F(CallSetTest, HasALimitOnTheirBytesButForOneAlone) {
  EXPECT_EQ(told(calls_.add(one_, 1000)), "OK");
  const absl::Status status = calls_.add(two_, 1);
  EXPECT_EQ(told(status), "RESOURCE_EXHAUSTED not_run");
  EXPECT_NE(std::string(status.message()).find("max_queued_bytes"),
            std::string::npos);
  calls_.leave(*one_);
  EXPECT_EQ(told(calls_.add(two_, 60)), "OK");
  EXPECT_EQ(told(calls_.add(three_, 41)), "RESOURCE_EXHAUSTED not_run");
  EXPECT_EQ(told(calls_.add(three_, 40)), "OK");
}

TEST_F(CallSetTest, ForgetsWhatIsRemoved) {
  EXPECT_EQ(told(calls_.add(one_, 10)), "OK");
  EXPECT_EQ(one_.use_count(), 2);
  calls_.remove(*one_);
  EXPECT_EQ(one_.use_count(), 1);
}

TEST_F(CallSetTest, TakesNothingOnceClosed) {
  EXPECT_FALSE(calls_.closed());
  calls_.close();
  calls_.close();
  EXPECT_TRUE(calls_.closed());
  EXPECT_EQ(told(calls_.add(three_, 10)), "CANCELLED not_run");
}

TEST_F(CallSetTest, CancelsAllOfThem) {
  EXPECT_EQ(told(calls_.add(one_, 10)), "OK");
  EXPECT_EQ(told(calls_.add(two_, 10)), "OK");
  calls_.cancel_all();
  EXPECT_EQ(one_->cancels, 1);
  EXPECT_EQ(two_->cancels, 1);
}

TEST_F(CallSetTest, WaitsUntilThereIsNoneOrTheTimeIsUp) {
  EXPECT_TRUE(calls_.wait_until_empty(Clock::now()));
  EXPECT_EQ(told(calls_.add(one_, 10)), "OK");
  calls_.close();
  EXPECT_FALSE(
      calls_.wait_until_empty(Clock::now() + std::chrono::milliseconds(5)));
  std::thread remover([this] { calls_.remove(*one_); });
  EXPECT_TRUE(calls_.wait_until_empty(Clock::now() + kLong));
  remover.join();
}

}  // namespace
}  // namespace kv::internal
