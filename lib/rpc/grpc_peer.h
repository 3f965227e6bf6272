// GrpcPeer: another node behind a gRPC channel.
#ifndef KV_RPC_GRPC_PEER_H_
#define KV_RPC_GRPC_PEER_H_

#include <chrono>
#include <cstddef>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "kv/node_name.h"
#include "peer/peer.h"

namespace kv::internal {

struct ChannelOptions {
  std::chrono::milliseconds connect_timeout{5000};
  std::size_t max_message_bytes = 0;
};

// Safe from any thread. Calls under way outlive it.
class GrpcPeer final : public Peer {
 public:
  GrpcPeer(NodeName name, const ChannelOptions& options);
  ~GrpcPeer() override;

  std::shared_ptr<Cancellable> send(const Request& request, Done done) override;
  std::vector<std::shared_ptr<Cancellable>> send_all(
      std::vector<Outgoing> calls) override;

  // Waits for a connection. kUnavailable (not_run): an attempt failed;
  // kDeadlineExceeded (not_run).
  absl::Status connect(Clock::time_point deadline);
  bool connected() const;
  // Calls under way end with kUnavailable (unknown).
  void close();

 private:
  struct Channel;
  class CallList;
  class Trip;
  class SingleTrip;
  class SharedTrip;

  const NodeName name_;
  const std::shared_ptr<Channel> channel_;
  const std::shared_ptr<CallList> calls_;
};

}  // namespace kv::internal

#endif  // KV_RPC_GRPC_PEER_H_
