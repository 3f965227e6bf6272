// Service: gives the calls that peers make to the node.
#ifndef KV_RPC_SERVICE_H_
#define KV_RPC_SERVICE_H_

#include <grpcpp/completion_queue.h>

#include <cstddef>
#include <utility>
#include <vector>

#include "peer/peer.h"
#include "rpc/doorkeeper.h"
#include "rpc/greetings.h"
#include "rpc/io.h"
#include "rpc/raw_service.h"

namespace kv::internal {

struct MessageLimits {
  std::size_t message_bytes = 0;
  // Once the answers of a trip have so many, the rest of it is handed back.
  std::size_t trip_bytes = 0;
};

// Safe from any thread.
class Service {
 public:
  Service(const MessageLimits& limits, Doorkeeper doorkeeper)
      : limits_(limits), doorkeeper_(std::move(doorkeeper)) {}
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  // What the server is built with.
  RawService& grpc_service() { return service_; }

  // Takes calls from now on, those that have come before too. Once. `queues`
  // are those of `io`; both and `receiver` outlive the server.
  void serve(Receiver& receiver, Io& io,
             const std::vector<grpc::ServerCompletionQueue*>& queues);
  // Ends what would have no end by itself.
  void stop() { greetings_.stop(); }

 private:
  const MessageLimits limits_;
  const Doorkeeper doorkeeper_;
  RawService service_;
  Greetings greetings_{service_, doorkeeper_};
};

}  // namespace kv::internal

#endif  // KV_RPC_SERVICE_H_
