// Limits: the caller refuses before anything is sent, the receiver checks
// again.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <vector>

#include "fault/fake_cluster.h"
#include "fault/gate.h"
#include "fault/told.h"

namespace kv::internal {
namespace {

using testing::HasSubstr;

NodeOptions small() {
  NodeOptions options;
  options.max_bucket_name_bytes = 4;
  options.max_key_bytes = 3;
  options.max_value_bytes = 5;
  options.max_op_name_bytes = 6;
  options.max_args_bytes = 7;
  options.max_out_bytes = 8;
  options.max_buckets = 2;
  options.max_calls = 3;
  options.max_calls_per_bucket = 2;
  return options;
}

std::string of(std::size_t size) { return std::string(size, 'x'); }

class LimitsTest : public testing::Test {
 protected:
  LimitsTest() {
    cluster_.set_tables("a..m foo\nn..z bar");
    for (const char* node : {"foo", "bar"}) {
      cluster_.define(node, "wait", [this](OpContext&, std::string_view) {
        gate_.pass();
        return "";
      });
      cluster_.define(node, "echo", [](OpContext&, std::string_view args) {
        return std::string(args);
      });
    }
  }

  void TearDown() override { gate_.open(); }

  // What bar answers to a request that skips the caller's checks.
  Response received(const std::string& bucket, Op op, std::size_t path = 1,
                    std::size_t held = 0) {
    Request request;
    request.bucket = bucket;
    request.op = std::move(op);
    request.deadline = Clock::now() + kLong;
    request.max_hops = 8;
    request.path.resize(path, cluster_.name("foo"));
    request.held.resize(held, Held{cluster_.name("foo"), "a"});
    Gate answered;
    Response response;
    cluster_.core("bar").receive(request, [&](Response it) {
      response = std::move(it);
      answered.touch();
    });
    EXPECT_TRUE(answered.wait_for_arrivals(1));
    return response;
  }

