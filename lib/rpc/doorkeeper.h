// Doorkeeper: who may call.
#ifndef KV_RPC_DOORKEEPER_H_
#define KV_RPC_DOORKEEPER_H_

#include <grpcpp/server_context.h>

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "base/log.h"
#include "rpc/allowed_peers.h"

namespace kv::internal {

// Metadata of a call. "-bin", so that a cookie may hold any bytes: a line break
// in plain metadata would end the process that sends it.
inline constexpr char kCookieKey[] = "kvroute-cookie-bin";

// Safe from any thread.
class Doorkeeper {
 public:
  // An empty cookie: no call needs one. `log`, which may be null, hears of who
  // is refused.
  Doorkeeper(std::string cookie, AllowedPeers allowed,
             std::shared_ptr<Log> log);

  // kUnauthenticated: no cookie, or a wrong one; kPermissionDenied: the
  // caller's certificate has no allowed name. OK costs next to nothing where
  // there is neither cookie nor allowed peers.
  absl::Status check(const grpc::ServerContextBase& context) const;

 private:
  absl::Status check_all(const grpc::ServerContextBase& context) const;
  absl::Status check_cookie(const grpc::ServerContextBase& context) const;
  absl::Status check_name(const grpc::ServerContextBase& context) const;

  const std::string cookie_;
  const AllowedPeers allowed_;
  const std::shared_ptr<Log> log_;
};

}  // namespace kv::internal

#endif  // KV_RPC_DOORKEEPER_H_
