// kv::Observer: is told of each hop of a call, for tracing.
#ifndef KV_OBSERVER_H_
#define KV_OBSERVER_H_

#include <chrono>
#include <optional>
#include <ostream>
#include <string>

#include "absl/status/status.h"
#include "kv/export.h"
#include "kv/node_name.h"
#include "kv/trace_context.h"

namespace kv {

// One node's part in a call, or a piece of it.
struct Span {
  enum class Kind {
    kCall,   // A user of this node has made it, until the result is there.
    kServe,  // It has come from a peer, until the answer leaves.
    kSend,   // It is on its way to a peer, until the answer is back. Child of
             // kCall or kServe; there may be several, one after the other.
    kRun,    // The operation runs here. Child of kCall or kServe.
  };

  Kind kind = Kind::kCall;
  NodeName node = {};  // this one
  std::string bucket = {};
  std::string op = {};   // "Get"; of the host's own, its name
  NodeName peer = {};    // of kServe who has sent it, of kSend whom to
  TraceContext context;  // its trace, and its own id, which what it calls has
                         // as parent: also on the peer, if that has an observer
  SpanId parent = {};    // all zero: the trace begins here
  std::chrono::system_clock::time_point start = {};
};

// "call", "serve", "send", "run".
KV_EXPORT const char* span_kind_name(Span::Kind kind);

inline std::ostream& operator<<(std::ostream& out, Span::Kind kind) {
  return out << span_kind_name(kind);
}

// For NodeOptions::observer. Is called on the threads that do the work, also
// those that serve all connections, from several at a time: must be
// thread-safe and quick, must not block, and must not wait for a call of this
// node. What it throws is dropped.
//
// Of an operation that is answered at once, begin() and end() are both called
// once it has ended.
class KV_EXPORT Observer {
 public:
  virtual ~Observer() = default;

  // Of a call that is made on this thread without CallOptions::traceparent and
  // not by an operation of the host: the span that it belongs to, of the host's
  // own tracing. nullopt: a trace begins, and is sampled.
  virtual std::optional<TraceContext> parent() { return std::nullopt; }

  virtual void begin(const Span& /*span*/) {}
  // `span` as it began. `status` with its outcome: kv::outcome().
  virtual void end(const Span& span, const absl::Status& status,
                   std::chrono::nanoseconds duration) = 0;
};

}  // namespace kv

#endif  // KV_OBSERVER_H_
