#include "kv/peer_event.h"

namespace kv {

const char* peer_event_name(PeerEvent::Kind kind) {
  switch (kind) {
    case PeerEvent::Kind::kUp:
      return "up";
    case PeerEvent::Kind::kDown:
      return "down";
    case PeerEvent::Kind::kRestarted:
      return "restarted";
  }
  return "down";
}

}  // namespace kv
