// What the guide does with two shells.
#include <kv/kv.h>

#include <optional>
#include <sstream>
#include <string>

#include "distributed/two_processes.h"

namespace {

using kv_tests::expect_failure;

class DistributedRouterTest : public kv_tests::TwoProcesses {};

TEST_F(DistributedRouterTest, RouteRequestsAcrossNodes) {
  const std::string foo = foo_->name().str();
  const std::string bar = bar_->name().str();
  EXPECT_EQ(*router().route("hello", kv::Whoami{}), foo);
  EXPECT_EQ(*router().route("world", kv::Whoami{}), bar);
  EXPECT_EQ(bar_->command("whoami hello"), foo);
  EXPECT_EQ(bar_->command("whoami world"), bar);
}

TEST_F(DistributedRouterTest, RaisesOnUnknownEntries) {
  expect_failure(router().route(std::string(1, '\0'), kv::Whoami{}).status(),
                 absl::StatusCode::kOutOfRange, kv::Outcome::kNotRun,
                 "could not find entry for \"\\x00\"");
  EXPECT_NE(bar_->command("whoami 1").find("could not find entry for \"1\""),
            std::string::npos);
}

TEST_F(DistributedRouterTest, ABucketLivesInTheOtherProcess) {
  const auto ref = router().route("world", kv::Create{});
  ASSERT_TRUE(ref.ok()) << ref.status();
  EXPECT_EQ(ref->node(), bar_->name());
  const std::string value("1\0\xff\n", 4);
  EXPECT_EQ(router().route("world", kv::Put{"milk", value}), absl::OkStatus());
  EXPECT_EQ(*router().route(*ref, kv::Get{"milk"}), value);
  EXPECT_EQ(*router().route("world", kv::Delete{"milk"}), value);
  EXPECT_EQ(*router().route("world", kv::Get{"milk"}), std::nullopt);
  EXPECT_EQ(foo_->registry().size(), 0U);
}

TEST_F(DistributedRouterTest, HelloWorldIsPrintedHereThoughItRunsThere) {
  std::ostringstream out;
  kv::CallOptions options;
  options.out = &out;
  EXPECT_EQ(*router().call(bar_->name(), kv::Apply{"Hello.world"}, options),
            "done");
  EXPECT_EQ(out.str(), "hello world\n");
}

TEST_F(DistributedRouterTest, AnOpIsOnlyKnownWhereItIsDefined) {
  expect_failure(router().route("hello", kv::Apply{"Hello.world"}).status(),
                 absl::StatusCode::kUnimplemented, kv::Outcome::kNotRun,
                 foo_->name().str());
}

}  // namespace
