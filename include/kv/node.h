// kv::Node: this program as a member of the cluster.
#ifndef KV_NODE_H_
#define KV_NODE_H_

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kv/async.h"
#include "kv/export.h"
#include "kv/internal/typed_op.h"
#include "kv/node_name.h"
#include "kv/node_options.h"
#include "kv/op_context.h"
#include "kv/registry.h"
#include "kv/router.h"
#include "kv/routing_table.h"
#include "kv/stats.h"

namespace kv {

// Owns the buckets whose names fall into its ranges, and serves its peers.
// Nothing is global: several nodes may live in one process. Safe from any
// thread, but for its destruction.
class KV_EXPORT Node {
 public:
  // Listens when it returns, unless it is a client.
  //   kInvalidArgument     a bad name, a listening address, a limit,
  //                        certificates or a cookie that make no sense
  //   kNotFound            a certificate, key or cookie file can't be read
  //   kAlreadyExists       the port is in use; names it
  //   kFailedPrecondition  plaintext off loopback without `insecure`; others
  //                        have rights to the cookie file
  //   kUnavailable         the address can't be listened on for another reason
  static absl::StatusOr<std::unique_ptr<Node>> start(NodeOptions options);

  // stop(5 s), if that was not done before. Calls under way that other threads
  // wait for end with kCancelled before this returns. REQUIRES: no thread
  // enters this node or its Router any more. An operation of the host that does
  // not end by then keeps its thread, and what the library gave it stays valid;
  // what it borrowed from the host must stay valid too.
  ~Node();
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  const NodeName& name() const;
  Router& router();
  Registry& registry();

  RoutingTable table() const;
  // Replaces the table whole: a call sees the old one or the new one.
  // kFailedPrecondition: `table` has a lower version than the present one,
  // which stays.
  absl::Status set_table(const RoutingTable& table);

  // Peers and this node can from now on `Apply{name, args}`. Any time, for
  // good. kInvalidArgument: an empty or over-long name, or no function.
  // kAlreadyExists: the name is defined.
  absl::Status define(std::string_view name, OpFunction function,
                      OpTraits traits = {});
  // The same for one with types, such as a kv::ProtoOp.
  template <typename TypedOp>
  absl::Status define(const TypedOp& op, typename TypedOp::Function function,
                      OpTraits traits = {}) {
    internal::TypedFunction erased;
    if (function) erased = op.erase(std::move(function));
    return define_typed(op.name, op.signature(), std::move(erased), traits);
  }
  // In order of their names.
  std::vector<OpInfo> ops() const;

  // Runs `function()` on a thread of this node's pool, without a bucket: see
  // kv/async.h.
  template <typename F>
  auto async(F function) {
    return internal::async_on(op_runner(), std::move(function));
  }

  // Connections. A call connects by itself; these are for hosts that want to
  // know beforehand. OK once there is a connection. kUnavailable,
  // kInvalidArgument (a bad name, or this node's own), kDeadlineExceeded.
  absl::Status connect(std::string_view node, std::chrono::nanoseconds timeout =
                                                  std::chrono::seconds(5));
  // Closes the connection; calls under way on it fail with kUnavailable. The
  // next call connects anew. kNotFound: there is none.
  absl::Status disconnect(std::string_view node);
  // The time of a round trip through the peer's service. Errors as
  // Router::call.
  absl::StatusOr<std::chrono::nanoseconds> ping(
      std::string_view node,
      std::chrono::nanoseconds timeout = std::chrono::seconds(5));
  // The nodes that there is a connection to now, in order of their names.
  std::vector<NodeName> peers() const;

  // Cheap enough to be asked every second; router().call(node, GetStats{}) asks
  // another node.
  Stats stats() const;
  // The same for whoever may outlive the node: nullopt once it is gone.
  std::function<std::optional<Stats>()> stats_source() const;

  // Takes no new calls (kCancelled here, kUnavailable for peers, not_run);
  // those under way finish, or are cancelled once `bound` has passed, which may
  // take half a second more.
  // kDeadlineExceeded: operations of the host are still running; their late
  // answers are dropped. Idempotent: a later call waits for the first.
  absl::Status stop(std::chrono::nanoseconds bound = std::chrono::seconds(5));

 private:
  absl::Status define_typed(std::string_view name,
                            internal::OpSignature signature,
                            internal::TypedFunction function, OpTraits traits);

  std::shared_ptr<internal::Runner> op_runner();

  struct Parts;
  explicit Node(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace kv

#endif  // KV_NODE_H_
