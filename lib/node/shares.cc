#include "node/shares.h"

namespace kv::internal {

Shares::Place Shares::enter(const NodeName& peer) {
  const MutexLock lock(mutex_);
  auto it = peers_.find(peer);
  if (it == peers_.end()) {
    if (peers_.size() >= max_idle_) {
      absl::erase_if(peers_,
                     [](const auto& entry) { return *entry.second == 0; });
    }
    it = peers_.emplace(peer, std::make_shared<std::atomic<std::size_t>>(0))
             .first;
  }
  if (it->second->load(std::memory_order_relaxed) >= max_calls_) return {};
  it->second->fetch_add(1, std::memory_order_relaxed);
  return Place(it->second);
}

}  // namespace kv::internal
