// Operations that call others.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "fault/fake_cluster.h"
#include "fault/gate.h"
#include "fault/told.h"

namespace kv::internal {
namespace {

using testing::HasSubstr;

NodeOptions one_thread() {
  NodeOptions options;
  options.op_threads = 1;
  options.max_queue_delay = std::chrono::minutes(1);  // bursts are served whole
  return options;
}

// "Relay" passes its call on along "BUCKET BUCKET ...": so each operation waits
// for the next, the last of which answers with its node's name.
absl::StatusOr<std::string> relay(OpContext& context, std::string_view args) {
  if (args.empty()) {
    return context.router().route(context.bucket_name(), Whoami{});
  }
  const std::size_t space = args.find(' ');
  const std::string_view rest =
      space == args.npos ? std::string_view() : args.substr(space + 1);
  return context.router().route(args.substr(0, space),
                                Apply{"Relay", std::string(rest)});
}

class NestedCallTest : public testing::TestWithParam<Delivery> {
 protected:
  NestedCallTest() {
    cluster_.set_tables("a..m foo\nn..z bar");
    for (const char* node : {"foo", "bar"}) {
      cluster_.define(node, "Relay", relay);
      cluster_.define(
          node, "Try", [](OpContext& context, std::string_view bucket) {
            const auto put = context.router().route(bucket, Put{"k", "v"});
            return told(put) + ": " + std::string(put.message());
          });
    }
    for (const char* bucket : {"a", "b", "x", "y"}) {
      EXPECT_EQ(told(foo_.route(bucket, Create{})), "OK");
    }
  }

  absl::StatusOr<std::string> through(const std::string& first,
                                      const std::string& rest) {
    CallOptions options;
    options.timeout = kLong;
    return foo_.route(first, Apply{"Relay", rest}, options);
  }

  FakeCluster cluster_{{"foo", "bar"}, one_thread(), GetParam()};
  Router& foo_ = cluster_.router("foo");
};
INSTANTIATE_TEST_SUITE_P(, NestedCallTest,
                         testing::Values(Delivery::kNetwork, Delivery::kInline),
                         [](const auto& delivery) {
                           return delivery.param == Delivery::kNetwork
                                      ? "Network"
                                      : "Inline";
                         });

TEST_P(NestedCallTest, ReachOtherBucketsOfTheOwnNode) {
  EXPECT_EQ(*through("a", "b c d"), cluster_.str("foo"));
}

TEST_P(NestedCallTest, ReachOtherNodesAndComeBack) {
  EXPECT_EQ(*through("a", "x"), cluster_.str("bar"));
  EXPECT_EQ(*through("a", "x b y c"), cluster_.str("foo"));
}

TEST_P(NestedCallTest, WriteToOtherBucketsAtOnce) {
  EXPECT_THAT(*foo_.route("a", Apply{"Try", "x"}), HasSubstr("OK"));
  EXPECT_EQ(**foo_.route("x", Get{"k"}), "v");
  EXPECT_THAT(*foo_.route("a", Apply{"Try", "b"}), HasSubstr("OK"));
  EXPECT_EQ(**foo_.route("b", Get{"k"}), "v");
}

TEST_P(NestedCallTest, ToTheOwnBucketAreAborted) {
  const std::string text = *foo_.route("a", Apply{"Try", "a"});
  EXPECT_THAT(text, HasSubstr("ABORTED not_run"));
  EXPECT_THAT(text, HasSubstr("\"a\" on " + cluster_.str("foo") +
                              " -> \"a\" on " + cluster_.str("foo")));
  EXPECT_EQ(*foo_.route("a", Get{"k"}), std::nullopt);
}

TEST_P(NestedCallTest, ToTheOwnBucketOverAnotherNodeAreAborted) {
  const auto result = through("a", "x a");
  EXPECT_EQ(told(result), "ABORTED ran") << "the outer operation ran";
  EXPECT_THAT(
      std::string(result.status().message()),
      HasSubstr("\"a\" on " + cluster_.str("foo") + " -> \"x\" on " +
                cluster_.str("bar") + " -> \"a\" on " + cluster_.str("foo")));
}

TEST_P(NestedCallTest, ToTheOwnBucketByRefAreAborted) {
  const BucketRef self = *foo_.route("a", Lookup{});
  cluster_.define("foo", "Ref", [self](OpContext& context, std::string_view) {
    return told(context.router().route(self, Get{"k"}));
  });
  EXPECT_EQ(*foo_.route("a", Apply{"Ref", ""}), "ABORTED not_run");
}

TEST_P(NestedCallTest, AnAsyncCallThatIsAwaitedWorksToo) {
  cluster_.define("foo", "Async", [](OpContext& context, std::string_view) {
    auto first = context.router().async("x", Apply{"Relay", "b"});
    auto second = context.router().async("y", Apply{"Relay", ""});
    const auto one = first.await(kLong);
    const auto two = second.await(kLong);
    return told(one) + " " + told(two);
  });
  EXPECT_EQ(*foo_.route("a", Apply{"Async", ""}), "OK OK");
}

TEST_P(NestedCallTest, KeepToTheDeadlineOfTheOperationThatMakesThem) {
  Gate gate;
  cluster_.define("bar", "Wait", [&](OpContext&, std::string_view) {
    gate.pass();
    return "";
  });
  cluster_.define("foo", "Outer", [&](OpContext& context, std::string_view) {
    CallOptions options;
    options.timeout = std::chrono::hours(1);
    auto inner = context.router().route("x", Apply{"Wait", ""}, options);
    return inner;
  });
  CallOptions options;
  options.timeout = std::chrono::milliseconds(100);
  EXPECT_EQ(told(foo_.route("a", Apply{"Outer", ""}, options)).substr(0, 17),
            "DEADLINE_EXCEEDED");
  // The outer operation has given its bucket back without the inner one's end.
  options.timeout = kLong;
  EXPECT_EQ(told(foo_.route("a", Put{"k", "v"}, options)), "OK");
  gate.open();
}

TEST_P(NestedCallTest, ManyAtOnceUseNoThreadUp) {
  std::vector<Task<std::string>> tasks;
  CallOptions options;
  options.timeout = kLong;
  for (int i = 0; i < 1000; ++i) {
    const std::string n = std::to_string(i);
    tasks.push_back(
        foo_.async("a" + n, Apply{"Relay", "x" + n + " b" + n}, options));
  }
  for (auto& result : await_all(tasks, kLong)) {
    ASSERT_EQ(told(result), "OK") << result.status();
    ASSERT_EQ(*result, cluster_.str("foo"));
  }
}

TEST_P(NestedCallTest, ManyAtOnceToOneBucketTakeTurns) {
  std::vector<Task<std::string>> tasks;
  CallOptions options;
  options.timeout = kLong;
  for (int i = 0; i < 200; ++i) {
    tasks.push_back(
        foo_.async("a" + std::to_string(i), Apply{"Relay", "x"}, options));
  }
  for (auto& result : await_all(tasks, kLong)) {
    ASSERT_EQ(told(result), "OK") << result.status();
  }
}

}  // namespace
}  // namespace kv::internal
