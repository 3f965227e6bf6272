// The end of a node: bounded, from any thread, with calls under way.
#include <kv/kv.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "cluster/two_nodes.h"

namespace {

using kv_tests::Event;
using kv_tests::eventually;
using kv_tests::expect_failure;
using kv_tests::kLong;
using kv_tests::milliseconds;
using kv_tests::seconds;
using kv_tests::start_node;
using kv_tests::time_of;
using kv_tests::within;

class StopTest : public kv_tests::TwoNodes {
 protected:
  void SetUp() override {
    TwoNodes::SetUp();
    define("Obey", [this](kv::OpContext& context, std::string_view) {
      ++begun_;
      eventually([&] {
        return release_.wait(milliseconds(1)) || context.cancelled();
      });
      return absl::StatusOr<std::string>("done");
    });
    define("Stubborn", [this](kv::OpContext&, std::string_view) {
      ++begun_;
      release_.wait();
      ++ended_;
      return absl::StatusOr<std::string>("done");
    });
  }
  void TearDown() override {
    release_.set();
    // Operations that outlived their node use this fixture.
    EXPECT_TRUE(eventually([&] { return ended_ >= expected_ends_; }));
    // So do those that still run on one that lives.
    foo_.reset();
    bar_.reset();
  }
  kv::Router& router() { return foo_->router(); }

  std::atomic<int> begun_{0};
  std::atomic<int> ended_{0};
  int expected_ends_ = 0;
  Event release_;
};

TEST_F(StopTest, AnIdleNodeStopsAtOnceAndAgain) {
  EXPECT_TRUE(router().route("world", kv::Whoami{}).ok());
  const auto took = time_of([&] {
    for (int i = 0; i < 3; ++i) EXPECT_EQ(foo_->stop(), absl::OkStatus());
  });
  EXPECT_LT(took, seconds(2));
}

TEST_F(StopTest, AStoppedNodeTakesNoCalls) {
  create("hello");
  ASSERT_TRUE(foo_->stop().ok());
  for (const absl::Status& status :
       {router().route("hello", kv::Get{"milk"}).status(),
        router().route("hello", kv::Create{}).status(),
        router().route("hello", kv::Whoami{}).status(),
        router().route("world", kv::Whoami{}).status(),
        router().call(bar_->name(), kv::Whoami{}).status(),
        router().async("world", kv::Get{"milk"}).await().status(),
        foo_->ping(bar_->name()).status()}) {
    expect_failure(status, absl::StatusCode::kCancelled, kv::Outcome::kNotRun);
  }
  Event called;
  router().async("world", kv::Whoami{}, [&](const auto& answer) {
    EXPECT_EQ(answer.status().code(), absl::StatusCode::kCancelled);
    called.set();
  });
  EXPECT_TRUE(called.wait());
  expect_failure(bar_->router().route("hello", kv::Whoami{}).status(),
                 absl::StatusCode::kUnavailable, kv::Outcome::kNotRun,
                 foo_->name().str());
}

TEST_F(StopTest, ANodeThatStopsFinishesWhatIsUnderWayAndRefusesTheRest) {
  auto remote = router().async("world", kv::Apply{"Obey"}, within(kLong));
  auto local = bar_->router().async("world", kv::Apply{"Obey"}, within(kLong));
  ASSERT_TRUE(eventually([&] { return begun_ == 2; }));
  std::thread stopper([&] { EXPECT_EQ(bar_->stop(kLong), absl::OkStatus()); });
  absl::Status status;
  EXPECT_TRUE(eventually([&] {
    status = router().route("world", kv::Whoami{}).status();
    return !status.ok();
  }));
  expect_failure(status, absl::StatusCode::kUnavailable, kv::Outcome::kNotRun,
                 bar_->name().str());
  expect_failure(bar_->router().route("world", kv::Whoami{}).status(),
                 absl::StatusCode::kCancelled, kv::Outcome::kNotRun);
  EXPECT_FALSE(remote.ready());
  EXPECT_FALSE(local.ready());
  release_.set();
  EXPECT_EQ(*remote.await(kLong), "done");
  EXPECT_EQ(*local.await(kLong), "done");
  stopper.join();
}

TEST_F(StopTest, WhatIsUnderWayIsCancelledAtTheBound) {
  auto remote = router().async("world", kv::Apply{"Obey"}, within(kLong));
  auto local = bar_->router().async("world", kv::Apply{"Obey"}, within(kLong));
  ASSERT_TRUE(eventually([&] { return begun_ == 2; }));
  const auto took = time_of(
      [&] { EXPECT_EQ(bar_->stop(milliseconds(200)), absl::OkStatus()); });
  EXPECT_GE(took, milliseconds(190));
  EXPECT_LT(took, seconds(3));
  expect_failure(local.await(kLong).status(), absl::StatusCode::kCancelled,
                 kv::Outcome::kUnknown);
  const absl::Status status = remote.await(kLong).status();
  EXPECT_TRUE(absl::IsCancelled(status) || absl::IsUnavailable(status))
      << status;
  EXPECT_EQ(kv::outcome(status), kv::Outcome::kUnknown) << status;
}

TEST_F(StopTest, AnOpThatDoesNotEndCannotHoldItUp) {
  expected_ends_ = 1;
  auto task = router().async("world", kv::Apply{"Stubborn"}, within(kLong));
  ASSERT_TRUE(eventually([&] { return begun_ == 1; }));
  absl::Status status;
  const auto took = time_of([&] { status = bar_->stop(milliseconds(100)); });
  EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded) << status;
  EXPECT_LT(took, seconds(3));
  EXPECT_EQ(bar_->stop().code(), absl::StatusCode::kDeadlineExceeded);
  bar_.reset();
  EXPECT_FALSE(task.await(kLong).ok());
}

