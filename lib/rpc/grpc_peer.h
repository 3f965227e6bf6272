// GrpcPeer: another node behind a gRPC channel.
#ifndef KV_RPC_GRPC_PEER_H_
#define KV_RPC_GRPC_PEER_H_

#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "kv/node_name.h"
#include "peer/peer.h"
#include "rpc/channel.h"

namespace kv::internal {

// Safe from any thread. Calls under way outlive it.
class GrpcPeer final : public Peer {
 public:
  GrpcPeer(NodeName name, std::shared_ptr<Io> io,
           const ChannelOptions& options);
  ~GrpcPeer() override;

  std::shared_ptr<Cancellable> send(std::shared_ptr<const Request> request,
                                    Done done) override;
  std::shared_ptr<Cancellable> send_trip(
      const std::vector<const Request*>& requests, Trip kind,
      DoneEach done) override;

  // Waits for a connection. kUnavailable: an attempt failed; kDeadlineExceeded;
  // both not_run.
  absl::Status connect(Clock::time_point deadline);
  bool connected() const;
  PeerStats stats() const;
  // Neither connected nor used.
  bool idle() const;
  // Calls under way, and those that come still, end with kUnavailable: not_run
  // if they never left, else unknown.
  void close();

 private:
  class List;
  class Outgoing;
  class OutgoingCall;
  class OutgoingTrip;

  const NodeName name_;
  const std::shared_ptr<Channel> channel_;
  const std::shared_ptr<List> list_;
};

}  // namespace kv::internal

#endif  // KV_RPC_GRPC_PEER_H_
