// Running an operation that the host has defined.
#ifndef KV_NODE_HOST_OP_H_
#define KV_NODE_HOST_OP_H_

#include "absl/status/statusor.h"
#include "data/op.h"
#include "data/stored_bucket.h"
#include "exec/host_ops.h"
#include "node/call.h"

namespace kv::internal {

// What the host's operation is given. kInvalidArgument: the caller means
// another one by its name, or the arguments do not parse.
absl::StatusOr<Payload> args_of(const HostOp& host_op, const Op& op);

// Runs `host_op` for `call` and completes the call. What it writes to `bucket`
// (nullptr: none) appears whole if it answers OK, else not at all. What it
// throws becomes kInternal. REQUIRES: the caller has the bucket's turn; the
// call has begun.
void execute_host_op(Call& call, const HostOp& host_op, const Payload& args,
                     StoredBucket* bucket);

}  // namespace kv::internal

#endif  // KV_NODE_HOST_OP_H_
