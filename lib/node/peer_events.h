// PeerEvents: tells the host what becomes of peers.
#ifndef KV_NODE_PEER_EVENTS_H_
#define KV_NODE_PEER_EVENTS_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "base/mutex.h"
#include "kv/internal/task_state.h"
#include "kv/node_name.h"
#include "kv/peer_event.h"
#include "node/core.h"
#include "peer/peer.h"

namespace kv::internal {

// Makes NodeOptions::on_peer's events of what it hears, and runs it on the
// node's callback threads: for one peer one at a time, in order. Safe from any
// thread.
class PeerEvents final : public PeerListener,
                         public std::enable_shared_from_this<PeerEvents> {
 public:
  using Function = std::function<void(const PeerEvent& event)>;

  // nullptr where there is no function.
  static std::shared_ptr<PeerListener> make(Function function, Core& core);

  PeerEvents(Function function, Core& core);

  void up(const NodeName& peer, std::uint64_t incarnation) override;
  void down(const NodeName& peer, const absl::Status& reason) override;

 private:
  struct Peer {
    std::optional<bool> up;
    std::uint64_t incarnation = 0;
    std::deque<PeerEvent> events;  // that have not been told
    bool telling = false;
  };

  Peer& find(const NodeName& name) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void add(Peer& peer, PeerEvent event) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void post(const NodeName& name);
  void tell(const NodeName& name);

  const Function function_;
  const std::weak_ptr<Core> core_;  // which owns this
  const std::shared_ptr<Runner> callbacks_;

  Mutex mutex_;
  absl::flat_hash_map<NodeName, Peer> peers_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace kv::internal

#endif  // KV_NODE_PEER_EVENTS_H_
