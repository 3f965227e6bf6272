// Service: gives the calls that peers make to the node.
#ifndef KV_RPC_SERVICE_H_
#define KV_RPC_SERVICE_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <atomic>
#include <cstddef>
#include <utility>

#include "absl/status/status.h"
#include "kvroute/v1/kvroute.grpc.pb.h"
#include "peer/peer.h"
#include "rpc/gate.h"
#include "rpc/greetings.h"

namespace kv::internal {

// Refuses calls until serve(). Safe from any thread.
class Service final : public ::kvroute::v1::Peer::CallbackService {
 public:
  Service(std::size_t max_message_bytes, Gate gate)
      : max_message_bytes_(max_message_bytes), gate_(std::move(gate)) {}

  // From now on calls go to `receiver`, which outlives this.
  void serve(Receiver& receiver) {
    receiver_.store(&receiver, std::memory_order_release);
  }

  // Ends what would have no end by itself.
  void stop() { greetings_.stop(); }

 private:
  grpc::ServerWriteReactor<::kvroute::v1::HelloReply>* Hello(
      grpc::CallbackServerContext* context,
      const ::kvroute::v1::HelloRequest* request) override;
  grpc::ServerUnaryReactor* Route(grpc::CallbackServerContext* context,
                                  const ::kvroute::v1::RouteRequest* request,
                                  ::kvroute::v1::RouteReply* reply) override;
  grpc::ServerUnaryReactor* RouteMany(
      grpc::CallbackServerContext* context,
      const ::kvroute::v1::RouteManyRequest* request,
      ::kvroute::v1::RouteManyReply* reply) override;

  Receiver* receiver() const {
    return receiver_.load(std::memory_order_acquire);
  }

  // Why the call is refused before anything is looked at, or OK.
  absl::Status admit(const grpc::CallbackServerContext& context) const;

  const std::size_t max_message_bytes_;
  const Gate gate_;
  Greetings greetings_;
  std::atomic<Receiver*> receiver_{nullptr};
};

}  // namespace kv::internal

#endif  // KV_RPC_SERVICE_H_
