// An operation, what it yields and how it ends, whichever of them it is: what
// the layers above carry around where the type of the operation no longer
// matters.
#ifndef KV_DATA_OP_H_
#define KV_DATA_OP_H_

#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "data/limits.h"
#include "kv/admin_ops.h"
#include "kv/bucket_ref.h"
#include "kv/internal/typed_op.h"
#include "kv/ops.h"

namespace kv::internal {

// The operations that a bucket answers, and those that run without one too: the
// one list of them.
#define KV_BUCKET_OPS(X) \
  X(Create)              \
  X(Lookup)              \
  X(Get)                 \
  X(Put)                 \
  X(Delete)              \
  X(Drop)                \
  X(CompareAndSet)       \
  X(Increment)           \
  X(GetMany)             \
  X(PutMany)             \
  X(Scan)                \
  X(Size)
#define KV_NODE_OPS(X) \
  X(Whoami)            \
  X(Buckets)           \
  X(GetTable)          \
  X(SetTable)          \
  X(ListOps)           \
  X(DescribeOp)        \
  X(GetStats)          \
  X(Apply)             \
  X(TypedApply)

using Op = std::variant<Create, Lookup, Get, Put, Delete, Drop, CompareAndSet,
                        Increment, GetMany, PutMany, Scan, Size, Whoami,
                        Buckets, GetTable, SetTable, ListOps, DescribeOp,
                        GetStats, Apply, TypedApply>;
using Value = std::variant<
    std::monostate, std::string, std::optional<std::string>, BucketRef, bool,
    std::int64_t, std::uint64_t, std::vector<std::optional<std::string>>,
    std::vector<std::pair<std::string, std::string>>, std::vector<std::string>,
    Payload, RoutingTable, std::vector<OpInfo>, OpDescription, Stats>;

// Whether `T` is answered by the bucket that the call names. The others run
// with or without one.
template <typename T>
constexpr bool kNeedsBucket = !(false
#define KV_IS_SAME(NAME) || std::is_same_v<T, NAME>
                                KV_NODE_OPS(KV_IS_SAME)
#undef KV_IS_SAME
);

// Whether its owner answers it at once, unless the bucket is taken.
bool is_quick(const Op& op);

// kInvalidArgument, marked not_run, where a part of it is over its limit.
absl::Status check_sizes(const Limits& limits, const Op& op);
template <typename T>
absl::Status check_sizes(const Limits& limits, const T& op);

// "Get"; of one of the host's "Apply".
std::string op_name(const Op& op);
// The name of one of the host's; nullptr: a built-in one.
const std::string* name_of_host_op(const Op& op);

// The bytes of its keys, values and arguments.
std::size_t size_of(const Op& op);

struct Answer {
  absl::Status status;
  Value value;
};

inline Answer to_answer(absl::Status status) { return {std::move(status), {}}; }
template <typename T>
Answer to_answer(absl::StatusOr<T> result) {
  if (!result.ok()) return {std::move(result).status(), {}};
  return {absl::OkStatus(), Value(*std::move(result))};
}

// The answer as the operation T promises it. A peer that answers with something
// else is broken: kInternal, outcome unknown.
template <typename T>
typename T::Result to_result(Answer answer);

}  // namespace kv::internal

#endif  // KV_DATA_OP_H_
