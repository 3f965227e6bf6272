// The operations that look after a node: its table, its ops, their types.
#include <google/protobuf/descriptor.pb.h>
#include <kv/kv.h>
#include <kv/proto_op.h>

#include <string>
#include <vector>

#include "cluster/two_nodes.h"
#include "warehouse.pb.h"

namespace {

using kv_tests::expect_failure;
using kv_tests::table_of;

inline constexpr kv::ProtoOp<warehouse::Order, warehouse::Receipt> kTotal{
    "Warehouse.total", 3};

kv::NodeOptions bar_options() {
  kv::NodeOptions options;
  options.remote_set_table = true;
  return options;
}

// Each is asked of the node itself and of a peer.
class AdminOpsTest : public kv_tests::TwoNodes,
                     public ::testing::WithParamInterface<const char*> {
 protected:
  AdminOpsTest() : TwoNodes({}, bar_options()) {}

  kv::Router& router() {
    return GetParam() == std::string("Here") ? bar_->router() : foo_->router();
  }
  const kv::NodeName& bar() { return bar_->name(); }
};

INSTANTIATE_TEST_SUITE_P(FromHereAndThere, AdminOpsTest,
                         ::testing::Values("Here", "There"),
                         [](const auto& it) { return it.param; });

TEST_P(AdminOpsTest, ATableIsReadWithItsVersion) {
  for (const std::string& text :
       {std::string(), std::string("version 7\n\\x00..\\xff foo@h:1\n"),
        std::string("slots 16\nversion 8\n0..15 foo@h:1\n")}) {
    const auto table = kv::RoutingTable::parse(text);
    ASSERT_TRUE(table.ok()) << table.status();
    ASSERT_EQ(bar_->set_table(*table), absl::OkStatus());
    const auto read = router().call(bar(), kv::GetTable{});
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(*read, *table);
  }
}

TEST_P(AdminOpsTest, ByBucketItIsTheOwnersTable) {
  ASSERT_TRUE(
      bar_->set_table(table_of({{"n..z", bar()}}).with_version(3)).ok());
  EXPECT_EQ(router().route("world", kv::GetTable{})->version(), 3U);
}

TEST_P(AdminOpsTest, ATableIsSetWhereTheHostAllowsIt) {
  const auto table = table_of({{"a..z", bar()}}).with_version(5);
  EXPECT_EQ(router().call(bar(), kv::SetTable{table}), absl::OkStatus());
  EXPECT_EQ(bar_->table(), table);
  expect_failure(router().call(bar(), kv::SetTable{table.with_version(4)}),
                 absl::StatusCode::kFailedPrecondition, kv::Outcome::kRan,
                 "version 4");
  EXPECT_EQ(bar_->table(), table);
}

TEST_P(AdminOpsTest, ATableIsRefusedWhereTheHostDoesNotSayItMay) {
  const auto before = foo_->table();
  expect_failure(router().call(foo_->name(), kv::SetTable{}),
                 absl::StatusCode::kPermissionDenied, kv::Outcome::kNotRun,
                 "NodeOptions::remote_set_table");
  EXPECT_EQ(foo_->table(), before);
}

TEST_P(AdminOpsTest, OpsAreListedPageByPage) {
  const auto nothing = [](kv::OpContext&, std::string_view) {
    return absl::StatusOr<std::string>("");
  };
  ASSERT_TRUE(bar_->define("C", nothing).ok());
  ASSERT_TRUE(bar_->define("A", nothing, {true, true}).ok());
  ASSERT_TRUE(bar_->define(kTotal,
                           [](kv::OpContext&, const warehouse::Order&) {
                             return absl::StatusOr<warehouse::Receipt>(
                                 warehouse::Receipt());
                           })
                  .ok());
  const auto ops = router().call(bar(), kv::ListOps{});
  ASSERT_TRUE(ops.ok()) << ops.status();
  EXPECT_EQ(
      *ops,
      (std::vector<kv::OpInfo>{
          {"A", {true, true}, 0, "", ""},
          {"C", {}, 0, "", ""},
          {"Warehouse.total", {}, 3, "warehouse.Order", "warehouse.Receipt"}}));
  EXPECT_EQ(*ops, bar_->ops());
  const auto page = router().call(bar(), kv::ListOps{"A", 1});
  ASSERT_TRUE(page.ok()) << page.status();
  ASSERT_EQ(page->size(), 1U);
  EXPECT_EQ(page->front().name, "C");
}

TEST_P(AdminOpsTest, ATypedOpIsDescribedByTheFilesOfItsMessages) {
  ASSERT_TRUE(bar_->define(kTotal,
                           [](kv::OpContext&, const warehouse::Order&) {
                             return absl::StatusOr<warehouse::Receipt>(
                                 warehouse::Receipt());
                           })
                  .ok());
  const auto op = router().call(bar(), kv::DescribeOp{"Warehouse.total"});
  ASSERT_TRUE(op.ok()) << op.status();
  EXPECT_EQ(op->info.request, "warehouse.Order");
  EXPECT_EQ(op->info.version, 3U);
  google::protobuf::FileDescriptorSet files;
  ASSERT_TRUE(files.ParseFromString(op->descriptors));
  google::protobuf::DescriptorPool pool;
  for (const auto& file : files.file()) {
    ASSERT_NE(pool.BuildFile(file), nullptr) << file.name();
  }
  EXPECT_NE(pool.FindMessageTypeByName("warehouse.Receipt"), nullptr);
}

TEST_P(AdminOpsTest, AnOpFromBytesToBytesHasNoTypes) {
  ASSERT_TRUE(bar_->define("A",
                           [](kv::OpContext&, std::string_view) {
                             return absl::StatusOr<std::string>("");
                           })
                  .ok());
  EXPECT_EQ(*router().call(bar(), kv::DescribeOp{"A"}),
            (kv::OpDescription{{"A", {}, 0, "", ""}, ""}));
}

TEST_P(AdminOpsTest, AnOpThatIsNotDefinedIsUnimplementedAsInApply) {
  expect_failure(router().call(bar(), kv::DescribeOp{"B"}).status(),
                 absl::StatusCode::kUnimplemented, kv::Outcome::kNotRun,
                 bar().str() + " has no op \"B\"");
}

class SmallAnswersTest : public kv_tests::TwoNodes {
 protected:
  static kv::NodeOptions small() {
    kv::NodeOptions options;
    options.max_args_bytes = 64;
    options.remote_set_table = true;
    return options;
  }
  SmallAnswersTest() : TwoNodes({}, small()) {}
};

TEST_F(SmallAnswersTest, WhatIsTooLargeIsRefused) {
  const std::string name = bar_->name().str();
  const kv::RoutingTable large = table_of(
      {{"a..b", bar_->name()}, {"d..e", bar_->name()}, {"g..h", bar_->name()}});
  expect_failure(foo_->router().call(name, kv::SetTable{large}),
                 absl::StatusCode::kInvalidArgument, kv::Outcome::kNotRun,
                 "over the limit of 64");
  ASSERT_TRUE(bar_->set_table(large).ok());
  EXPECT_EQ(foo_->router().call(name, kv::GetTable{}).status().code(),
            absl::StatusCode::kResourceExhausted);
  ASSERT_TRUE(bar_->define(kTotal,
                           [](kv::OpContext&, const warehouse::Order&) {
                             return absl::StatusOr<warehouse::Receipt>(
                                 warehouse::Receipt());
                           })
                  .ok());
  EXPECT_EQ(foo_->router()
                .call(name, kv::DescribeOp{"Warehouse.total"})
                .status()
                .code(),
            absl::StatusCode::kResourceExhausted);
}

}  // namespace
