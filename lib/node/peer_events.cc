#include "node/peer_events.h"

#include <utility>

#include "absl/status/status.h"

namespace kv::internal {
namespace {

constexpr std::size_t kMaxEvents = 64;  // that wait, for one peer
// Beyond it the incarnations of peers that are down are forgotten.
constexpr std::size_t kMaxPeers = 16384;
// Where there is no room for a callback.
constexpr std::chrono::milliseconds kRetry{100};

}  // namespace

std::shared_ptr<PeerListener> PeerEvents::make(Function function, Core& core) {
  if (!function) return nullptr;
  return std::make_shared<PeerEvents>(std::move(function), core);
}

PeerEvents::PeerEvents(Function function, Core& core)
    : function_(std::move(function)),
      core_(core.weak_from_this()),
      callbacks_(core.callbacks()) {}

void PeerEvents::up(const NodeName& name, std::uint64_t incarnation) {
  {
    const MutexLock lock(mutex_);
    Peer& peer = find(name);
    const bool was_up = peer.up.value_or(false);
    const bool same = peer.incarnation == incarnation;
    if (was_up && same) return;
    if (was_up) {
      add(peer, {name, PeerEvent::Kind::kDown, peer.incarnation,
                 absl::UnavailableError("the connection broke")});
    }
    const bool first = peer.incarnation == 0;
    peer.up = true;
    peer.incarnation = incarnation;
    add(peer,
        {name,
         first || same ? PeerEvent::Kind::kUp : PeerEvent::Kind::kRestarted,
         incarnation, absl::OkStatus()});
  }
  post(name);
}

void PeerEvents::down(const NodeName& name, const absl::Status& reason) {
  {
    const MutexLock lock(mutex_);
    Peer& peer = find(name);
    if (peer.up.has_value() && !*peer.up) return;
    peer.up = false;
    add(peer, {name, PeerEvent::Kind::kDown, peer.incarnation, reason});
  }
  post(name);
}

PeerEvents::Peer& PeerEvents::find(const NodeName& name) {
  if (peers_.size() >= kMaxPeers && !peers_.contains(name)) {
    absl::erase_if(peers_, [](const auto& entry) {
      const Peer& peer = entry.second;
      return !peer.up.value_or(true) && peer.events.empty() && !peer.telling;
    });
  }
  return peers_[name];
}

void PeerEvents::add(Peer& peer, PeerEvent event) {
  if (peer.events.size() >= kMaxEvents) peer.events.pop_front();
  peer.events.push_back(std::move(event));
}

void PeerEvents::post(const NodeName& name) {
  {
    const MutexLock lock(mutex_);
    Peer& peer = find(name);
    if (std::exchange(peer.telling, true)) return;
  }
  Job job = [self = shared_from_this(), name] { self->tell(name); };
  if (callbacks_->post(job)) return;
  {
    const MutexLock lock(mutex_);
    find(name).telling = false;
  }
  if (const std::shared_ptr<Core> core = core_.lock()) {
    core->timers().at(Clock::now() + kRetry,
                      [self = shared_from_this(), name] { self->post(name); });
  }
}

void PeerEvents::tell(const NodeName& name) {
  for (;;) {
    PeerEvent event;
    {
      const MutexLock lock(mutex_);
      Peer& peer = find(name);
      if (peer.events.empty()) {
        peer.telling = false;
        return;
      }
      event = std::move(peer.events.front());
      peer.events.pop_front();
    }
    try {
      function_(event);
    } catch (...) {  // NOLINT(bugprone-empty-catch): nobody asks for an answer
    }
  }
}

}  // namespace kv::internal
