// Link: one gRPC channel to a node.
#ifndef KV_RPC_LINK_H_
#define KV_RPC_LINK_H_

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/impl/rpc_method.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "kv/node_name.h"
#include "kvroute/v1/kvroute.grpc.pb.h"
#include "peer/peer.h"
#include "rpc/credentials.h"
#include "rpc/io.h"

namespace kv::internal {

// How long after a failure to try again, for the first time.
inline constexpr std::chrono::milliseconds kFirstReconnect{100};

struct ChannelOptions {
  std::chrono::milliseconds connect_timeout{5000};
  std::chrono::milliseconds max_reconnect_pause{400};
  std::chrono::milliseconds keepalive{10000};
  std::size_t max_message_bytes = 0;
  Credentials credentials;
  std::string cookie;                      // empty: none is sent
  std::shared_ptr<PeerListener> listener;  // nullptr: nobody wants to know
};

// Says who calls.
void sign(const ChannelOptions& options, grpc::ClientContext& context);

// As gRPC wants it; never past the end of time.
gpr_timespec to_gpr(Clock::time_point deadline);

// Safe from any thread.
class Link {
 public:
  // On any thread. Neither is called once the link has ended.
  using Greeted = std::function<void(std::uint64_t incarnation)>;
  using Ended = std::function<void(absl::Status why)>;

  Link(const NodeName& name, Io& io, const ChannelOptions& options);
  ~Link();
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  // Calls whose messages are written by hand: the generated stub can't.
  const grpc::internal::RpcMethod& route() const { return route_; }
  const grpc::internal::RpcMethod& route_many() const { return route_many_; }
  grpc::Channel& channel() { return *channel_; }
  // Also asks for a connection if there is none and none is on its way.
  grpc_connectivity_state state_or_connect() {
    return channel_->GetState(true);
  }
  grpc_connectivity_state state() const { return channel_->GetState(false); }

  // Connects, and says hello: a call that lasts as long as the connection.
  // `greeted` once the peer has answered, `ended` when the call has; without
  // `patient` also when an attempt to connect fails. The greeting before ends
  // without a word. False, and nothing happens, where `io` has stopped.
  bool greet(const ChannelOptions& options, bool patient, Greeted greeted,
             Ended ended);
  // Ends the greeting, without a word.
  void leave() { replace(nullptr); }

 private:
  class Greeting;
  void replace(std::shared_ptr<Greeting> by);

  Io& io_;
  const std::shared_ptr<grpc::Channel> channel_;
  const std::unique_ptr<::kvroute::v1::Peer::Stub> stub_;
  const grpc::internal::RpcMethod route_;
  const grpc::internal::RpcMethod route_many_;
  Mutex mutex_;
  std::shared_ptr<Greeting> greeting_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace kv::internal

#endif  // KV_RPC_LINK_H_
