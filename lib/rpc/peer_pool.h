// PeerPool: one connection for each node that this one talks to.
#ifndef KV_RPC_PEER_POOL_H_
#define KV_RPC_PEER_POOL_H_

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "base/mutex.h"
#include "peer/peer.h"
#include "rpc/grpc_peer.h"
#include "rpc/io.h"

namespace kv::internal {

// Safe from any thread.
class PeerPool final : public Peers {
 public:
  PeerPool(std::shared_ptr<Io> io, const ChannelOptions& options,
           std::size_t max_peers)
      : io_(std::move(io)), max_peers_(max_peers), options_(options) {}

  absl::StatusOr<std::shared_ptr<Peer>> find(const NodeName& name) override;

  absl::Status connect(const NodeName& name, Clock::time_point deadline);
  // kNotFound where this node does not talk to it.
  absl::Status disconnect(const NodeName& name);
  // Those that there is a connection to, in order.
  std::vector<NodeName> connected() const;
  std::vector<PeerStats> stats() const override;

  // Tells of the peers that come up later. Once, before there are any.
  void set_listener(std::shared_ptr<PeerListener> listener);

  // Ends what is under way; find() is refused from now on.
  void stop();

 private:
  absl::StatusOr<std::shared_ptr<GrpcPeer>> find_grpc(const NodeName& name);

  const std::shared_ptr<Io> io_;
  const std::size_t max_peers_;

  mutable Mutex mutex_;
  ChannelOptions options_ ABSL_GUARDED_BY(mutex_);
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  absl::flat_hash_map<NodeName, std::shared_ptr<GrpcPeer>> peers_
      ABSL_GUARDED_BY(mutex_);
};

}  // namespace kv::internal

#endif  // KV_RPC_PEER_POOL_H_
