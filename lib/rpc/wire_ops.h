// The part of wire that knows the single operations and what they yield.
#ifndef KV_RPC_WIRE_OPS_H_
#define KV_RPC_WIRE_OPS_H_

#include "absl/status/statusor.h"
#include "data/op.h"
#include "kvroute/v1/kvroute.pb.h"

namespace kv::internal {

void write_op(const Op& op, ::kvroute::v1::RouteRequest& to);
// Takes the bytes out of `from`. kInvalidArgument, or kUnimplemented for an
// operation that this version does not know; marked not_run.
absl::StatusOr<Op> read_op(::kvroute::v1::RouteRequest& from);

void write_value(Value value, ::kvroute::v1::RouteReply& to);
// Takes the bytes out of `from`.
Value read_value(::kvroute::v1::RouteReply& from);

}  // namespace kv::internal

#endif  // KV_RPC_WIRE_OPS_H_
