// kv::CallOptions: what one call may carry beside its operation.
#ifndef KV_CALL_OPTIONS_H_
#define KV_CALL_OPTIONS_H_

#include <chrono>
#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "kv/node_name.h"
#include "kv/trace_context.h"

namespace kv {

// One node's part in a call.
struct Hop {
  NodeName node;
  std::uint64_t table_version = 0;
  // The range of the entry that decided, as the table's text form has it. Empty
  // where no table was asked (Router::call, a BucketRef) or no entry matched.
  std::string matched;
  // From the call's arrival at this node to its answer, the nodes after it
  // included.
  std::chrono::nanoseconds time{0};
};

// The way of a call, first the node it was made on, last the one where it ran
// or failed. After a failure the hops beyond a broken connection are missing.
struct Trace {
  std::vector<Hop> hops;
};

struct CallOptions {
  // Becomes one absolute time that every hop keeps to. Zero or less: the call
  // fails at once.
  std::chrono::nanoseconds timeout = std::chrono::seconds(5);
  // How often the call may be passed on from node to node; 0: it must be
  // answered where it was made. More than 64 counts as 64.
  std::uint32_t max_hops = 8;

  // Both are written by the thread that takes the result (of route(), of
  // Task::await(), of the callback), before it does, and must live until then.
  // Null: not wanted.
  Trace* trace = nullptr;
  // Receives what the operation wrote to OpContext::out(), also if it failed in
  // the end.
  std::ostream* out = nullptr;

  // The trace that the call belongs to, for kv::Observer on all its hops and
  // OpContext::traceparent(). A caller that has a header:
  // `call.traceparent = kv::TraceContext::parse(header)`. nullopt: that of the
  // operation of the host which makes the call, if one does.
  std::optional<TraceContext> traceparent = {};
};

}  // namespace kv

#endif  // KV_CALL_OPTIONS_H_
