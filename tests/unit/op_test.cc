#include "data/op.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "fault/told.h"

namespace kv::internal {
namespace {

using MaybeText = std::optional<std::string>;

TEST(OpTest, IsShownByItsName) {
  EXPECT_EQ(op_name(Create{}), "Create");
  EXPECT_EQ(op_name(Lookup{}), "Lookup");
  EXPECT_EQ(op_name(Get{"k"}), "Get");
  EXPECT_EQ(op_name(Put{"k", "v"}), "Put");
  EXPECT_EQ(op_name(Delete{"k"}), "Delete");
  EXPECT_EQ(op_name(Drop{}), "Drop");
  EXPECT_EQ(op_name(Whoami{}), "Whoami");
  EXPECT_EQ(op_name(CompareAndSet{}), "CompareAndSet");
  EXPECT_EQ(op_name(Apply{"Hello.world", ""}), "Apply");
}

TEST(OpTest, AnAnswerKeepsItsValueOnTheWay) {
  const BucketRef ref(*NodeName::parse("foo@127.0.0.1:1"), "room", 7);
  EXPECT_EQ(*to_result<Create>(to_answer(absl::StatusOr<BucketRef>(ref))), ref);
  const absl::StatusOr<MaybeText> nothing = MaybeText();
  EXPECT_EQ(*to_result<Get>(to_answer(nothing)), std::nullopt);
  const absl::StatusOr<MaybeText> empty = MaybeText("");
  EXPECT_EQ(*to_result<Delete>(to_answer(empty)), "");
  const absl::StatusOr<std::string> text = std::string("a\0b", 3);
  EXPECT_EQ(*to_result<Whoami>(to_answer(text)), *text);
  EXPECT_EQ(told(to_result<Put>(to_answer(absl::OkStatus()))), "OK");
}

TEST(OpTest, AFailureKeepsItsStatusOnTheWay) {
  const absl::Status status = absl::NotFoundError("no bucket");
  EXPECT_EQ(to_result<Put>(to_answer(status)), status);
  const absl::StatusOr<std::string> failed = status;
  EXPECT_EQ(to_result<Whoami>(to_answer(failed)).status(), status);
}

TEST(OpTest, AValueOfAnotherOperationIsInternalAndUnknown) {
  const Answer text{absl::OkStatus(), Value(std::string("foo"))};
  EXPECT_EQ(told(to_result<Get>(text)), "INTERNAL unknown");
  EXPECT_EQ(told(to_result<Create>(text)), "INTERNAL unknown");
  EXPECT_EQ(told(to_result<Put>(text)), "INTERNAL unknown");
  EXPECT_EQ(told(to_result<Apply>(Answer{absl::OkStatus(), {}})),
            "INTERNAL unknown");
}

TEST(OpTest, SizesAreCheckedByKind) {
  Limits limits;
  limits.key_bytes = 1;
  limits.value_bytes = 2;
  limits.op_name_bytes = 3;
  limits.args_bytes = 4;
  for (const Op& fits :
       {Op(Create{}), Op(Lookup{}), Op(Drop{}), Op(Whoami{}), Op(Get{"1"}),
        Op(Get{""}), Op(Delete{"1"}), Op(Put{"1", "12"}),
        Op(Apply{"123", "1234"}), Op(Apply{"1", ""})}) {
    EXPECT_EQ(told(check_sizes(limits, fits)), "OK") << op_name(fits);
  }
  for (const Op& large :
       {Op(Get{"12"}), Op(Delete{"12"}), Op(Put{"12", ""}), Op(Put{"", "123"}),
        Op(Apply{"1234", ""}), Op(Apply{"1", "12345"}), Op(Apply{"", ""})}) {
    EXPECT_EQ(told(check_sizes(limits, large)), "INVALID_ARGUMENT not_run")
        << op_name(large);
  }
}

}  // namespace
}  // namespace kv::internal
