// kv::PeerEvent: what becomes of a peer that this node talks to.
#ifndef KV_PEER_EVENT_H_
#define KV_PEER_EVENT_H_

#include <cstdint>
#include <ostream>

#include "absl/status/status.h"
#include "kv/export.h"
#include "kv/node_name.h"

namespace kv {

// For NodeOptions::on_peer. The first event of a peer is kUp or kDown; then
// kDown comes between any two of the others.
struct PeerEvent {
  enum class Kind {
    kUp,         // There is a connection, and the peer takes calls.
    kDown,       // There is none any more, or an attempt has failed.
    kRestarted,  // As kUp, but by another incarnation than the last time: what
                 // the peer kept in memory is gone.
  };

  NodeName peer;
  Kind kind = Kind::kDown;
  // A random number that the peer took when it started; of kDown that of the
  // last time it was up, or 0.
  std::uint64_t incarnation = 0;
  // Of kDown, why. kUnavailable: unreachable, or the connection broke;
  // kUnauthenticated, kPermissionDenied: the peer lets this node not in;
  // kCancelled: disconnect() was called. Else OK.
  absl::Status reason = {};
};

// "up", "down", "restarted".
KV_EXPORT const char* peer_event_name(PeerEvent::Kind kind);

inline std::ostream& operator<<(std::ostream& out, PeerEvent::Kind kind) {
  return out << peer_event_name(kind);
}

}  // namespace kv

#endif  // KV_PEER_EVENT_H_
