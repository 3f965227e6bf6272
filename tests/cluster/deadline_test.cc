// A call's time and its end travel with it.
#include <kv/kv.h>

#include <atomic>
#include <memory>
#include <string>

#include "cluster/two_nodes.h"

namespace {

using kv_tests::Clock;
using kv_tests::Event;
using kv_tests::eventually;
using kv_tests::expect_failure;
using kv_tests::kLong;
using kv_tests::milliseconds;
using kv_tests::seconds;
using kv_tests::start_node;
using kv_tests::table_of;
using kv_tests::time_of;
using kv_tests::within;

// "Wait" holds on to "world" on bar until release_.
class DeadlineTest : public kv_tests::TwoNodes {
 protected:
  void SetUp() override {
    TwoNodes::SetUp();
    create("world");
    define("Wait", [this](kv::OpContext&, std::string_view) {
      ++runs_;
      begun_.set();
      release_.wait();
      return absl::StatusOr<std::string>("done");
    });
    define("Obey", [this](kv::OpContext& context, std::string_view) {
      begun_.set();
      if (eventually([&] { return context.cancelled(); })) obeyed_.set();
      return absl::StatusOr<std::string>("done");
    });
    define("Count", [this](kv::OpContext&, std::string_view) {
      ++counted_;
      return absl::StatusOr<std::string>("done");
    });
  }
  void TearDown() override { release_.set(); }
  kv::Router& router() { return foo_->router(); }

