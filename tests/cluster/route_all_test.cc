// Scatter and gather: one operation on many buckets.
#include <kv/kv.h>

#include <string>
#include <vector>

#include "cluster/two_nodes.h"

namespace {

using kv_tests::expect_failure;
using kv_tests::start_node;
using kv_tests::table_of;

class RouteAllTest : public kv_tests::TwoNodes {};

TEST_F(RouteAllTest, ResultsComeInTheOrderAskedFromAllOwners) {
  const std::vector<std::string> buckets = {"zoo",   "apple", "yak",
                                            "hello", "zoo",   "world"};
  const auto nodes = foo_->router().route_all(buckets, kv::Whoami{});
  ASSERT_EQ(nodes.size(), buckets.size());
  for (std::size_t i = 0; i < buckets.size(); ++i) {
    ASSERT_TRUE(nodes[i].ok()) << nodes[i].status();
    EXPECT_EQ(*nodes[i], *foo_->router().owner_of(buckets[i])) << buckets[i];
  }
}

TEST_F(RouteAllTest, EachBucketHasItsOwnFailure) {
  create("apple");
  create("world");
  const auto results = foo_->router().route_all(
      {"apple", "", std::string(1, '\0'), "world", "none", "zoo"},
      kv::Put{"k", "v"});
  ASSERT_EQ(results.size(), 6U);
  EXPECT_TRUE(results[0].ok()) << results[0];
  expect_failure(results[1], absl::StatusCode::kInvalidArgument,
                 kv::Outcome::kNotRun);
  expect_failure(results[2], absl::StatusCode::kOutOfRange,
                 kv::Outcome::kNotRun);
  EXPECT_TRUE(results[3].ok()) << results[3];
  expect_failure(results[4], absl::StatusCode::kNotFound, kv::Outcome::kRan);
  expect_failure(results[5], absl::StatusCode::kNotFound, kv::Outcome::kRan);
}

TEST_F(RouteAllTest, NoBucketsNoResults) {
  EXPECT_TRUE(foo_->router().route_all({}, kv::Whoami{}).empty());
}

TEST_F(RouteAllTest, ADeadOwnerFailsOnlyItsOwn) {
  const std::string bar = bar_->name();
  bar_.reset();
  const auto results =
      foo_->router().route_all({"hello", "world", "zoo"}, kv::Whoami{});
  EXPECT_TRUE(results[0].ok()) << results[0].status();
  for (int i : {1, 2}) {
    expect_failure(results[i].status(), absl::StatusCode::kUnavailable,
                   kv::Outcome::kNotRun, bar);
  }
}

TEST_F(RouteAllTest, HostOpsOfOneTripRunAndFailEachForItself) {
  define("fail_some",
         [](kv::OpContext& context,
            std::string_view) -> absl::StatusOr<std::string> {
           if (context.bucket_name() == "zoo") return absl::AbortedError("zoo");
           if (context.bucket_name() == "yak") throw std::runtime_error("yak");
           return std::string(context.bucket_name());
         });
  const auto results =
      foo_->router().route_all({"world", "zoo", "yak"}, kv::Apply{"fail_some"});
  EXPECT_EQ(*results[0], "world");
  EXPECT_EQ(results[1].status(), absl::AbortedError("zoo"));
  expect_failure(results[2].status(), absl::StatusCode::kInternal,
                 kv::Outcome::kRan, "yak");
}

TEST_F(RouteAllTest, WhatTheOwnerPassesOnArrivesToo) {
  const auto baz = start_node("baz");
  ASSERT_EQ(bar_->set_table(
                table_of({{"w..w", baz->name()}, {"n..z", bar_->name()}})),
            absl::OkStatus());
  ASSERT_EQ(baz->set_table(table_of({{"w..w", baz->name()}})),
            absl::OkStatus());
  const auto results =
      foo_->router().route_all({"world", "zoo", "wine"}, kv::Whoami{});
  EXPECT_EQ(*results[0], baz->name());
  EXPECT_EQ(*results[1], bar_->name());
  EXPECT_EQ(*results[2], baz->name());
}

// More than one trip carries, in calls and in bytes.
TEST_F(RouteAllTest, ThousandsOfBucketsAreNoProblem) {
  std::vector<std::string> buckets;
  for (int i = 0; i < 5000; ++i) buckets.push_back("z" + std::to_string(i));
  for (const auto& made : foo_->router().route_all(buckets, kv::Create{})) {
    ASSERT_TRUE(made.ok()) << made.status();
  }
  EXPECT_EQ(bar_->registry().size(), buckets.size());
  const std::vector<std::string> some(buckets.begin(), buckets.begin() + 40);
  const std::string value(1024 * 1024, 'v');
  for (const auto& put : foo_->router().route_all(some, kv::Put{"k", value})) {
    ASSERT_TRUE(put.ok()) << put;
  }
  // 40 MiB of answers do not fit into one trip's: those that don't say so.
  std::size_t fine = 0;
  for (const auto& got : foo_->router().route_all(some, kv::Get{"k"})) {
    if (got.ok()) {
      EXPECT_EQ(*got, value);
      ++fine;
    } else {
      expect_failure(got.status(), absl::StatusCode::kResourceExhausted,
                     kv::Outcome::kRan, "ask for less");
    }
  }
  EXPECT_GE(fine, 8U);
}

TEST_F(RouteAllTest, OwnerOfAsksTheTableAlone) {
  bar_->stop().IgnoreError();
  EXPECT_EQ(*foo_->router().owner_of("hello"), foo_->name());
  EXPECT_EQ(*foo_->router().owner_of("world"), bar_->name());
  expect_failure(foo_->router().owner_of("\x01").status(),
                 absl::StatusCode::kOutOfRange, kv::Outcome::kNotRun,
                 "could not find entry for");
  EXPECT_EQ(foo_->router().owner_of("").status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
