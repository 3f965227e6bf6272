// Core: everything of a node but its connections to the outside.
#ifndef KV_NODE_CORE_H_
#define KV_NODE_CORE_H_

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "data/bucket_map.h"
#include "data/builtin.h"
#include "exec/executor.h"
#include "exec/host_ops.h"
#include "exec/lines.h"
#include "exec/retry_budget.h"
#include "exec/timers.h"
#include "kv/node_options.h"
#include "kv/registry.h"
#include "kv/router.h"
#include "kv/stats.h"
#include "node/call_set.h"
#include "node/shares.h"
#include "node/table_cell.h"
#include "peer/peer.h"

namespace kv::internal {

// Shared with the operations of the host that run on it: one that never ends
// outlives the node. Safe from any thread.
class Core final : public Receiver, public std::enable_shared_from_this<Core> {
 public:
  // `name` with its true port.
  Core(const NodeOptions& options, NodeName name, std::unique_ptr<Peers> peers);
  // REQUIRES: stop() was called.
  ~Core() override;

  const NodeName& self() const { return self_; }
  const Limits& limits() const { return buckets_.limits(); }
  Home home() { return {buckets_, self_}; }
  TableCell& table() { return table_; }
  // From peers: NodeOptions::remote_set_table.
  bool takes_tables() const { return takes_tables_; }
  HostOps& ops() { return ops_; }
  CallSet& calls() { return calls_; }
  Shares& callers() { return callers_; }  // of the calls that come from peers
  RetryBudget& retries() { return retries_; }
  Lines& lines() { return lines_; }
  Timers& timers() { return timers_; }
  Executor& op_threads() { return op_threads_; }
  std::shared_ptr<Runner> callbacks() { return callbacks_.runner(); }
  Router& router() { return router_; }
  Registry& registry() { return registry_; }

  // What a peer has sent.
  std::shared_ptr<Cancellable> receive(Request request, Done done) override;
  std::optional<Response> answer_now(const Request& request) override;

  Stats stats() const;

  // As Node::stop.
  absl::Status stop(std::chrono::nanoseconds bound);

 private:
  const NodeName self_;
  const Clock::time_point started_ = Clock::now();
  BucketMap buckets_;
  TableCell table_;
  const bool takes_tables_;
  HostOps ops_;
  CallSet calls_;
  Shares callers_;
  RetryBudget retries_;
  const std::unique_ptr<Peers> peers_;
  Timers timers_;
  Lines lines_;
  Executor op_threads_;
  Executor callbacks_;
  Router router_;
  Registry registry_;

  Mutex stop_mutex_;  // held for the whole of stop()
  std::optional<absl::Status> stopped_ ABSL_GUARDED_BY(stop_mutex_);
};

}  // namespace kv::internal

#endif  // KV_NODE_CORE_H_
