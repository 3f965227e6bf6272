// Server: takes the calls of peers from the network.
#ifndef KV_RPC_SERVER_H_
#define KV_RPC_SERVER_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/log.h"
#include "peer/peer.h"
#include "rpc/allowed_peers.h"
#include "rpc/credentials.h"
#include "rpc/io.h"
#include "rpc/service.h"

namespace kv::internal {

struct ServerOptions {
  // `host:port`, where port 0 takes a free one; empty for a client, which only
  // needs the threads.
  std::string address;
  MessageLimits limits;
  std::size_t io_threads = 1;
  std::chrono::microseconds busy_poll{0};
  Credentials credentials;
  std::string cookie;  // empty: callers need none
  AllowedPeers allowed_peers;
  std::size_t max_connections = 0;
  // How long a new connection may take until it can carry calls.
  std::chrono::milliseconds handshake_timeout{0};
  // A caller that is gone without a word is noticed after so long.
  std::chrono::milliseconds keepalive{0};
  // Of one connection at a time. What is beyond waits at the caller.
  std::size_t max_calls = 0;
  bool serve_health = true;
  bool serve_reflection = true;
  std::shared_ptr<Log> log;  // nullptr: nobody wants to know
};

class Server {
 public:
  // Listens, if there is an address; calls wait for serve(). kAlreadyExists:
  // the port is in use; kUnavailable: the address can't be listened on for
  // another reason. Both name address and cause.
  static absl::StatusOr<std::unique_ptr<Server>> start(
      const ServerOptions& options);
  // REQUIRES: stop() was called.
  ~Server();

  std::uint16_t port() const { return port_; }
  // The threads that serve it, for the node's own calls as well.
  const std::shared_ptr<Io>& io() const;

  // From now on calls go to `receiver`, which outlives the server. Once.
  void serve(Receiver& receiver);

  // Tells who asks for its health that it is about to stop.
  void drain();
  // Takes no more calls; those under way are cancelled at `deadline`. Waits
  // until each has ended.
  void stop(Clock::time_point deadline);

 private:
  struct Parts;
  Server(std::unique_ptr<Parts> parts, std::uint16_t port);
  const std::unique_ptr<Parts> parts_;
  const std::uint16_t port_;
};

}  // namespace kv::internal

#endif  // KV_RPC_SERVER_H_
