// How enumerators of the public API are called in text.
#include "kv/log.h"
#include "kv/observer.h"
#include "kv/stats.h"

namespace kv {

const char* call_path_name(CallPath path) {
  switch (path) {
    case CallPath::kLocal:
      return "local";
    case CallPath::kRemote:
      return "remote";
    case CallPath::kServed:
      return "served";
    case CallPath::kForwarded:
      return "forwarded";
  }
  return "unknown";
}

const char* peer_state_name(PeerState state) {
  switch (state) {
    case PeerState::kIdle:
      return "idle";
    case PeerState::kConnecting:
      return "connecting";
    case PeerState::kUp:
      return "up";
    case PeerState::kDown:
      return "down";
  }
  return "unknown";
}

const char* span_kind_name(Span::Kind kind) {
  switch (kind) {
    case Span::Kind::kCall:
      return "call";
    case Span::Kind::kServe:
      return "serve";
    case Span::Kind::kSend:
      return "send";
    case Span::Kind::kRun:
      return "run";
  }
  return "unknown";
}

const char* log_severity_name(LogSeverity severity) {
  switch (severity) {
    case LogSeverity::kInfo:
      return "info";
    case LogSeverity::kWarning:
      return "warning";
    case LogSeverity::kError:
      return "error";
  }
  return "unknown";
}

}  // namespace kv
