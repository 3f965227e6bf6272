// Too much to do: what is refused, by whom, and what goes on beside it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "exec/ack_window.h"
#include "fault/fake_cluster.h"
#include "fault/gate.h"
#include "fault/told.h"

namespace kv::internal {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

// foo calls bar, whose "wait" waits for the gate.
class OverloadTest : public testing::Test {
 protected:
  void start(const NodeOptions& options) {
    cluster_ = std::make_unique<FakeCluster>(
        std::vector<std::string>{"foo", "bar", "baz"}, options);
    cluster_->set_tables("a..m foo\nn..y bar\nz..z baz");
    for (const char* node : {"foo", "bar", "baz"}) {
      cluster_->define(node, "wait", [this](OpContext&, std::string_view) {
        gate_.pass();
        return "";
      });
      cluster_->define(node, "count", [this](OpContext&, std::string_view) {
        ++counted_;
        return "";
      });
    }
  }
  void TearDown() override { gate_.open(); }

  Router& foo() { return cluster_->router("foo"); }
  Task<std::string> wait(const std::string& bucket, std::string args = "") {
    return foo().async(bucket, Apply{"wait", std::move(args)});
  }
  static void expect_refused(const absl::Status& status,
                             const std::string& node,
                             const std::string& limit) {
    EXPECT_EQ(told(status), "RESOURCE_EXHAUSTED not_run");
    EXPECT_THAT(std::string(status.message()), HasSubstr(node));
    EXPECT_THAT(std::string(status.message()), HasSubstr(limit));
  }

  // What bar answers to a request that `from` has passed on.
  struct Received {
    Gate answered;
    Response response;
  };
  std::shared_ptr<Received> receive(const std::string& from, Op op,
                                    std::chrono::nanoseconds timeout = kLong,
                                    const std::string& bucket = "node",
                                    std::vector<Held> held = {}) {
    Request request;
    request.bucket = bucket;
    request.op = std::move(op);
    request.deadline = Clock::now() + timeout;
    request.max_hops = 8;
    request.path = {cluster_->name(from)};
    request.held = std::move(held);
    auto received = std::make_shared<Received>();
    cluster_->core("bar").receive(request, [received](Response it) {
      received->response = std::move(it);
      received->answered.touch();
    });
    return received;
  }
  static absl::Status status_of(Received& received) {
    EXPECT_TRUE(received.answered.wait_for_arrivals(1));
    return received.response.answer.status;
  }

