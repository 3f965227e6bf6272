// kv::TraceContext: which trace a call belongs to, as W3C Trace Context has it.
#ifndef KV_TRACE_CONTEXT_H_
#define KV_TRACE_CONTEXT_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "kv/export.h"

namespace kv {

using TraceId = std::array<std::uint8_t, 16>;
using SpanId = std::array<std::uint8_t, 8>;

// A value.
struct KV_EXPORT TraceContext {
  static constexpr std::uint8_t kSampled = 1;

  TraceId trace_id{};
  // Of the span that is the parent of what comes next.
  SpanId span_id{};
  std::uint8_t flags = 0;

  bool sampled() const { return (flags & kSampled) != 0; }

  // Reads `00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01`, or what a
  // later version of the standard has made of it. nullopt where it is not
  // valid: as the standard wants it, that is as if there were none.
  static std::optional<TraceContext> parse(std::string_view traceparent);
  // The value of the header `traceparent`, version 00.
  std::string traceparent() const;

  friend bool operator==(const TraceContext& a, const TraceContext& b) {
    return a.trace_id == b.trace_id && a.span_id == b.span_id &&
           a.flags == b.flags;
  }
  friend bool operator!=(const TraceContext& a, const TraceContext& b) {
    return !(a == b);
  }
};

}  // namespace kv

#endif  // KV_TRACE_CONTEXT_H_
