#include "exec/host_ops.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace kv::internal {
namespace {

const OpFunction kFunction = [](OpContext&, std::string_view) { return ""; };

TEST(HostOpsTest, FindsWhatWasDefined) {
  HostOps ops;
  EXPECT_EQ(ops.find("op"), nullptr);
  ASSERT_TRUE(
      ops.define(Limits(), std::string_view("o\0p", 3), bytes_op(kFunction))
          .ok());
  EXPECT_NE(ops.find(std::string_view("o\0p", 3)), nullptr);
  EXPECT_EQ(ops.find("o"), nullptr);
}

TEST(HostOpsTest, RefusesBadNamesNoFunctionAndASecondOne) {
  HostOps ops;
  Limits limits;
  limits.op_name_bytes = 3;
  const auto code = [&](const char* name, HostOp op) {
    return ops.define(limits, name, std::move(op)).code();
  };
  EXPECT_EQ(code("", bytes_op(kFunction)), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code("long", bytes_op(kFunction)),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code("op", bytes_op(nullptr)), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code("op", bytes_op(kFunction)), absl::StatusCode::kOk);
  EXPECT_EQ(code("op", bytes_op(kFunction)), absl::StatusCode::kAlreadyExists);
}

TEST(HostOpsTest, MayBeDefinedWhileOthersLookForThem) {
  HostOps ops;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 200; ++i) {
        const std::string name = std::to_string(t * 1000 + i);
        ASSERT_TRUE(ops.define(Limits(), name, bytes_op(kFunction)).ok());
        ASSERT_NE(ops.find(name), nullptr);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace kv::internal
