// What NodeOptions must fulfil.
#ifndef KV_NODE_OPTIONS_CHECK_H_
#define KV_NODE_OPTIONS_CHECK_H_

#include <cstddef>

#include "absl/status/statusor.h"
#include "kv/node_name.h"
#include "kv/node_options.h"

namespace kv::internal {

// The node's name. Errors as Node::start.
absl::StatusOr<NodeName> check_options(const NodeOptions& options);

// The largest gRPC message to take: as the limits allow, and no less than what
// a peer with default limits may send, which can then be refused as not_run;
// gRPC's own refusal would leave that unknown.
std::size_t max_message_bytes(const NodeOptions& options);

}  // namespace kv::internal

#endif  // KV_NODE_OPTIONS_CHECK_H_
