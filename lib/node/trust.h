// What NodeOptions say of who may come in, made ready for use.
#ifndef KV_NODE_TRUST_H_
#define KV_NODE_TRUST_H_

#include <string>

#include "absl/status/statusor.h"
#include "kv/node_options.h"
#include "rpc/allowed_peers.h"
#include "rpc/credentials.h"

namespace kv::internal {

struct Trust {
  Credentials credentials;
  std::string cookie;
  AllowedPeers allowed_peers;

  // Reads the files. Errors as Node::start.
  static absl::StatusOr<Trust> of(const NodeOptions& options);
};

}  // namespace kv::internal

#endif  // KV_NODE_TRUST_H_
