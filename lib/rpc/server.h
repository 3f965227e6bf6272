// Server: takes the calls of peers from the network.
#ifndef KV_RPC_SERVER_H_
#define KV_RPC_SERVER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "peer/peer.h"
#include "rpc/io.h"
#include "rpc/service.h"

namespace kv::internal {

class Server {
 public:
  // Listens on `address`, `host:port`, where port 0 takes a free one; nowhere
  // if it is empty, for a client, which needs its threads. Refuses calls until
  // serve(). kAlreadyExists: the port is in use; kUnavailable: the
  // address can't be listened on for another reason. Both name address and
  // cause.
  static absl::StatusOr<std::unique_ptr<Server>> start(
      const std::string& address, const MessageLimits& limits,
      std::size_t io_threads);
  // REQUIRES: stop() was called.
  ~Server();

  std::uint16_t port() const { return port_; }
  // The threads that serve it, for the node's own calls as well.
  const std::shared_ptr<Io>& io() const;

  // From now on calls go to `receiver`, which outlives the server. Once.
  void serve(Receiver& receiver);

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
