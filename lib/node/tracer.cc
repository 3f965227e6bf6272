#include "node/tracer.h"

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <variant>

namespace kv::internal {
namespace {

// Neither are secrets: nobody is trusted because of them.
template <typename Id>
Id random_id() {
  thread_local std::mt19937_64 random{[] {
    std::random_device device;
    std::seed_seq seed{device(), device(), device(), device()};
    return std::mt19937_64(seed);
  }()};
  Id id{};
  while (id == Id{}) {  // all zero is none
    std::generate(id.begin(), id.end(),
                  [] { return static_cast<std::uint8_t>(random() >> 56); });
  }
  return id;
}

}  // namespace

Tracer::Parent Tracer::parent() const {
  try {
    return observer_->parent();
  } catch (...) {
    return std::nullopt;
  }
}

OpenSpan Tracer::begin(Span::Kind kind, const Request& request,
                       const NodeName* peer, const Parent& parent,
                       Clock::time_point begun) const {
  OpenSpan open;
  open.begun = begun;
  Span& span = open.span;
  span.kind = kind;
  span.node = self_;
  span.bucket = request.bucket;
  const std::string* const name = name_of_host_op(request.op);
  span.op = name != nullptr ? *name : op_name(request.op);
  if (peer != nullptr) span.peer = *peer;
  if (parent.has_value()) {
    span.context = *parent;
    span.parent = parent->span_id;
  } else {
    span.context.trace_id = random_id<TraceId>();
    span.context.flags = TraceContext::kSampled;
  }
  span.context.span_id = random_id<SpanId>();
  span.start = std::chrono::system_clock::now() -
               std::chrono::duration_cast<std::chrono::system_clock::duration>(
                   Clock::now() - begun);
  try {
    observer_->begin(span);
  } catch (...) {  // NOLINT(bugprone-empty-catch): nobody asks for an answer
  }
  return open;
}

void Tracer::end(const OpenSpan& open, const absl::Status& status) const {
  try {
    observer_->end(open.span, status, Clock::now() - open.begun);
  } catch (...) {  // NOLINT(bugprone-empty-catch): nobody asks for an answer
  }
}

void Tracer::tell_at_once(Span::Kind kind, const Request& request,
                          const Parent& parent, const absl::Status& status,
                          Clock::time_point begun) const {
  const NodeName* const peer =
      request.path.empty() ? nullptr : &request.path.back();
  const OpenSpan whole = begin(kind, request, peer, parent, begun);
  if (outcome(status) == Outcome::kRan) {
    end(begin(Span::Kind::kRun, request, nullptr, whole.span.context, begun),
        status);
  }
  end(whole, status);
}

}  // namespace kv::internal
