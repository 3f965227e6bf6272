// The operations that look after a node: kv/admin_ops.h, and those that tell
// what it is.
#ifndef KV_NODE_NODE_OPS_H_
#define KV_NODE_NODE_OPS_H_

#include <optional>
#include <string_view>

#include "absl/status/status.h"
#include "data/op.h"
#include "kv/node_name.h"
#include "node/core.h"

namespace kv::internal {

// nullopt: `op` is for a bucket, or one of the host's. A failure carries its
// outcome.
std::optional<Answer> run_node_op(Core& core, const Op& op);

// kUnimplemented, marked not_run.
absl::Status no_such_op(const NodeName& self, std::string_view name);

}  // namespace kv::internal

#endif  // KV_NODE_NODE_OPS_H_
