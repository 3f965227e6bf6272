// A conversation with a cluster, by way of one of its nodes.
#ifndef KVCTL_SESSION_H_
#define KVCTL_SESSION_H_

#include <kv/kv.h>

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace kvctl {

// Not thread-safe.
class Session {
 public:
  // `nodes` as --node gives them; the first that can be reached is asked, the
  // first of all if none can. Plaintext if `tls` is empty. A bad name is a
  // usage_error().
  static absl::StatusOr<std::unique_ptr<Session>> open(
      const std::vector<std::string>& nodes, const kv::Tls& tls,
      const std::string& cookie_file, std::chrono::nanoseconds timeout);

  // The node that is asked: calls by bucket go to it, and on by its table.
  const kv::NodeName& asked() const { return asked_; }
  // All that were given.
  const std::vector<kv::NodeName>& given() const { return given_; }
  // Of a name on the command line; empty: asked(). A usage_error().
  absl::StatusOr<kv::NodeName> node(const std::string& text) const;

  kv::Router& router() { return node_->router(); }
  kv::Node& client() { return *node_; }
  kv::CallOptions options() const;
  std::chrono::nanoseconds timeout() const { return timeout_; }

  template <typename Op>
  typename Op::Result route(std::string_view bucket, const Op& op) {
    return router().route(bucket, op, options());
  }
  template <typename Op>
  typename Op::Result call(const kv::NodeName& node, const Op& op) {
    return router().call(node, op, options());
  }

 private:
  Session(std::unique_ptr<kv::Node> node, std::vector<kv::NodeName> given,
          std::chrono::nanoseconds timeout);

  const std::unique_ptr<kv::Node> node_;
  const std::vector<kv::NodeName> given_;
  const std::chrono::nanoseconds timeout_;
  kv::NodeName asked_;
};

// What the nodes of a cluster say of themselves.
struct Cluster {
  std::map<kv::NodeName, kv::RoutingTable> tables;
  std::map<kv::NodeName, absl::Status> failed;  // those that gave no table
};
// Asks the given nodes, and all that tables name.
Cluster look_around(Session& session);

}  // namespace kvctl

#endif  // KVCTL_SESSION_H_
