// Batch: calls that leave together.
#ifndef KV_EXEC_BATCH_H_
#define KV_EXEC_BATCH_H_

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "kv/internal/task_state.h"
#include "peer/peer.h"

namespace kv::internal {

// Collects calls and sends those to one peer as one, or as few as the limits
// allow. For one thread.
class Batch {
 public:
  using Sent = std::function<void(std::shared_ptr<Cancellable> at_peer)>;

  // One trip carries at most about `max_bytes` of requests, and kMaxCalls.
  static constexpr std::size_t kMaxCalls = 1024;
  explicit Batch(std::size_t max_bytes) : max_bytes_(max_bytes) {}

  // `request` stays as it is until `sent`, which is called by send() with what
  // Peer::send returns.
  void add(std::shared_ptr<Peer> peer, const Request& request, Done done,
           Sent sent);
  void send();

 private:
  struct Trip {
    std::shared_ptr<Peer> peer;
    std::vector<Peer::Outgoing> calls;
    std::vector<Sent> sent;
    std::size_t bytes = 0;
  };

  const std::size_t max_bytes_;
  std::map<Peer*, std::vector<Trip>> trips_;
};

}  // namespace kv::internal

#endif  // KV_EXEC_BATCH_H_