TEST_F(StopTest, SeveralThreadsMayStopIt) {
  auto task = router().async("world", kv::Apply{"Obey"}, within(kLong));
  ASSERT_TRUE(eventually([&] { return begun_ == 1; }));
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([this] {
      EXPECT_EQ(bar_->stop(milliseconds(200)), absl::OkStatus());
      EXPECT_EQ(foo_->stop(milliseconds(200)), absl::OkStatus());
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_FALSE(task.await(kLong).ok());
}

TEST_F(StopTest, CallersThatWaitAreToldWhenTheirNodeIsDestroyed) {
  std::vector<std::thread> callers;
  for (const char* bucket : {"hello", "world"}) {
    for (int i = 0; i < 3; ++i) {
      callers.emplace_back([this, bucket] {
        expect_failure(
            router().route(bucket, kv::Apply{"Obey"}, within(kLong)).status(),
            absl::StatusCode::kCancelled, kv::Outcome::kUnknown);
      });
    }
  }
  ASSERT_TRUE(eventually([&] { return begun_ == 6; }));
  const auto took = time_of([&] { foo_.reset(); });
  EXPECT_GE(took, milliseconds(4900));  // they might have ended
  EXPECT_LT(took, seconds(9));
  for (std::thread& caller : callers) caller.join();
}

TEST_F(StopTest, ATaskMayOutliveItsNode) {
  auto task = router().async("world", kv::Apply{"Obey"}, within(kLong));
  auto unawaited = router().async("world", kv::Apply{"Obey"}, within(kLong));
  auto done = router().async("world", kv::Whoami{});
  ASSERT_TRUE(eventually([&] { return begun_ == 2 && done.ready(); }));
  foo_->stop(milliseconds(50)).IgnoreError();
  foo_.reset();
  expect_failure(task.await().status(), absl::StatusCode::kCancelled,
                 kv::Outcome::kUnknown);
  EXPECT_EQ(*done.await(), bar_->name().str());
}

TEST_F(StopTest, StoppingUnderLoadAnswersEveryCall) {
  std::atomic<bool> stop{false};
  std::atomic<int> answers{0};
  std::vector<std::thread> callers;
  for (int i = 0; i < 4; ++i) {
    callers.emplace_back([&] {
      while (!stop) {
        const auto answer = router().route("world", kv::Whoami{});
        ++answers;
        if (answer.ok()) continue;
        EXPECT_TRUE(absl::IsUnavailable(answer.status()) ||
                    absl::IsCancelled(answer.status()))
            << answer.status();
      }
    });
  }
  ASSERT_TRUE(eventually([&] { return answers > 200; }));
  EXPECT_EQ(bar_->stop(), absl::OkStatus());
  const int then = answers;
  EXPECT_TRUE(eventually([&] { return answers > then + 50; }));
  EXPECT_EQ(foo_->stop(), absl::OkStatus());
  stop = true;
  for (std::thread& caller : callers) caller.join();
}

}  // namespace