  Gate gate_;
  std::atomic<int> counted_{0};
  std::unique_ptr<FakeCluster> cluster_;
};

TEST_F(OverloadTest, APeerThatFloodsTakesNoMoreThanItsShare) {
  NodeOptions options;
  options.max_calls_per_peer = 2;
  start(options);
  const auto first = receive("foo", Apply{"wait", ""});
  const auto second = receive("foo", Apply{"wait", ""});
  ASSERT_TRUE(gate_.wait_for_arrivals(2));
  const auto third = receive("foo", Apply{"wait", ""});
  expect_refused(status_of(*third), cluster_->str("bar"), "max_calls_per_peer");
  EXPECT_GT(third->response.room, 0U);
  EXPECT_EQ(told(status_of(*receive("baz", Apply{"count", ""}))), "OK");
  gate_.open();
  EXPECT_EQ(told(status_of(*first)), "OK");
  EXPECT_EQ(told(status_of(*second)), "OK");
  EXPECT_EQ(told(status_of(*receive("foo", Apply{"count", ""}))), "OK");
}

TEST_F(OverloadTest, CallsToAFrozenPeerLeaveRoomForOthers) {
  NodeOptions options;
  options.max_calls_per_peer = 2;
  start(options);
  cluster_->set_link("foo", "bar", Fate::kDrop);
  auto first = foo().async("node", Whoami{});
  auto second = foo().async("node", Apply{"wait", ""});
  const int sent = cluster_->sent("foo", "bar");
  expect_refused(foo().route("node", Whoami{}).status(), cluster_->str("bar"),
                 "max_calls_per_peer");
  expect_refused(foo().route("node", Apply{"wait", ""}).status(),
                 cluster_->str("foo"), "max_calls_per_peer");
  EXPECT_EQ(cluster_->sent("foo", "bar"), sent);
  EXPECT_EQ(told(foo().route("z", Whoami{})), "OK");
  first.cancel();
  EXPECT_EQ(told(first.await()), "CANCELLED unknown");
  cluster_->set_link("foo", "bar", Fate::kDeliver);
  EXPECT_EQ(told(foo().route("node", Whoami{})), "OK");
}

TEST_F(OverloadTest, TheBytesOfRequestsUnderWayAreBounded) {
  NodeOptions options;
  options.max_queued_bytes = 2000;
  start(options);
  auto first = wait("node", std::string(1500, 'x'));
  ASSERT_TRUE(gate_.wait_for_arrivals(1));
  expect_refused(wait("node", std::string(500, 'x')).await().status(),
                 cluster_->str("foo"), "max_queued_bytes");
  expect_refused(
      status_of(*receive("baz", Apply{"count", std::string(500, 'x')})),
      cluster_->str("bar"), "max_queued_bytes");
  EXPECT_EQ(told(foo().route("node", Whoami{})), "OK") << "a small one";
  gate_.open();
  EXPECT_EQ(told(first.await()), "OK");
  EXPECT_EQ(told(foo().route("node", Apply{"count", std::string(10000, 'x')})),
            "OK")
      << "one that is alone is let in";
}

// foo asks again and again, of a bucket of its own each time.
class SparedPeerTest : public OverloadTest {
 protected:
  void ask() {
    foo().async("n" + std::to_string(asked_++), Apply{"wait", ""},
                [this](const absl::StatusOr<std::string>& answer) {
                  const std::lock_guard<std::mutex> lock(mutex_);
                  if (!answer.ok()) refusals_.push_back(answer.status());
                  answered_.touch();
                });
  }
  std::vector<absl::Status> refusals() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return refusals_;
  }
  // False: it has been sent.
  bool is_held_back() {
    const int sent = cluster_->sent("foo", "bar");
    ask();
    return cluster_->sent("foo", "bar") == sent;
  }
  template <typename Condition>
  static bool eventually(const Condition& condition) {
    const Clock::time_point end = Clock::now() + kLong;
    while (!condition()) {
      if (Clock::now() >= end) return false;
      std::this_thread::sleep_for(milliseconds(1));
    }
    return true;
  }

  int asked_ = 0;
  Gate answered_;
  std::mutex mutex_;
  std::vector<absl::Status> refusals_;
};

TEST_F(SparedPeerTest, APeerWithTooMuchToDoIsSpared) {
  NodeOptions options;
  options.op_threads = 1;
  options.max_queue_delay = milliseconds(1);
  start(options);
  ASSERT_TRUE(eventually([&] {
    ask();
    return !refusals().empty();
  }));
  expect_refused(refusals().front(), cluster_->str("bar"), "max_queue_delay");

  // foo keeps others back by itself, but for those that bar answers at once.
  ASSERT_TRUE(eventually([&] { return is_held_back(); }));
  const absl::Status status = foo().route("now", Apply{"wait", ""}).status();
  expect_refused(status, cluster_->str("foo"),
                 cluster_->str("bar") + " has too much to do");
  EXPECT_EQ(told(foo().route("now", Create{})), "OK");
  EXPECT_EQ(told(foo().route("z", Apply{"count", ""})), "OK");

  gate_.open();
  EXPECT_TRUE(answered_.wait_for_arrivals(asked_));
  for (const absl::Status& it : refusals()) {
    EXPECT_EQ(told(it), "RESOURCE_EXHAUSTED not_run");
  }
  EXPECT_EQ(told(foo().route("now", Apply{"count", ""})), "OK");
}

// The work of those that wait for it would be lost.
TEST_F(SparedPeerTest, WhatAnOperationWaitsForIsNotRefused) {
  NodeOptions options;
  options.op_threads = 1;
  options.max_queue_delay = milliseconds(1);
  start(options);
  const auto first = receive("foo", Apply{"wait", ""});
  ASSERT_TRUE(gate_.wait_for_arrivals(1));
  std::vector<std::shared_ptr<Received>> nested;
  for (int i = 0; i < 10; ++i) {
    nested.push_back(receive("foo", Apply{"count", ""}, kLong, "node",
                             {{cluster_->name("foo"), "a"}}));
  }
  ASSERT_TRUE(eventually([&] {
    ask();
    return !refusals().empty();
  }));
  gate_.open();
  for (const auto& it : nested) EXPECT_EQ(told(status_of(*it)), "OK");
  EXPECT_EQ(counted_, 10);
  EXPECT_TRUE(answered_.wait_for_arrivals(asked_));
}

