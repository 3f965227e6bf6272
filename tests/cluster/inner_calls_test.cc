// Calls that operations of the host make.
#include <kv/kv.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "cluster/two_nodes.h"
#include "fault/seed.h"

namespace {

using kv_tests::Event;
using kv_tests::expect_failure;
using kv_tests::within;

// The bucket of the outer operation: here or there.
class InnerCallsTest : public kv_tests::TwoNodes,
                       public ::testing::WithParamInterface<const char*> {
 protected:
  std::string outer() const { return GetParam(); }
  std::string inner() const { return outer() == "hello" ? "world" : "hello"; }
};

INSTANTIATE_TEST_SUITE_P(HereAndThere, InnerCallsTest,
                         ::testing::Values("hello", "world"),
                         [](const auto& it) {
                           return it.param == std::string("hello") ? "Here"
                                                                   : "There";
                         });

TEST_P(InnerCallsTest, CancellingAnOperationCancelsTheCallsItMakes) {
  Event inside;
  Event release;
  Event ended;
  absl::Status told;
  define("stubborn",
         [&](kv::OpContext&, std::string_view) -> absl::StatusOr<std::string> {
           inside.set();
           release.wait();
           return "";
         });
  define("outer",
         [&](kv::OpContext& context,
             std::string_view args) -> absl::StatusOr<std::string> {
           auto result =
               context.router().route(std::string(args), kv::Apply{"stubborn"});
           told = result.status();
           ended.set();
           return result;
         });
  auto task = foo_->router().async(outer(), kv::Apply{"outer", inner()},
                                   within(kv_tests::kLong));
  ASSERT_TRUE(inside.wait());
  task.cancel();
  expect_failure(task.await().status(), absl::StatusCode::kCancelled,
                 kv::Outcome::kUnknown);
  EXPECT_TRUE(ended.wait(kv_tests::kLong / 2)) << "waits for the inner call";
  EXPECT_EQ(told.code(), absl::StatusCode::kCancelled) << told;
  release.set();
  foo_.reset();  // the operations use what is about to go
  bar_.reset();
}

TEST_P(InnerCallsTest, WaitingForTheOwnBucketThroughATaskIsDetected) {
  create(outer());
  define("self",
         [&](kv::OpContext& context,
             std::string_view) -> absl::StatusOr<std::string> {
           kv::Router& router = context.router();
           const std::string bucket(context.bucket_name());
           absl::Status status =
               kv::async([&router, bucket] {
                 return router.route(bucket, kv::Size{}).status();
               }).await();
           if (!status.ok()) return status;
           return "";
         });
  EXPECT_EQ(foo_->router().route(outer(), kv::Apply{"self"}).status().code(),
            absl::StatusCode::kAborted);
}

// foo -> bar -> foo, an operation of the host at each, from threads that wait,
// within the time that calls have by themselves.
class CallersTest : public kv_tests::TwoNodes {
 protected:
  CallersTest() : TwoNodes(patient()) {}
  // They are more than the threads, for longer than a burst.
  static kv::NodeOptions patient() {
    kv::NodeOptions options;
    options.max_queue_delay = std::chrono::seconds(60);
    return options;
  }
};

TEST_F(CallersTest, SixtyFourOfThemMeetNoTimeout) {
  constexpr int kCallers = 64;
  const int calls = kv::internal::test_length(100);
  const auto pass_on = [](const char* bucket, const char* op) {
    return [bucket, op](kv::OpContext& context, std::string_view args) {
      return context.router().route(bucket, kv::Apply{op, std::string(args)});
    };
  };
  define("AskFar", pass_on("world", "Ask"));
  define("Ask", pass_on("hello", "Leaf"));
  define("Leaf", [](kv::OpContext&, std::string_view args) {
    return absl::StatusOr<std::string>(std::string(args));
  });
  std::vector<std::thread> callers;
  callers.reserve(kCallers);
  for (int caller = 0; caller < kCallers; ++caller) {
    callers.emplace_back([&, caller] {
      for (int i = 0; i < calls; ++i) {
        const std::string args =
            std::to_string(caller) + "." + std::to_string(i);
        const auto answer =
            foo_->router().route("hello", kv::Apply{"AskFar", args});
        ASSERT_TRUE(answer.ok()) << answer.status();
        ASSERT_EQ(*answer, args);
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
}

class BadNameTest : public kv_tests::TwoNodes {};

TEST_F(BadNameTest, PortZeroIsABadName) {
  expect_failure(foo_->router().call("bar@127.0.0.1:0", kv::Whoami{}).status(),
                 absl::StatusCode::kInvalidArgument, kv::Outcome::kNotRun,
                 "port 0");
}

}  // namespace
