// AllowedPeers: whose certificates entitle to calls.
#ifndef KV_RPC_ALLOWED_PEERS_H_
#define KV_RPC_ALLOWED_PEERS_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace kv::internal {

// A value. The patterns of NodeOptions::allowed_peers.
class AllowedPeers {
 public:
  // kInvalidArgument: one is no pattern; names it.
  static absl::StatusOr<AllowedPeers> parse(
      const std::vector<std::string>& patterns);

  // There are none, so everybody is.
  bool empty() const;

  // Of one subject alternative name.
  bool allow_dns(std::string_view name) const;
  bool allow_ip(std::string_view address) const;
  bool allow_uri(std::string_view uri) const;

 private:
  std::vector<std::string> dns_;  // in lower case, without a dot at the end
  std::vector<std::string> ip_;   // as inet_ntop prints it
  std::vector<std::string> uri_;
};

}  // namespace kv::internal

#endif  // KV_RPC_ALLOWED_PEERS_H_
