// Operations typed by protobuf messages, here and at a peer.
#include <kv/kv.h>
#include <kv/proto_op.h>

#include <string>

#include "cluster/two_nodes.h"
#include "warehouse.pb.h"

namespace {

using kv_tests::expect_failure;
using warehouse::OldOrder;
using warehouse::Order;
using warehouse::OtherOrder;
using warehouse::Receipt;

inline constexpr kv::ProtoOp<Order, Receipt> kTotal{"Warehouse.total"};

absl::StatusOr<Receipt> total(kv::OpContext& context, const Order& order) {
  Receipt receipt;
  for (const warehouse::Item& item : order.items()) {
    if (item.count() < 0) return absl::FailedPreconditionError(item.name());
    receipt.set_total(receipt.total() + item.count());
  }
  receipt.set_place(std::string(context.bucket_name()));
  return receipt;
}

Order order(std::int32_t first, std::int32_t second) {
  Order order;
  order.add_items()->set_count(first);
  order.mutable_items(0)->set_name("milk");
  order.add_items()->set_count(second);
  order.set_customer("me");
  return order;
}

class ProtoOpTest : public kv_tests::TwoNodes,
                    public ::testing::WithParamInterface<const char*> {
 protected:
  void SetUp() override {
    TwoNodes::SetUp();
    for (kv::Node* node : {foo_.get(), bar_.get()}) {
      ASSERT_EQ(node->define(kTotal, total), absl::OkStatus());
    }
  }
  std::string bucket() const { return GetParam(); }
  kv::Router& router() { return foo_->router(); }
  kv::Node& owner() { return bucket() == "hello" ? *foo_ : *bar_; }
};

INSTANTIATE_TEST_SUITE_P(HereAndThere, ProtoOpTest,
                         ::testing::Values("hello", "world"),
                         [](const auto& it) {
                           return it.param == std::string("hello") ? "Here"
                                                                   : "There";
                         });

TEST_P(ProtoOpTest, MessagesGoInAndOut) {
  const auto receipt = router().route(bucket(), kTotal(order(2, 3)));
  ASSERT_TRUE(receipt.ok()) << receipt.status();
  EXPECT_EQ(receipt->total(), 5);
  EXPECT_EQ(receipt->place(), bucket());
}

TEST_P(ProtoOpTest, TasksAndCallsByNodeAndByRefTakeThemToo) {
  EXPECT_EQ(router().async(bucket(), kTotal(order(1, 1))).await()->total(), 2);
  EXPECT_EQ(router().call(owner().name(), kTotal(order(1, 2)))->total(), 3);
  const auto ref = router().route(bucket(), kv::Create{});
  ASSERT_TRUE(ref.ok()) << ref.status();
  EXPECT_EQ(router().route(*ref, kTotal(order(2, 2)))->total(), 4);
}

TEST_P(ProtoOpTest, TheOperationsOwnErrorsComeBackUnchanged) {
  EXPECT_EQ(router().route(bucket(), kTotal(order(-1, 0))).status(),
            absl::FailedPreconditionError("milk"));
}

TEST_P(ProtoOpTest, WhatItThrowsBecomesInternal) {
  constexpr kv::ProtoOp<Order, Receipt> kThrow{"Warehouse.throw"};
  ASSERT_EQ(owner().define(
                kThrow,
                [](kv::OpContext&, const Order&) -> absl::StatusOr<Receipt> {
                  throw std::runtime_error("out of paper");
                }),
            absl::OkStatus());
  expect_failure(router().route(bucket(), kThrow(order(1, 1))).status(),
                 absl::StatusCode::kInternal, kv::Outcome::kRan,
                 "out of paper");
}

TEST_P(ProtoOpTest, BytesThatDoNotParseAreRefusedBeforeItRuns) {
  expect_failure(
      router().route(bucket(), kv::Apply{"Warehouse.total", "\xff"}).status(),
      absl::StatusCode::kInvalidArgument, kv::Outcome::kNotRun,
      "warehouse.Order");
}

TEST_P(ProtoOpTest, BytesThatParseAreTaken) {
  const auto bytes = router().route(
      bucket(), kv::Apply{"Warehouse.total", order(4, 5).SerializeAsString()});
  ASSERT_TRUE(bytes.ok()) << bytes.status();
  Receipt receipt;
  ASSERT_TRUE(receipt.ParseFromString(*bytes));
  EXPECT_EQ(receipt.total(), 9);
}

TEST_P(ProtoOpTest, OneThatTheOwnerLacksIsNamedWithItsNode) {
  constexpr kv::ProtoOp<Order, Receipt> kNone{"Warehouse.none"};
  const absl::Status status =
      router().route(bucket(), kNone(order(1, 1))).status();
  expect_failure(status, absl::StatusCode::kUnimplemented, kv::Outcome::kNotRun,
                 "Warehouse.none");
  expect_failure(status, absl::StatusCode::kUnimplemented, kv::Outcome::kNotRun,
                 owner().name());
}

TEST_P(ProtoOpTest, AnotherVersionIsRefused) {
  constexpr kv::ProtoOp<Order, Receipt> kNew{"Warehouse.total", 2};
  expect_failure(router().route(bucket(), kNew(order(1, 1))).status(),
                 absl::StatusCode::kInvalidArgument, kv::Outcome::kNotRun,
                 "version 2");
}

TEST_P(ProtoOpTest, AFieldOfAnotherTypeIsRefusedAndNamed) {
  constexpr kv::ProtoOp<OtherOrder, Receipt> kOther{"Warehouse.total"};
  expect_failure(router().route(bucket(), kOther(OtherOrder())).status(),
                 absl::StatusCode::kInvalidArgument, kv::Outcome::kNotRun,
                 "field 2 of the request");
}

TEST_P(ProtoOpTest, AFieldThatOnlyOneSideKnowsIsFine) {
  constexpr kv::ProtoOp<OldOrder, Receipt> kOld{"Warehouse.total"};
  OldOrder old;
  old.add_items()->set_count(7);
  const auto receipt = router().route(bucket(), kOld(old));
  ASSERT_TRUE(receipt.ok()) << receipt.status();
  EXPECT_EQ(receipt->total(), 7);
}

TEST_P(ProtoOpTest, AnsweringWithBytesThatAreNoSuchMessageIsInternal) {
  constexpr kv::ProtoOp<Order, Receipt> kBytes{"Warehouse.bytes"};
  ASSERT_EQ(owner().define("Warehouse.bytes",
                           [](kv::OpContext&,
                              std::string_view) -> absl::StatusOr<std::string> {
                             return "\xff";
                           }),
            absl::OkStatus());
  expect_failure(router().route(bucket(), kBytes(order(1, 1))).status(),
                 absl::StatusCode::kInternal, kv::Outcome::kRan,
                 "warehouse.Receipt");
}

// The owner sees the very object that the caller gave, which bytes would lose:
// an unset optional and a moved-in string at its address.
TEST_F(ProtoOpTest, InProcessNothingIsSerialised) {
  constexpr kv::ProtoOp<Order, Receipt> kAddress{"Warehouse.address"};
  const char* seen = nullptr;
  ASSERT_EQ(
      foo_->define(kAddress,
                   [&seen](kv::OpContext&,
                           const Order& request) -> absl::StatusOr<Receipt> {
                     seen = request.customer().data();
                     return Receipt();
                   }),
      absl::OkStatus());
  Order request;
  request.set_customer(std::string(1000, 'x'));
  const char* const given = request.customer().data();
  ASSERT_TRUE(foo_->router().route("hello", kAddress(std::move(request))).ok());
  EXPECT_EQ(seen, given);
}

TEST_F(ProtoOpTest, ANameIsDefinedOnceAndListed) {
  EXPECT_EQ(foo_->define(kTotal, total).code(),
            absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(foo_->define(kTotal, nullptr).code(),
            absl::StatusCode::kInvalidArgument);
  kv::OpTraits reads;
  reads.read_only = true;
  constexpr kv::ProtoOp<Order, Receipt> kAudit{"Warehouse.audit", 3};
  ASSERT_EQ(foo_->define(kAudit, total, reads), absl::OkStatus());
  const std::vector<kv::OpInfo> ops = foo_->ops();
  ASSERT_EQ(ops.size(), 2U);
  EXPECT_EQ(ops[0].name, "Warehouse.audit");
  EXPECT_TRUE(ops[0].traits.read_only);
  EXPECT_FALSE(ops[0].traits.idempotent);
  EXPECT_EQ(ops[0].version, 3U);
  EXPECT_EQ(ops[1].name, "Warehouse.total");
}

}  // namespace
