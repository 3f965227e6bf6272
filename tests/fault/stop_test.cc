// Stopping a node, with calls under way or without.
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "fault/fake_cluster.h"
#include "fault/gate.h"
#include "fault/told.h"

namespace kv::internal {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class StopTest : public testing::Test {
 protected:
  StopTest() {
    cluster_.set_tables("a..m foo\nn..z bar");
    for (const char* node : {"foo", "bar"}) {
      cluster_.define(node, "wait", [this](OpContext&, std::string_view) {
        gate_.pass();
        return "late";
      });
    }
    EXPECT_EQ(told(foo_.route("busy", Create{})), "OK");
  }
  void TearDown() override { gate_.open(); }

  static CallOptions patient() {
    CallOptions options;
    options.timeout = kLong;
    return options;
  }

  Gate gate_;
  FakeCluster cluster_{{"foo", "bar"}};
  Core& core_ = cluster_.core("foo");
  Router& foo_ = cluster_.router("foo");
  Router& bar_ = cluster_.router("bar");
};

TEST_F(StopTest, ANodeWithoutCallsStopsAtOnce) {
  const Clock::time_point begin = Clock::now();
  EXPECT_EQ(told(core_.stop(seconds(60))), "OK");
  EXPECT_LT(Clock::now() - begin, seconds(5));
}

TEST_F(StopTest, ASecondStopChangesNothing) {
  EXPECT_EQ(told(core_.stop(seconds(1))), "OK");
  EXPECT_EQ(told(core_.stop(seconds(0))), "OK");
}

TEST_F(StopTest, SeveralThreadsMayStopOneNode) {
  auto task = foo_.async("busy", Apply{"wait", ""}, patient());
  ASSERT_TRUE(gate_.wait_for_arrivals(1));
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([this] {
      EXPECT_EQ(core_.stop(milliseconds(20)).code(),
                absl::StatusCode::kDeadlineExceeded);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(told(task.await()), "CANCELLED unknown");
}

TEST_F(StopTest, AStoppedNodeTakesNoCalls) {
  ASSERT_EQ(told(core_.stop(seconds(1))), "OK");
  for (const std::string bucket : {"busy", "zed"}) {
    EXPECT_EQ(told(foo_.route(bucket, Get{"k"})), "CANCELLED not_run");
    EXPECT_EQ(told(foo_.route(bucket, Whoami{})), "CANCELLED not_run");
    EXPECT_EQ(told(foo_.async(bucket, Put{"k", "v"}).await()),
              "CANCELLED not_run");
    EXPECT_EQ(told(foo_.route(bucket, Apply{"wait", ""})), "CANCELLED not_run");
  }
  EXPECT_EQ(cluster_.sent("foo", "bar"), 0);
  const auto result = bar_.route("busy", Get{"k"});
  EXPECT_EQ(told(result), "UNAVAILABLE not_run");
  EXPECT_NE(result.status().message().find(cluster_.str("foo")),
            std::string::npos);
}

TEST_F(StopTest, CallsUnderWayFinishWithinTheBound) {
  cluster_.define("foo", "until", [this](OpContext&, std::string_view) {
    gate_.touch();
    while (!core_.calls().closed()) std::this_thread::yield();
    return "done";
  });
  auto near = foo_.async("busy", Apply{"until", ""}, patient());
  auto far = bar_.async("home", Apply{"until", ""}, patient());
  auto queued = foo_.async("busy", Put{"k", "v"}, patient());
  ASSERT_TRUE(gate_.wait_for_arrivals(2));
  EXPECT_EQ(told(core_.stop(kLong)), "OK");
  EXPECT_EQ(*near.await(), "done");
  EXPECT_EQ(*far.await(), "done");
  EXPECT_EQ(told(queued.await()), "OK");
  EXPECT_EQ(cluster_.core("foo").registry().lookup("busy")->get("k"), "v");
}

TEST_F(StopTest, PastTheBoundCallsUnderWayAreCancelled) {
  cluster_.set_link("foo", "bar", Fate::kDrop);
  auto running = foo_.async("busy", Apply{"wait", ""}, patient());
  auto received = bar_.async("home", Apply{"wait", ""}, patient());
  ASSERT_TRUE(gate_.wait_for_arrivals(2));
  auto queued = foo_.async("busy", Put{"k", "v"}, patient());
  auto away = foo_.async("room", Whoami{}, patient());
  std::string waited;
  std::thread waiter(
      [&] { waited = told(foo_.route("room", Whoami{}, patient())); });
  Gate called;
  foo_.async(
      "room", Whoami{},
      [&](const auto& result) {
        EXPECT_EQ(told(result), "CANCELLED unknown");
        called.touch();
      },
      patient());
  while (cluster_.sent("foo", "bar") < 3) std::this_thread::yield();

  const Clock::time_point begin = Clock::now();
  EXPECT_EQ(core_.stop(milliseconds(50)).code(),
            absl::StatusCode::kDeadlineExceeded)
      << "an operation of the host still runs";
  EXPECT_LT(Clock::now() - begin, seconds(5));
  EXPECT_TRUE(running.ready() && queued.ready() && away.ready());
  EXPECT_EQ(told(running.await()), "CANCELLED unknown");
  EXPECT_EQ(told(received.await()), "CANCELLED unknown");
  EXPECT_EQ(told(queued.await()), "CANCELLED not_run");
  EXPECT_EQ(told(away.await()), "CANCELLED unknown");
  waiter.join();
  EXPECT_EQ(waited, "CANCELLED unknown");
  EXPECT_TRUE(called.wait_for_arrivals(1));
}

TEST_F(StopTest, ACallThatLooksAgainIsCancelledToo) {
  cluster_.set_table("foo", "a..z bar");
  cluster_.set_table("bar", "a..z foo");
  auto task = foo_.async("room", Whoami{}, patient());
  EXPECT_EQ(told(core_.stop(seconds(0))), "OK");
  ASSERT_TRUE(task.ready());
  EXPECT_EQ(told(task.await()).substr(0, 9), "CANCELLED");
}

TEST_F(StopTest, AnOperationMayOutliveItsNode) {
  auto cluster = std::make_unique<FakeCluster>(std::vector<std::string>{"foo"});
  cluster->set_tables("a..z foo");
  Gate gate;
  std::weak_ptr<Core> core = cluster->core("foo").weak_from_this();
  cluster->define("foo", "wait", [&](OpContext& context, std::string_view) {
    gate.pass();
    context.out() << "late";
    context.bucket()->put("k", "v").IgnoreError();
    return told(context.router().route("room", Whoami{}));
  });
  ASSERT_EQ(told(cluster->router("foo").route("room", Create{})), "OK");
  auto task = cluster->router("foo").async("room", Apply{"wait", ""});
  ASSERT_TRUE(gate.wait_for_arrivals(1));
  EXPECT_EQ(cluster->core("foo").stop(milliseconds(1)).code(),
            absl::StatusCode::kDeadlineExceeded);
  cluster.reset();
  EXPECT_EQ(told(task.await()), "CANCELLED unknown");
  gate.open();
  const Clock::time_point end = Clock::now() + kLong;
  while (!core.expired() && Clock::now() < end) std::this_thread::yield();
  EXPECT_TRUE(core.expired());
}

TEST_F(StopTest, ATaskOutlivesItsNode) {
  auto cluster = std::make_unique<FakeCluster>(std::vector<std::string>{"foo"});
  cluster->set_tables("a..z foo");
  Router& router = cluster->router("foo");
  auto awaited = router.async("room", Whoami{});
  auto given = router.async("room", Whoami{});
  auto forgotten = router.async("room", Whoami{});
  const std::string name = cluster->str("foo");
  cluster.reset();
  EXPECT_EQ(*awaited.await(), name);
  int calls = 0;
  const std::thread::id self = std::this_thread::get_id();
  std::move(given).then([&](const absl::StatusOr<std::string>& result) {
    EXPECT_EQ(*result, name);
    EXPECT_EQ(std::this_thread::get_id(), self);
    ++calls;
  });
  EXPECT_EQ(calls, 1);
}

TEST_F(StopTest, CallsUnderWayAtAPeerThatStopsEndWithThePeersAnswer) {
  auto task = foo_.async("room", Apply{"wait", ""}, patient());
  ASSERT_TRUE(gate_.wait_for_arrivals(1));
  EXPECT_EQ(cluster_.core("bar").stop(milliseconds(1)).code(),
            absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(told(task.await()), "CANCELLED unknown");
}

// Caught just before it runs: the bucket's lock is held, as by another
// operation.
TEST_F(StopTest, ACallThatWasCancelledAsNotRunDoesNotRunAfterwards) {
  const auto bucket = core_.home().buckets.find("busy");
  Request request;
  request.bucket = "busy";
  request.op = Put{"k", "v"};
  request.deadline = Clock::now() + kLong;
  absl::Status answer;
  Gate answered;
  std::thread caller;
  ASSERT_TRUE(bucket->try_now([&](StoredBucket::Contents&) {
    caller = std::thread([&] {
      core_.receive(request, [&](const Response& response) {
        answer = response.answer.status;
        answered.touch();
      });
    });
    // What stop() does once its bound has passed.
    const Clock::time_point end = Clock::now() + kLong;
    while (answered.arrived() == 0 && Clock::now() < end) {
      core_.calls().cancel_all();
      std::this_thread::yield();
    }
  }));
  caller.join();
  ASSERT_EQ(answered.arrived(), 1);
  if (outcome(answer) == Outcome::kNotRun) {
    EXPECT_EQ(*foo_.route("busy", Get{"k"}), std::nullopt) << answer;
  }
}

}  // namespace
}  // namespace kv::internal
