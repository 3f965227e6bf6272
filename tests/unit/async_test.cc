#include "kv/async.h"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

#include "exec/executor.h"
#include "fault/gate.h"
#include "fault/told.h"

namespace kv::internal {
namespace {

TEST(AsyncTest, TheResultOfAnyKindOfFunctionIsAwaited) {
  EXPECT_EQ(*async([] { return 42; }).await(), 42);
  EXPECT_EQ(*async([] { return absl::StatusOr<std::string>("hi"); }).await(),
            "hi");
  EXPECT_EQ(async([] { return absl::AbortedError("no"); }).await(),
            absl::AbortedError("no"));
  EXPECT_EQ(async([] {}).await(), absl::OkStatus());
}

TEST(AsyncTest, WhatItThrowsBecomesInternal) {
  const absl::Status status =
      async([] { throw std::runtime_error("no milk"); }).await();
  EXPECT_EQ(told(status), "INTERNAL ran");
  EXPECT_NE(status.message().find("no milk"), std::string::npos);
  EXPECT_EQ(told(async([] { throw 1; }).await()), "INTERNAL ran");
}

TEST(AsyncTest, ItRunsBesideTheCaller) {
  EXPECT_NE(*async([] { return std::this_thread::get_id(); }).await(),
            std::this_thread::get_id());
}

class AsyncOnExecutorTest : public ::testing::Test {
 protected:
  AsyncOnExecutorTest() : executor_({1, 2, 4}) {}
  ~AsyncOnExecutorTest() override {
    executor_.stop(Clock::now() + std::chrono::seconds(5));
  }
  Executor executor_;
};

TEST_F(AsyncOnExecutorTest, AFunctionThatWaitsForAnotherGetsItDone) {
  auto outer = async_on(executor_.runner(), [] {
    return *async([] { return *async([] { return 1; }).await() + 1; }).await() +
           1;
  });
  EXPECT_EQ(*outer.await(), 3);
}

TEST_F(AsyncOnExecutorTest, CancellingKeepsWhatHasNotBegunFromRunning) {
  Gate gate;
  auto first = async_on(executor_.runner(), [&gate] { gate.pass(); });
  ASSERT_TRUE(gate.wait_for_arrivals(1));
  auto ran = std::make_shared<bool>(false);
  auto second = async_on(executor_.runner(), [ran] { *ran = true; });
  second.cancel();
  EXPECT_EQ(told(second.await()), "CANCELLED not_run");
  first.cancel();
  EXPECT_EQ(told(first.await()), "CANCELLED unknown");
  gate.open();
  EXPECT_TRUE(executor_.stop(Clock::now() + kLong));
  EXPECT_FALSE(*ran);
}

TEST_F(AsyncOnExecutorTest, AFullQueueIsSaid) {
  Gate gate;
  std::vector<Task<void>> tasks;
  for (int i = 0; i < 5; ++i) {
    tasks.push_back(async_on(executor_.runner(), [&gate] { gate.pass(); }));
    if (i == 0) {
      ASSERT_TRUE(gate.wait_for_arrivals(1));
    }
  }
  auto one_too_many = async_on(executor_.runner(), [] {});
  EXPECT_EQ(told(one_too_many.await()), "RESOURCE_EXHAUSTED not_run");
  gate.open();
  for (auto& task : tasks) EXPECT_EQ(task.await(), absl::OkStatus());
}

}  // namespace
}  // namespace kv::internal
