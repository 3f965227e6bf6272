// Shares: how many of a node's calls come from each peer.
#ifndef KV_NODE_SHARES_H_
#define KV_NODE_SHARES_H_

#include <atomic>
#include <cstddef>
#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "base/mutex.h"
#include "kv/node_name.h"

namespace kv::internal {

// Safe from any thread.
class Shares {
 public:
  // One call's place in its peer's share, until it is destroyed or assigned to.
  class Place {
   public:
    Place() = default;
    Place(Place&&) = default;
    Place& operator=(Place&& other) noexcept {
      std::swap(calls_, other.calls_);
      return *this;
    }
    ~Place() {
      if (calls_ != nullptr) calls_->fetch_sub(1, std::memory_order_relaxed);
    }
    explicit operator bool() const { return calls_ != nullptr; }

   private:
    friend class Shares;
    using Calls = std::shared_ptr<std::atomic<std::size_t>>;
    explicit Place(Calls calls) : calls_(std::move(calls)) {}
    Calls calls_;
  };

  // Peers without a call are forgotten once there are more than `max_idle`.
  Shares(std::size_t max_calls, std::size_t max_idle)
      : max_calls_(max_calls), max_idle_(max_idle) {}

  // No place: that peer has as many as it may.
  Place enter(const NodeName& peer);

 private:
  const std::size_t max_calls_;
  const std::size_t max_idle_;
  Mutex mutex_;
  absl::flat_hash_map<NodeName, Place::Calls> peers_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace kv::internal

#endif  // KV_NODE_SHARES_H_
