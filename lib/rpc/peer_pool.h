// PeerPool: one connection for each node that this one talks to.
#ifndef KV_RPC_PEER_POOL_H_
#define KV_RPC_PEER_POOL_H_

#include <cstddef>
#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "base/mutex.h"
#include "peer/peer.h"
#include "rpc/grpc_peer.h"

namespace kv::internal {

// Safe from any thread.
class PeerPool final : public Peers {
 public:
  PeerPool(const ChannelOptions& options, std::size_t max_peers)
      : max_peers_(max_peers), options_(options) {}

  absl::StatusOr<std::shared_ptr<Peer>> find(const NodeName& name) override;

  absl::Status connect(const NodeName& name, Clock::time_point deadline);
  // kNotFound where this node does not talk to it.
  absl::Status disconnect(const NodeName& name);
  std::vector<NodeName> connected() const;  // in order

  // Tells of the peers that come up later. Once, before there are any.
  void set_listener(std::shared_ptr<PeerListener> listener);

  // Lets go of all peers, and takes no more: kCancelled. Waits until `deadline`
  // for what gRPC has still to do. Before the server stops: gRPC's threads end
  // with the last who needs them, and must not be the ones to let go of it.
  void stop(Clock::time_point deadline);

 private:
  absl::StatusOr<std::shared_ptr<GrpcPeer>> find_grpc(const NodeName& name);

  const std::size_t max_peers_;

  mutable Mutex mutex_;
  ChannelOptions options_ ABSL_GUARDED_BY(mutex_);
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  absl::flat_hash_map<NodeName, std::shared_ptr<GrpcPeer>> peers_
      ABSL_GUARDED_BY(mutex_);
};

}  // namespace kv::internal

#endif  // KV_RPC_PEER_POOL_H_