// bar has too much to do, foo only passes on; so baz may go on asking foo.
TEST_F(OverloadTest, WhoPassesARefusalOnIsNotOverloadedItself) {
  start({});
  cluster_->set_link("bar", "baz", Fate::kRefuse);
  const auto received = receive("foo", Apply{"wait", ""}, kLong, "z");
  EXPECT_EQ(told(status_of(*received)), "UNAVAILABLE not_run");
  EXPECT_EQ(received->response.room, 0U);
}

TEST_F(OverloadTest, WorkWhoseTimeIsUpDoesNotBeginWhereverItWaits) {
  NodeOptions options;
  options.op_threads = 1;
  start(options);
  for (const char* bucket : {"nut", "oak"}) {
    ASSERT_EQ(told(foo().route(bucket, Create{})), "OK");
  }
  const auto first = receive("foo", Apply{"wait", ""}, kLong, "nut");
  ASSERT_TRUE(gate_.wait_for_arrivals(1));
  // One waits for the thread, the others for their turn at a bucket.
  const std::vector<std::shared_ptr<Received>> late = {
      receive("foo", Apply{"count", ""}, milliseconds(20), "oak"),
      receive("foo", Apply{"count", ""}, milliseconds(20), "nut"),
      receive("foo", Put{"k", "late"}, milliseconds(20), "nut"),
      receive("foo", Put{"k", "late"}, milliseconds(20), "oak")};
  const auto in_time = receive("foo", Put{"in", "time"}, kLong, "nut");
  for (const auto& it : late) {
    EXPECT_EQ(told(status_of(*it)), "DEADLINE_EXCEEDED not_run");
  }
  EXPECT_EQ(
      told(status_of(*receive("foo", Apply{"count", ""}, milliseconds(-1)))),
      "DEADLINE_EXCEEDED not_run");
  gate_.open();
  EXPECT_EQ(told(status_of(*first)), "OK");
  EXPECT_EQ(told(status_of(*in_time)), "OK");
  EXPECT_EQ(told(status_of(*receive("foo", Whoami{}))), "OK");
  EXPECT_EQ(counted_, 0);
  for (const char* bucket : {"nut", "oak"}) {
    EXPECT_EQ(*foo().route(bucket, Get{"k"}), std::nullopt);
  }
}

class RetryTest : public OverloadTest {
 protected:
  // So many calls go in a circle. How often foo has sent one of them.
  int sent_in_a_circle(double budget, int calls) {
    NodeOptions options;
    options.retry_budget = budget;
    options.max_queue_delay = std::chrono::minutes(1);  // a burst leaves whole
    start(options);
    cluster_->set_table("foo", "a..z bar");
    cluster_->set_table("bar", "a..z foo");
    std::vector<Task<std::string>> tasks;
    for (int i = 0; i < calls; ++i) {
      tasks.push_back(foo().async("n", Apply{"count", ""}));
    }
    for (Task<std::string>& task : tasks) {
      EXPECT_EQ(told(task.await(kLong)), "ABORTED not_run");
    }
    return cluster_->sent("foo", "bar");
  }
};

TEST_F(RetryTest, WithoutABudgetNothingIsSentAgain) {
  EXPECT_EQ(sent_in_a_circle(0, 10), 10);
}

TEST_F(RetryTest, CallsThatGoInACircleCostATenthMoreAndAFewToBeginWith) {
  constexpr int kCalls = 3000;
  constexpr int kPortion = AckWindow::kPortion;  // of calls, with a question
  const Clock::time_point begin = Clock::now();
  const int sent = sent_in_a_circle(0.1, kCalls);
  const auto time = (Clock::now() - begin) / std::chrono::seconds(1) + 1;
  EXPECT_GT(sent, kCalls + kCalls / kPortion + 100);
  const auto most = kCalls + kCalls / 10 + RetryBudget::kFirst +
                    RetryBudget::kPerSecond * time;
  EXPECT_LE(sent, most + most / kPortion);
}

}  // namespace
}  // namespace kv::internal
