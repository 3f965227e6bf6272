// Calls that operations of the host make.
#include <kv/kv.h>

#include <string>

#include "cluster/two_nodes.h"

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

class BadNameTest : public kv_tests::TwoNodes {};

TEST_F(BadNameTest, PortZeroIsABadName) {
  expect_failure(foo_->router().call("bar@127.0.0.1:0", kv::Whoami{}).status(),
                 absl::StatusCode::kInvalidArgument, kv::Outcome::kNotRun,
                 "port 0");
}

}  // namespace
