// Tracer: tells the host's NodeOptions::observer.
#ifndef KV_NODE_TRACER_H_
#define KV_NODE_TRACER_H_

#include <memory>
#include <optional>

#include "absl/status/status.h"
#include "base/clock.h"
#include "kv/node_name.h"
#include "kv/observer.h"
#include "peer/peer.h"

namespace kv::internal {

// A span that has begun.
struct OpenSpan {
  Span span;
  Clock::time_point begun;
};

// Safe from any thread. The host's code runs on the caller's, so no lock may be
// held.
class Tracer {
 public:
  using Parent = std::optional<TraceContext>;

  // `self` outlives it. A null observer: on() is false, and nothing else may be
  // called.
  Tracer(std::shared_ptr<Observer> observer, const NodeName& self)
      : observer_(std::move(observer)), self_(self) {}

  bool on() const { return observer_ != nullptr; }

  // As Observer::parent.
  Parent parent() const;
  // `peer`: nullptr where the span has none. Begun at `begun`.
  OpenSpan begin(Span::Kind kind, const Request& request, const NodeName* peer,
                 const Parent& parent,
                 Clock::time_point begun = Clock::now()) const;
  void end(const OpenSpan& span, const absl::Status& status) const;

  // One of an operation that has been answered at once: the call or its
  // arrival, and its run.
  void tell_at_once(Span::Kind kind, const Request& request,
                    const Parent& parent, const absl::Status& status,
                    Clock::time_point begun) const;

 private:
  const std::shared_ptr<Observer> observer_;
  const NodeName& self_;
};

}  // namespace kv::internal

#endif  // KV_NODE_TRACER_H_
