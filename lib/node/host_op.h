// Running an operation that the host has defined.
#ifndef KV_NODE_HOST_OP_H_
#define KV_NODE_HOST_OP_H_

#include "data/stored_bucket.h"
#include "kv/op_context.h"
#include "node/call.h"

namespace kv::internal {

// Runs `function` for `call`, whose op is an Apply, and completes the call.
// What it writes to `bucket` (nullptr: none) appears whole if it answers OK,
// else not at all. What it throws becomes kInternal. REQUIRES: the caller has
// the bucket's turn; the call has begun.
void execute_host_op(Call& call, const OpFunction& function,
                     StoredBucket* bucket);

}  // namespace kv::internal

#endif  // KV_NODE_HOST_OP_H_