  Event begun_;
  Event release_;
  Event obeyed_;
  std::atomic<int> runs_{0};
  std::atomic<int> counted_{0};
};

TEST_F(DeadlineTest, TheCallerHasItsAnswerInTimeWhateverThePeerDoes) {
  const auto took = time_of([&] {
    expect_failure(
        router()
            .route("world", kv::Apply{"Wait"}, within(milliseconds(200)))
            .status(),
        absl::StatusCode::kDeadlineExceeded, kv::Outcome::kUnknown);
  });
  EXPECT_GE(took, milliseconds(190));
  EXPECT_LT(took, seconds(2));
  EXPECT_EQ(runs_, 1);
}

TEST_F(DeadlineTest, NoTimeAtAllIsNotRun) {
  for (const auto timeout : {milliseconds(0), milliseconds(-5)}) {
    for (const char* bucket : {"hello", "world"}) {
      expect_failure(
          router().route(bucket, kv::Apply{"Count"}, within(timeout)).status(),
          absl::StatusCode::kDeadlineExceeded, kv::Outcome::kNotRun);
    }
  }
  EXPECT_EQ(counted_, 0);
}

TEST_F(DeadlineTest, WorkThatHasNotBegunInTimeDoesNotBegin) {
  auto first = router().async("world", kv::Apply{"Wait"}, within(kLong));
  ASSERT_TRUE(begun_.wait());
  auto late =
      router().async("world", kv::Apply{"Count"}, within(milliseconds(100)));
  auto late_builtin =
      router().async("world", kv::Put{"late", "1"}, within(milliseconds(100)));
  EXPECT_EQ(late.await().status().code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(late_builtin.await().code(), absl::StatusCode::kDeadlineExceeded);
  // The peer has them until its own time is up, which is a moment later: gRPC
  // rounds. This call comes there after them.
  EXPECT_TRUE(router().route("world", kv::Whoami{}).ok());
  EXPECT_TRUE(eventually([&] { return bar_->stats().calls == 1; }));
  auto in_time = router().async("world", kv::Put{"time", "1"}, within(kLong));
  release_.set();
  EXPECT_TRUE(in_time.await(kLong).ok());
  EXPECT_EQ(*first.await(kLong), "done");
  EXPECT_EQ(counted_, 0);
  EXPECT_EQ(*router().route("world", kv::Get{"late"}), std::nullopt);
  EXPECT_EQ(*router().route("world", kv::Get{"time"}), "1");
}

TEST_F(DeadlineTest, AnOpSeesThatItsDeadlineHasPassed) {
  // Its answer may or may not be in time then.
  (void)router().route("world", kv::Apply{"Obey"}, within(milliseconds(200)));
  EXPECT_TRUE(obeyed_.wait());
}

TEST_F(DeadlineTest, AnOpKnowsItsDeadline) {
  define("Left", [](kv::OpContext& context, std::string_view) {
    const auto left = context.deadline() - Clock::now();
    return absl::StatusOr<std::string>(std::to_string(left / milliseconds(1)));
  });
  for (const char* bucket : {"hello", "world"}) {
    const auto left =
        router().route(bucket, kv::Apply{"Left"}, within(seconds(60)));
    ASSERT_TRUE(left.ok()) << left.status();
    EXPECT_LE(std::stoi(*left), 61000);  // gRPC rounds by up to 1 %
    EXPECT_GT(std::stoi(*left), 50000);
  }
}

TEST_F(DeadlineTest, WhatAnOpCallsHasNoMoreTimeThanTheOp) {
  define("Nested", [](kv::OpContext& context, std::string_view) {
    return context.router().route("hello", kv::Apply{"Wait"},
                                  within(seconds(3600)));
  });
  expect_failure(
      router()
          .route("noon", kv::Apply{"Nested"}, within(milliseconds(300)))
          .status(),
      absl::StatusCode::kDeadlineExceeded, kv::Outcome::kUnknown);
  EXPECT_EQ(runs_, 1);
}

TEST_F(DeadlineTest, ACancelTravelsToThePeer) {
  auto task = router().async("world", kv::Apply{"Obey"}, within(kLong));
  ASSERT_TRUE(begun_.wait());
  task.cancel();
  expect_failure(task.await().status(), absl::StatusCode::kCancelled,
                 kv::Outcome::kUnknown);
  EXPECT_TRUE(obeyed_.wait());
}

TEST_F(DeadlineTest, ACancelTravelsOverThreeNodes) {
  const auto baz = start_node("baz");
  Event begun;
  Event obeyed;
  ASSERT_TRUE(baz->define("Obey",
                          [&](kv::OpContext& context, std::string_view) {
                            begun.set();
                            if (eventually([&] { return context.cancelled(); }))
                              obeyed.set();
                            return absl::StatusOr<std::string>("done");
                          })
                  .ok());
  const auto table = table_of({{"n..z", baz->name()}});
  ASSERT_TRUE(bar_->set_table(table).ok());
  ASSERT_TRUE(baz->set_table(table).ok());
  auto task = router().async("world", kv::Apply{"Obey"}, within(kLong));
  ASSERT_TRUE(begun.wait());
  task.cancel();
  EXPECT_TRUE(obeyed.wait());
}

TEST_F(DeadlineTest, ATaskThatNobodyAwaitsIsCancelled) {
  {
    const auto task = router().async("world", kv::Apply{"Obey"}, within(kLong));
    ASSERT_TRUE(begun_.wait());
  }
  EXPECT_TRUE(obeyed_.wait());
}

TEST_F(DeadlineTest, ACancelledCallThatWaitsForItsBucketDoesNotRun) {
  create("hello");  // here, where a cancel is heard before cancel() returns
  auto first = router().async("hello", kv::Apply{"Wait"}, within(kLong));
  ASSERT_TRUE(begun_.wait());
  auto put = router().async("hello", kv::Put{"milk", "1"}, within(kLong));
  auto count = router().async("hello", kv::Apply{"Count"}, within(kLong));
  auto last = router().async("hello", kv::Put{"eggs", "1"}, within(kLong));
  put.cancel();
  count.cancel();
  EXPECT_EQ(put.await().code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(count.await().status().code(), absl::StatusCode::kCancelled);
  release_.set();
  EXPECT_TRUE(last.await(kLong).ok());
  EXPECT_EQ(counted_, 0);
  EXPECT_EQ(*router().route("hello", kv::Get{"milk"}), std::nullopt);
}

TEST_F(DeadlineTest, AwaitMayTimeOutAndBeRepeated) {
  auto task = router().async("world", kv::Apply{"Wait"}, within(kLong));
  ASSERT_TRUE(begun_.wait());
  expect_failure(task.await(milliseconds(20)).status(),
                 absl::StatusCode::kDeadlineExceeded, kv::Outcome::kUnknown);
  release_.set();
  EXPECT_EQ(*task.await(kLong), "done");
}

}  // namespace