  Gate gate_;
  FakeCluster cluster_{{"foo", "bar"}, small()};
  Router& foo_ = cluster_.router("foo");
};

TEST_F(LimitsTest, WhatIsOverALimitIsInvalidBeforeAnythingIsSent) {
  for (const std::string node : {"a", "z"}) {  // here and there
    ASSERT_EQ(told(foo_.route(node, Create{})), "OK");
    const int sent = cluster_.sent("foo", "bar");
    for (const absl::Status& status :
         {foo_.route(node + of(4), Create{}).status(),
          foo_.route(node + of(4), Whoami{}).status(),
          foo_.route("", Whoami{}).status(), foo_.route("", Drop{}),
          foo_.route(node, Get{of(4)}).status(),
          foo_.route(node, Delete{of(4)}).status(),
          foo_.route(node, Put{of(4), ""}), foo_.route(node, Put{"", of(6)}),
          foo_.route(node, Apply{"", ""}).status(),
          foo_.route(node, Apply{of(7), ""}).status(),
          foo_.route(node, Apply{"echo", of(8)}).status(),
          foo_.async(node, Put{"", of(6)}).await(),
          foo_.async("", Get{}).await().status()}) {
      EXPECT_EQ(told(status), "INVALID_ARGUMENT not_run") << status;
    }
    EXPECT_EQ(cluster_.sent("foo", "bar"), sent);
  }
}

TEST_F(LimitsTest, WhatIsJustAtItsLimitIsFine) {
  for (const std::string node : {"a", "z"}) {
    const std::string bucket = node + of(3);
    EXPECT_EQ(told(foo_.route(bucket, Create{})), "OK");
    EXPECT_EQ(told(foo_.route(bucket, Put{of(3), of(5)})), "OK");
    EXPECT_EQ(**foo_.route(bucket, Get{of(3)}), of(5));
    EXPECT_EQ(told(foo_.route(bucket, Put{"", ""})), "OK");
    EXPECT_EQ(*foo_.route(bucket, Apply{"echo", of(7)}), of(7));
    EXPECT_EQ(told(foo_.route(bucket, Apply{of(6), of(7)})),
              "UNIMPLEMENTED not_run");
  }
}

TEST_F(LimitsTest, AnErrorNamesTheSizeAndTheLimit) {
  const absl::Status status = foo_.route("z", Put{of(4), ""});
  EXPECT_THAT(std::string(status.message()), HasSubstr("4"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("3"));
}

TEST_F(LimitsTest, TheReceiverChecksEveryLimitAgain) {
  ASSERT_EQ(told(foo_.route("z", Create{})), "OK");
  for (const Response& response :
       {received("", Create{}), received("z" + of(4), Create{}),
        received("z", Get{of(4)}), received("z", Delete{of(4)}),
        received("z", Put{of(4), ""}), received("z", Put{"", of(6)}),
        received("z", Apply{of(7), ""}), received("z", Apply{"echo", of(8)})}) {
    EXPECT_EQ(told(response.answer.status), "INVALID_ARGUMENT not_run");
  }
  EXPECT_EQ(told(received("z", Put{of(3), of(5)}).answer.status), "OK");
}

TEST_F(LimitsTest, TheReceiverRefusesALongerWayThanAnyCallTakes) {
  EXPECT_EQ(told(received("z", Whoami{}, 64).answer.status), "OK");
  EXPECT_EQ(told(received("z", Whoami{}, 65).answer.status),
            "INVALID_ARGUMENT not_run");
  EXPECT_EQ(told(received("z", Whoami{}, 1, 65).answer.status),
            "INVALID_ARGUMENT not_run");
}

TEST_F(LimitsTest, OperationsThatWaitForEachOtherTooDeepAreAborted) {
  EXPECT_EQ(told(received("z", Apply{"echo", ""}, 1, 63).answer.status), "OK");
  EXPECT_EQ(told(received("z", Apply{"echo", ""}, 1, 64).answer.status),
            "ABORTED not_run");
}

TEST_F(LimitsTest, TheCallersOfANodeAreBounded) {
  std::vector<Task<std::string>> waiting;
  for (const char* bucket : {"z1", "z2", "z3"}) {
    waiting.push_back(foo_.async(bucket, Apply{"wait", ""}));
  }
  ASSERT_TRUE(gate_.wait_for_arrivals(3));
  const int sent = cluster_.sent("foo", "bar");
  EXPECT_EQ(told(foo_.route("z", Whoami{})), "RESOURCE_EXHAUSTED not_run");
  EXPECT_EQ(told(foo_.async("z", Whoami{}).await()),
            "RESOURCE_EXHAUSTED not_run");
  EXPECT_EQ(cluster_.sent("foo", "bar"), sent);
  // Answered at once on the calling thread, so it does not count.
  EXPECT_EQ(told(foo_.route("a", Create{})), "OK");
  gate_.open();
  for (auto& task : waiting) EXPECT_EQ(told(task.await()), "OK");
  EXPECT_EQ(told(foo_.route("z", Whoami{})), "OK");
}

TEST_F(LimitsTest, TheReceiversCallsAreBoundedToo) {
  std::vector<Task<std::string>> waiting;
  Router& bar = cluster_.router("bar");
  for (const char* bucket : {"z1", "z2", "z3"}) {
    waiting.push_back(bar.async(bucket, Apply{"wait", ""}));
  }
  ASSERT_TRUE(gate_.wait_for_arrivals(3));
  EXPECT_EQ(told(foo_.route("z", Whoami{})), "RESOURCE_EXHAUSTED not_run");
}

TEST_F(LimitsTest, BucketsAreBounded) {
  EXPECT_EQ(told(foo_.route("z1", Create{})), "OK");
  EXPECT_EQ(told(foo_.route("z2", Create{})), "OK");
  EXPECT_EQ(told(foo_.route("z3", Create{})), "RESOURCE_EXHAUSTED not_run");
  EXPECT_EQ(told(foo_.route("z2", Create{})), "OK");
  EXPECT_EQ(told(foo_.route("z1", Drop{})), "OK");
  EXPECT_EQ(told(foo_.route("z3", Create{})), "OK");
}

TEST_F(LimitsTest, AnAnswerOverItsLimitRanAndIsRefused) {
  cluster_.define("bar", "long",
                  [](OpContext&, std::string_view) { return of(8); });
  EXPECT_EQ(told(foo_.route("z", Apply{"long", ""})), "RESOURCE_EXHAUSTED ran");
}

TEST_F(LimitsTest, TheOutputOfAnOperationIsCutAtItsLimit) {
  cluster_.define("bar", "talk", [](OpContext& context, std::string_view) {
    context.out() << "12345678";
    const bool before = context.out().good();
    context.out() << "9";
    return before && !context.out().good() ? "cut" : "not";
  });
  std::ostringstream out;
  CallOptions options;
  options.out = &out;
  EXPECT_EQ(*foo_.route("z", Apply{"talk", ""}, options), "cut");
  EXPECT_EQ(out.str(), "12345678");
}

TEST(BucketQueueTest, CallsThatWaitForOneBucketAreBounded) {
  NodeOptions options;
  options.max_calls_per_bucket = 2;
  Gate gate;
  FakeCluster cluster({"foo", "bar"}, options);
  cluster.set_tables("a..z bar");
  cluster.define("bar", "wait", [&](OpContext&, std::string_view) {
    gate.pass();
    return "";
  });
  Router& bar = cluster.router("bar");
  ASSERT_EQ(told(bar.route("a", Create{})), "OK");
  auto running = bar.async("a", Apply{"wait", ""});
  ASSERT_TRUE(gate.wait_for_arrivals(1));
  auto first = bar.async("a", Put{"k", "1"});
  auto second = bar.async("a", Apply{"wait", ""});
  for (Router* router : {&bar, &cluster.router("foo")}) {
    const absl::Status status = router->route("a", Get{"k"}).status();
    EXPECT_EQ(told(status), "RESOURCE_EXHAUSTED not_run");
    EXPECT_THAT(std::string(status.message()), HasSubstr("\"a\""));
    EXPECT_EQ(told(router->route("a", Apply{"wait", ""})),
              "RESOURCE_EXHAUSTED not_run");
  }
  second.cancel();  // makes room
  auto third = bar.async("a", Get{"k"});
  gate.open();
  EXPECT_EQ(told(first.await()), "OK");
  EXPECT_EQ(told(second.await()), "CANCELLED not_run");
  EXPECT_EQ(**third.await(), "1");
  EXPECT_EQ(gate.arrived(), 1);
}

TEST(OpQueueTest, OperationsThatWaitForAThreadAreBounded) {
  NodeOptions options;
  options.op_threads = 1;
  options.max_queued_ops = 1;
  Gate gate;
  FakeCluster cluster({"foo"}, options);
  cluster.set_tables("a..z foo");
  cluster.define("foo", "wait", [&](OpContext&, std::string_view) {
    gate.pass();
    return "";
  });
  Router& foo = cluster.router("foo");
  auto running = foo.async("a", Apply{"wait", ""});
  ASSERT_TRUE(gate.wait_for_arrivals(1));
  auto queued = foo.async("b", Apply{"wait", ""});
  EXPECT_EQ(told(foo.route("c", Apply{"wait", ""})),
            "RESOURCE_EXHAUSTED not_run");
  // The bucket of a refused operation is free again.
  ASSERT_EQ(told(foo.route("d", Create{})), "OK");
  EXPECT_EQ(told(foo.route("d", Apply{"wait", ""})),
            "RESOURCE_EXHAUSTED not_run");
  EXPECT_EQ(told(foo.route("d", Put{"k", "1"})), "OK");
  gate.open();
  EXPECT_EQ(told(running.await()), "OK");
  EXPECT_EQ(told(queued.await()), "OK");
}

}  // namespace
}  // namespace kv::internal
