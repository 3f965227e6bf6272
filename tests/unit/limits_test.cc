#include "data/limits.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "fault/told.h"

namespace kv::internal {
namespace {

TEST(LimitsCheckTest, DefaultsAreThoseOfTheOptions) {
  const Limits limits;
  EXPECT_EQ(limits.bucket_name_bytes, 1024U);
  EXPECT_EQ(limits.key_bytes, 64U * 1024);
  EXPECT_EQ(limits.value_bytes, 16U * 1024 * 1024);
}

TEST(LimitsCheckTest, AreTakenFromTheOptionsFieldByField) {
  NodeOptions options;
  options.max_bucket_name_bytes = 1;
  options.max_key_bytes = 2;
  options.max_value_bytes = 3;
  options.max_op_name_bytes = 4;
  options.max_args_bytes = 5;
  options.max_out_bytes = 6;
  options.max_buckets = 7;
  options.max_calls_per_bucket = 8;
  const Limits limits = Limits::of(options);
  EXPECT_EQ(limits.bucket_name_bytes, 1U);
  EXPECT_EQ(limits.key_bytes, 2U);
  EXPECT_EQ(limits.value_bytes, 3U);
  EXPECT_EQ(limits.op_name_bytes, 4U);
  EXPECT_EQ(limits.args_bytes, 5U);
  EXPECT_EQ(limits.out_bytes, 6U);
  EXPECT_EQ(limits.buckets, 7U);
  EXPECT_EQ(limits.calls_per_bucket, 8U);
}

TEST(LimitsCheckTest, EachChecksItsOwnPart) {
  Limits limits;
  limits.bucket_name_bytes = 1;
  limits.key_bytes = 2;
  limits.value_bytes = 3;
  limits.op_name_bytes = 4;
  limits.args_bytes = 5;
  using Check = absl::Status (*)(const Limits&, std::string_view);
  const Check args = [](const Limits& it, std::string_view bytes) {
    return check_args(it, bytes.size());
  };
  const Check checks[] = {check_bucket_name, check_key, check_value,
                          check_op_name, args};
  std::size_t limit = 0;
  for (const Check check : checks) {
    ++limit;
    EXPECT_EQ(told(check(limits, std::string(limit, 'x'))), "OK");
    const absl::Status over = check(limits, std::string(limit + 1, 'x'));
    EXPECT_EQ(told(over), "INVALID_ARGUMENT not_run");
    EXPECT_THAT(std::string(over.message()),
                testing::HasSubstr("of " + std::to_string(limit + 1) +
                                   " bytes is over the limit of " +
                                   std::to_string(limit)));
  }
}

TEST(LimitsCheckTest, OnlyNamesMustNotBeEmpty) {
  const Limits limits;
  EXPECT_EQ(told(check_bucket_name(limits, "")), "INVALID_ARGUMENT not_run");
  EXPECT_EQ(told(check_op_name(limits, "")), "INVALID_ARGUMENT not_run");
  EXPECT_EQ(told(check_key(limits, "")), "OK");
  EXPECT_EQ(told(check_value(limits, "")), "OK");
  EXPECT_EQ(told(check_args(limits, 0)), "OK");
}

}  // namespace
}  // namespace kv::internal
