// Tasks: awaiting, giving away, cancelling, forgetting.
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "fault/fake_cluster.h"
#include "fault/gate.h"
#include "fault/told.h"

namespace kv::internal {
namespace {

using std::chrono::milliseconds;

class TaskTest : public testing::Test {
 protected:
  TaskTest() {
    cluster_.set_tables("a..m foo\nn..z bar");
    for (const char* node : {"foo", "bar"}) {
      cluster_.define(node, "wait", [this](OpContext&, std::string_view args) {
        gate_.pass();
        return std::string(args);
      });
    }
    EXPECT_EQ(told(foo_.route("home", Create{})), "OK");
    EXPECT_EQ(told(foo_.route("room", Create{})), "OK");
  }
  void TearDown() override { gate_.open(); }

  Gate gate_;
  FakeCluster cluster_{{"foo", "bar"}};
  Router& foo_ = cluster_.router("foo");
};

TEST_F(TaskTest, AwaitYieldsTheResultOnceAndThenFails) {
  for (const char* bucket : {"home", "room"}) {
    auto task = foo_.async(bucket, Get{"milk"});
    EXPECT_EQ(*task.await(), std::nullopt);
    EXPECT_EQ(told(task.await()), "FAILED_PRECONDITION unknown");
    EXPECT_EQ(told(task.await(milliseconds(0))), "FAILED_PRECONDITION unknown");
  }
}

TEST_F(TaskTest, ATaskThatStandsForNothingFails) {
  Task<std::string> task;
  EXPECT_FALSE(task.ready());
  task.cancel();
  EXPECT_EQ(told(task.await()), "FAILED_PRECONDITION not_run");
  auto moved = foo_.async("home", Whoami{});
  task = std::move(moved);
  EXPECT_EQ(*task.await(), cluster_.str("foo"));
  bool called = false;
  Task<void>().then([&](const absl::Status& status) {
    EXPECT_EQ(told(status), "FAILED_PRECONDITION not_run");
    called = true;
  });
  EXPECT_TRUE(called);
}

TEST_F(TaskTest, AnAwaitThatTimesOutMayBeTriedAgain) {
  auto task = foo_.async("room", Apply{"wait", "done"});
  EXPECT_EQ(told(task.await(milliseconds(1))), "DEADLINE_EXCEEDED unknown");
  EXPECT_EQ(told(task.await(milliseconds(0))), "DEADLINE_EXCEEDED unknown");
  EXPECT_FALSE(task.ready());
  gate_.open();
  EXPECT_EQ(*task.await(kLong), "done");
  EXPECT_TRUE(task.ready());
}

TEST_F(TaskTest, AnOperationOnAFreeBucketHereIsReadyAtOnce) {
  auto put = foo_.async("home", Put{"milk", "1"});
  EXPECT_TRUE(put.ready());
  auto get = foo_.async("home", Get{"milk"});
  ASSERT_TRUE(get.ready());
  EXPECT_EQ(**get.await(milliseconds(0)), "1");
  EXPECT_TRUE(foo_.async("home", Lookup{}).ready());
  EXPECT_TRUE(foo_.async("home", Delete{"milk"}).ready());
  EXPECT_TRUE(foo_.async("hut", Drop{}).ready());
  EXPECT_TRUE(foo_.async("", Drop{}).ready());
}

TEST_F(TaskTest, CancelAfterTheEndChangesNothing) {
  auto task = foo_.async("home", Get{"milk"});
  task.cancel();
  task.cancel();
  EXPECT_EQ(told(task.await()), "OK");
  task.cancel();
}

TEST_F(TaskTest, CancelMayComeFromAnotherThreadWhileOneAwaits) {
  auto task = foo_.async("room", Apply{"wait", ""});
  ASSERT_TRUE(gate_.wait_for_arrivals(1));
  std::thread canceller([&] { task.cancel(); });
  EXPECT_EQ(told(task.await(kLong)), "CANCELLED unknown");
  canceller.join();
}

TEST_F(TaskTest, DestroyingATaskCancelsIt) {
  auto held = foo_.async("home", Apply{"wait", ""});
  ASSERT_TRUE(gate_.wait_for_arrivals(1));
  { const auto put = foo_.async("home", Put{"milk", "1"}); }
  {
    auto put = foo_.async("home", Put{"eggs", "1"});
    put = Task<void>();  // assigning over it does too
  }
  auto kept = foo_.async("home", Put{"bread", "1"});
  auto moved = std::move(kept);  // moving does not
  gate_.open();
  EXPECT_EQ(told(moved.await()), "OK");
  EXPECT_EQ(*foo_.route("home", Get{"milk"}), std::nullopt);
  EXPECT_EQ(*foo_.route("home", Get{"eggs"}), std::nullopt);
}

TEST_F(TaskTest, AnAwaitThatTimedOutAndIsForgottenIsCancelled) {
  auto held = foo_.async("home", Apply{"wait", ""});
  ASSERT_TRUE(gate_.wait_for_arrivals(1));
  {
    auto put = foo_.async("home", Put{"milk", "1"});
    EXPECT_EQ(told(put.await(milliseconds(1))), "DEADLINE_EXCEEDED unknown");
  }
  gate_.open();
  EXPECT_EQ(*foo_.route("home", Get{"milk"}), std::nullopt);
}

TEST_F(TaskTest, ThenCallsBackOnceOnAnotherThread) {
  for (const char* bucket : {"home", "room"}) {
    Gate called;
    std::thread::id thread;
    foo_.async(bucket, Get{"milk"})
        .then([&](const absl::StatusOr<std::optional<std::string>>& result) {
          EXPECT_EQ(told(result), "OK");
          thread = std::this_thread::get_id();
          called.touch();
        });
    ASSERT_TRUE(called.wait_for_arrivals(1));
    EXPECT_NE(thread, std::this_thread::get_id());
    EXPECT_EQ(called.arrived(), 1);
  }
}

TEST_F(TaskTest, AsyncWithACallbackIsNotCancelledByAnybody) {
  Gate called;
  std::string answer;
  foo_.async("room", Apply{"wait", "done"},
             [&](const absl::StatusOr<std::string>& result) {
               answer = result.value_or("failed");
               called.touch();
             });
  ASSERT_TRUE(gate_.wait_for_arrivals(1));
  gate_.open();
  ASSERT_TRUE(called.wait_for_arrivals(1));
  EXPECT_EQ(answer, "done");
}

TEST_F(TaskTest, CallbacksOfAllKindsOfCallsComeWithErrorsToo) {
  Gate called;
  const BucketRef ref = *foo_.route("room", Lookup{});
  ASSERT_EQ(told(foo_.route("room", Drop{})), "OK");
  foo_.async(ref, Get{"milk"}, [&](const auto& result) {
    EXPECT_EQ(told(result), "ABORTED not_run");
    called.touch();
  });
  foo_.async_call(cluster_.name("bar"), Whoami{}, [&](const auto& result) {
    EXPECT_EQ(*result, cluster_.str("bar"));
    called.touch();
  });
  foo_.async("", Put{}, [&](const absl::Status& status) {
    EXPECT_EQ(told(status), "INVALID_ARGUMENT not_run");
    called.touch();
  });
  EXPECT_TRUE(called.wait_for_arrivals(3));
}

TEST_F(TaskTest, ACallbackMayCallAndWait) {
  Gate called;
  std::string answer;
  foo_.async("room", Whoami{}, [&](const absl::StatusOr<std::string>&) {
    answer = *foo_.route("room", Whoami{});
    answer += *foo_.async("home", Whoami{}).await();
    called.touch();
  });
  ASSERT_TRUE(called.wait_for_arrivals(1));
  EXPECT_EQ(answer, cluster_.str("bar") + cluster_.str("foo"));
}

TEST_F(TaskTest, MoreCallbacksThanThreadsMayWaitForCalls) {
  constexpr int kMany = 40;
  Gate called;
  for (int i = 0; i < kMany; ++i) {
    foo_.async("zoo" + std::to_string(i), Whoami{}, [&](const auto&) {
      EXPECT_EQ(told(foo_.route("room", Apply{"wait", ""})), "OK");
      called.touch();
    });
  }
  ASSERT_TRUE(gate_.wait_for_arrivals(1));
  gate_.open();
  EXPECT_TRUE(called.wait_for_arrivals(kMany));
}

TEST_F(TaskTest, AwaitAllKeepsTheOrderOfTheTasks) {
  std::vector<Task<std::string>> tasks;
  tasks.push_back(foo_.async("room", Apply{"wait", "slow"}));
  tasks.push_back(foo_.async("hello", Whoami{}));
  tasks.push_back(foo_.async("", Whoami{}));
  auto results = await_all(tasks, milliseconds(30));
  ASSERT_EQ(results.size(), 3U);
  EXPECT_EQ(told(results[0]), "DEADLINE_EXCEEDED unknown");
  EXPECT_EQ(*results[1], cluster_.str("foo"));
  EXPECT_EQ(told(results[2]), "INVALID_ARGUMENT not_run");
  gate_.open();
  results = await_all(tasks, kLong);
  EXPECT_EQ(*results[0], "slow");
  EXPECT_EQ(told(results[1]), "FAILED_PRECONDITION unknown");
}

TEST_F(TaskTest, AwaitAllWaitsForOneCommonTime) {
  std::vector<Task<std::string>> tasks;
  for (int i = 0; i < 20; ++i) {
    tasks.push_back(foo_.async("room", Apply{"wait", ""}));
  }
  const Clock::time_point begin = Clock::now();
  for (const auto& result : await_all(tasks, milliseconds(50))) {
    EXPECT_EQ(told(result), "DEADLINE_EXCEEDED unknown");
  }
  EXPECT_LT(Clock::now() - begin, milliseconds(900));
}

TEST_F(TaskTest, CancelRacesWithTheAnswerAndOneOfThemWins) {
  for (int i = 0; i < 300; ++i) {
    const std::string key = std::to_string(i);
    auto task = foo_.async("room", Put{key, "v"});
    std::thread canceller([&] { task.cancel(); });
    const std::string end = told(task.await(kLong));
    canceller.join();
    const bool there = foo_.route("room", Get{key})->has_value();
    if (end == "OK") {
      EXPECT_TRUE(there);
    } else if (end == "CANCELLED not_run") {
      EXPECT_FALSE(there);
    } else {
      EXPECT_EQ(end, "CANCELLED unknown");
    }
  }
}

}  // namespace
}  // namespace kv::internal
