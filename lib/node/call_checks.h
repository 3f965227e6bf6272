// What a call must fulfil before it is let in.
#ifndef KV_NODE_CALL_CHECKS_H_
#define KV_NODE_CALL_CHECKS_H_

#include <string_view>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "base/hops.h"
#include "data/limits.h"
#include "kv/node_name.h"
#include "kv/routing_table.h"
#include "peer/peer.h"

namespace kv::internal {

// Names and sizes. kInvalidArgument, marked not_run.
absl::Status check_names(const Limits& limits, const Request& request);
// The same and the rest of a request that a peer has sent.
absl::Status check_received(const Limits& limits, const Request& request);

// Past a limit of `self`: kResourceExhausted, marked not_run.
absl::Status too_many(const NodeName& self, absl::string_view what);

// kOutOfRange, marked not_run.
absl::Status no_entry(std::string_view bucket, const RoutingTable& table);

}  // namespace kv::internal

#endif  // KV_NODE_CALL_CHECKS_H_
