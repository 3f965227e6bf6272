#include "rpc/peer_pool.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/outcome_mark.h"

namespace kv::internal {

void PeerPool::set_listener(std::shared_ptr<PeerListener> listener) {
  const MutexLock lock(mutex_);
  options_.listener = std::move(listener);
}

absl::StatusOr<std::shared_ptr<GrpcPeer>> PeerPool::find_grpc(
    const NodeName& name) {
  const MutexLock lock(mutex_);
  if (stopped_) {
    return not_run(absl::CancelledError("the node has stopped"));
  }
  const auto it = peers_.find(name);
  if (it != peers_.end()) return it->second;
  if (peers_.size() >= max_peers_) {
    // Make room: those that don't answer, and that nobody talks to now.
    absl::erase_if(peers_,
                   [](const auto& entry) { return entry.second->idle(); });
  }
  if (peers_.size() >= max_peers_) {
    return not_run(absl::ResourceExhaustedError(absl::StrCat(
        "this node talks to ", peers_.size(), " peers, its limit")));
  }
  auto peer = std::make_shared<GrpcPeer>(name, io_, options_);
  peers_.emplace(name, peer);
  return peer;
}

absl::StatusOr<std::shared_ptr<Peer>> PeerPool::find(const NodeName& name) {
  return find_grpc(name);
}

absl::Status PeerPool::connect(const NodeName& name,
                               Clock::time_point deadline) {
  auto peer = find_grpc(name);
  if (!peer.ok()) return std::move(peer).status();
  return (*peer)->connect(deadline);
}

absl::Status PeerPool::disconnect(const NodeName& name) {
  std::shared_ptr<GrpcPeer> peer;
  {
    const MutexLock lock(mutex_);
    const auto it = peers_.find(name);
    if (it == peers_.end()) {
      return absl::NotFoundError(
          absl::StrCat("there is no connection to ", name.str()));
    }
    peer = std::move(it->second);
    peers_.erase(it);
  }
  peer->close();
  return absl::OkStatus();
}

std::vector<NodeName> PeerPool::connected() const {
  std::vector<NodeName> names;
  {
    const MutexLock lock(mutex_);
    for (const auto& [name, peer] : peers_) {
      if (peer->connected()) names.push_back(name);
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<PeerStats> PeerPool::stats() const {
  std::vector<PeerStats> stats;
  const MutexLock lock(mutex_);
  for (const auto& [name, peer] : peers_) stats.push_back(peer->stats());
  return stats;
}

void PeerPool::stop() {
  absl::flat_hash_map<NodeName, std::shared_ptr<GrpcPeer>> peers;
  {
    const MutexLock lock(mutex_);
    stopped_ = true;
    peers.swap(peers_);
  }
  for (const auto& [name, peer] : peers) peer->close();
}

}  // namespace kv::internal
