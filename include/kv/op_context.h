// kv::OpContext: what an operation of the host sees of the call that it serves.
#ifndef KV_OP_CONTEXT_H_
#define KV_OP_CONTEXT_H_

#include <chrono>
#include <functional>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "kv/bucket.h"
#include "kv/export.h"
#include "kv/op_info.h"
#include "kv/trace_context.h"

namespace kv {

class Router;

// Valid only during the operation it was given to, on that operation's thread.
class KV_EXPORT OpContext {
 public:
  OpContext(const OpContext&) = delete;
  OpContext& operator=(const OpContext&) = delete;

  // The bucket that was named in route(), as the whole operation sees it;
  // nullptr where there is none, or none was named.
  virtual Bucket* bucket() = 0;
  // The name alone; empty where none was named.
  virtual std::string_view bucket_name() const = 0;

  // Reaches the caller's CallOptions::out, over any number of hops, together
  // with the answer. Past NodeOptions::max_out_bytes the stream is bad and
  // takes no more.
  // What operations that this one calls write goes where its CallOptions say:
  // `&context.out()` passes it on.
  virtual std::ostream& out() = 0;

  // This node's router. While this thread waits for a call the node starts
  // another in its place. Calls have this operation's deadline at the latest,
  // and are cancelled with it. One to a bucket which this operation, or one
  // that waits for it, has to itself fails with kAborted, awaited or not.
  virtual Router& router() = 0;

  // True once nobody waits for the answer any more: cancelled, or past the
  // deadline.
  virtual bool cancelled() const = 0;
  virtual std::chrono::steady_clock::time_point deadline() const = 0;

  // The trace that the call belongs to, if any; calls that the operation makes
  // belong to it too. Where the node has an observer the parent is the span in
  // which this operation runs.
  virtual std::optional<TraceContext> traceparent() const = 0;

 protected:
  OpContext() = default;
  ~OpContext() = default;
};

// An operation from bytes to bytes. It may block and may throw: what it throws
// becomes kInternal with what(). It runs on a thread of the node's pool, one at
// a time for each bucket.
using OpFunction = std::function<absl::StatusOr<std::string>(
    OpContext& context, std::string_view args)>;

}  // namespace kv

#endif  // KV_OP_CONTEXT_H_
