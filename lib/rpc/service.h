// Service: gives the calls that peers make to the node.
#ifndef KV_RPC_SERVICE_H_
#define KV_RPC_SERVICE_H_

#include <grpcpp/completion_queue.h>

#include <cstddef>
#include <vector>

#include "kvroute/v1/kvroute.grpc.pb.h"
#include "peer/peer.h"
#include "rpc/io.h"

namespace kv::internal {

// Trips come as bytes: see wire_trip.h.
using RawService = ::kvroute::v1::Peer::WithRawMethod_RouteMany<
    ::kvroute::v1::Peer::WithAsyncMethod_Route<::kvroute::v1::Peer::Service>>;

struct MessageLimits {
  std::size_t message_bytes = 0;
  // Once the answers of a trip have so many, the rest of it is handed back.
  std::size_t trip_bytes = 0;
};

// Safe from any thread.
class Service {
 public:
  explicit Service(const MessageLimits& limits) : limits_(limits) {}
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  // What the server is built with.
  RawService& grpc_service() { return service_; }

  // Takes calls from now on, those that have come before too. Once. `queues`
  // are those of `io`; both and `receiver` outlive the server.
  void serve(Receiver& receiver, Io& io,
             const std::vector<grpc::ServerCompletionQueue*>& queues);

 private:
  const MessageLimits limits_;
  RawService service_;
};

}  // namespace kv::internal

#endif  // KV_RPC_SERVICE_H_
