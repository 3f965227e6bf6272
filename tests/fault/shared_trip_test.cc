// Calls that share a trip keep every promise that a single call keeps.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "fault/fake_cluster.h"
#include "fault/gate.h"
#include "fault/told.h"

namespace kv::internal {
namespace {

using std::chrono::milliseconds;
using GetTask = Task<std::optional<std::string>>;

CallOptions in(std::chrono::nanoseconds timeout) {
  CallOptions options;
  options.timeout = timeout;
  return options;
}

class SharedTripTest : public testing::Test {
 protected:
  SharedTripTest() {
    cluster_.set_tables("a..m foo\nn..z bar");
    for (const char* bucket : {"zslow", "zfree"}) {
      EXPECT_EQ(told(foo_.route(bucket, Create{})), "OK");
      EXPECT_EQ(told(foo_.route(bucket, Put{"k", bucket})), "OK");
    }
    cluster_.define("bar", "wait", [this](OpContext&, std::string_view) {
      gate_.pass();
      return "";
    });
    cluster_.set_link("foo", "bar", [this](const Request& request) {
      if (!hold_) return Passage{};
      const bool apply = std::holds_alternative<Apply>(request.op);
      return Passage{apply ? Fate::kDeliver : Fate::kDrop};
    });
  }
  void TearDown() override { gate_.open(); }

  // Until gate_ opens: an operation has zslow, and a call for it is under way,
  // so that those that follow share trips.
  void make_busy() {
    held_ = foo_.async("zslow", Apply{"wait", ""}, in(kLong));
    ASSERT_TRUE(gate_.wait_for_arrivals(1));
    waiting_ = foo_.async("zslow", Get{"k"}, in(kLong));
  }

  Gate gate_;
  std::atomic<bool> hold_{false};
  FakeCluster cluster_{{"foo", "bar", "baz"}};
  Router& foo_ = cluster_.router("foo");
  Task<std::string> held_;
  GetTask waiting_;
};

TEST_F(SharedTripTest, NobodyWaitsForANeighbourWhoseBucketIsTaken) {
  make_busy();
  std::vector<GetTask> slow;
  std::vector<GetTask> free;
  for (int i = 0; i < 50; ++i) {
    slow.push_back(foo_.async("zslow", Get{"k"}, in(kLong)));
    free.push_back(foo_.async("zfree", Get{"k"}, in(kLong)));
  }
  for (const auto& value : await_all(free, kLong)) {
    ASSERT_EQ(told(value), "OK");
    EXPECT_EQ(*value, "zfree");
  }
  EXPECT_FALSE(waiting_.ready());
  for (const GetTask& it : slow) EXPECT_FALSE(it.ready());
  gate_.open();
  for (const auto& value : await_all(slow, kLong)) {
    ASSERT_EQ(told(value), "OK");
    EXPECT_EQ(*value, "zslow");
  }
}

TEST_F(SharedTripTest, NobodyWaitsForANeighbourWhoHasToBePassedOn) {
  cluster_.set_table("bar", "y..y baz\nn..z bar");
  cluster_.set_table("baz", "y..y baz");
  cluster_.set_link("bar", "baz", Fate::kDrop);
  make_busy();
  std::vector<GetTask> lost;
  std::vector<GetTask> free;
  for (int i = 0; i < 20; ++i) {
    lost.push_back(foo_.async("yak", Get{"k"}, in(milliseconds(100))));
    free.push_back(foo_.async("zfree", Get{"k"}, in(kLong)));
  }
  for (const auto& value : await_all(free, kLong)) {
    EXPECT_EQ(told(value), "OK");
  }
  for (const auto& value : await_all(lost, kLong)) {
    // Those that still waited on bar for a trip to baz have not run for sure.
    EXPECT_EQ(value.status().code(), absl::StatusCode::kDeadlineExceeded);
  }
}

TEST_F(SharedTripTest, EachHasItsOwnAnswerErrorAndTrace) {
  make_busy();
  std::vector<Trace> traces(30);
  std::vector<GetTask> tasks;
  for (std::size_t i = 0; i < traces.size(); ++i) {
    CallOptions options = in(kLong);
    options.trace = &traces[i];
    const std::string bucket = i % 3 == 0 ? "znone" : "zfree";
    const std::string key = i % 3 == 1 ? "k" : "other";
    tasks.push_back(foo_.async(bucket, Get{key}, options));
  }
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    const auto value = tasks[i].await(kLong);
    if (i % 3 == 0) {
      EXPECT_EQ(told(value), "NOT_FOUND ran");
    } else {
      ASSERT_EQ(told(value), "OK");
      EXPECT_EQ(*value, i % 3 == 1 ? std::optional<std::string>("zfree")
                                   : std::nullopt);
    }
    ASSERT_EQ(traces[i].hops.size(), 2U) << i;
    EXPECT_EQ(traces[i].hops[0].node, cluster_.name("foo"));
    EXPECT_EQ(traces[i].hops[1].node, cluster_.name("bar"));
    EXPECT_EQ(traces[i].hops[1].matched, "n..z");
  }
}

TEST_F(SharedTripTest, EachHasItsOwnDeadlineAndCancel) {
  make_busy();
  hold_ = true;  // nothing that follows arrives
  std::vector<GetTask> soon;
  std::vector<GetTask> later;
  for (int i = 0; i < 20; ++i) {
    soon.push_back(foo_.async("zfree", Get{"k"}, in(milliseconds(20))));
    later.push_back(foo_.async("zfree", Get{"k"}, in(kLong)));
  }
  for (const auto& value : await_all(soon, kLong)) {
    EXPECT_EQ(value.status().code(), absl::StatusCode::kDeadlineExceeded);
  }
  for (GetTask& it : later) {
    EXPECT_FALSE(it.ready());
    it.cancel();
    EXPECT_EQ(it.await(kLong).status().code(), absl::StatusCode::kCancelled);
  }
}

TEST_F(SharedTripTest, WhatWaitsForATripHasProvablyNotRun) {
  make_busy();
  hold_ = true;
  std::vector<Task<void>> puts;
  for (int i = 0; i < 200; ++i) {
    puts.push_back(foo_.async("zfree", Put{"k", "new"}, in(kLong)));
  }
  int not_run = 0;
  for (auto it = puts.rbegin(); it != puts.rend(); ++it) {
    it->cancel();
    const absl::Status status = it->await(kLong);
    EXPECT_EQ(status.code(), absl::StatusCode::kCancelled);
    if (outcome(status) == Outcome::kNotRun) ++not_run;
  }
  EXPECT_GT(not_run, 0);
  hold_ = false;
  EXPECT_EQ(*foo_.route("zfree", Get{"k"}, in(kLong)), "zfree");
}

TEST_F(SharedTripTest, ACircleIsLookedAtAgainAndMended) {
  make_busy();
  cluster_.set_table("bar", "y..y foo\nn..z bar");
  std::vector<Task<BucketRef>> tasks;
  for (int i = 0; i < 20; ++i) {
    tasks.push_back(foo_.async("yak", Create{}, in(kLong)));
  }
  cluster_.set_table("bar", "n..z bar");
  for (const auto& made : await_all(tasks, kLong)) {
    ASSERT_EQ(told(made), "OK");
    EXPECT_EQ(made->node(), cluster_.name("bar"));
  }
}

TEST_F(SharedTripTest, ANodeThatStopsRefusesThemAsNotRun) {
  make_busy();
  gate_.open();
  ASSERT_EQ(told(held_.await(kLong)), "OK");
  ASSERT_EQ(cluster_.core("bar").stop(milliseconds(100)), absl::OkStatus());
  std::vector<GetTask> tasks;
  for (int i = 0; i < 20; ++i) {
    tasks.push_back(foo_.async("zfree", Get{"k"}, in(kLong)));
  }
  for (const auto& value : await_all(tasks, kLong)) {
    EXPECT_EQ(told(value), "UNAVAILABLE not_run");
  }
}

}  // namespace
}  // namespace kv::internal
