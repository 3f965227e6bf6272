// Core: everything of a node but its connections to the outside.
#ifndef KV_NODE_CORE_H_
#define KV_NODE_CORE_H_

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "base/clock.h"
#include "base/log.h"
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
#include "node/call_meter.h"
#include "node/call_set.h"
#include "node/shares.h"
#include "node/table_cell.h"
#include "node/tracer.h"
#include "peer/peer.h"

namespace kv::internal {

// Shared with the operations of the host that run on it: one that never ends
// outlives the node. Safe from any thread.
class Core final : public Receiver, public std::enable_shared_from_this<Core> {
 public:
  // `name` with its true port. `log`: nullptr where there is none.
  Core(const NodeOptions& options, NodeName name, std::unique_ptr<Peers> peers,
       std::shared_ptr<Log> log);
  // REQUIRES: stop() was called.
  ~Core() override;

  const NodeName& self() const { return self_; }
  const Limits& limits() const { return buckets_.limits(); }
  Home home() { return {buckets_, self_}; }
  TableCell& table() { return table_; }
  // As Node::set_table.
  absl::Status set_table(const RoutingTable& table);
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
  CallMeter& meter() { return meter_; }
  const Tracer& tracer() const { return tracer_; }

  // What a peer has sent.
  std::shared_ptr<Cancellable> receive(Request request, Done done) override;
  std::optional<Response> answer_now(const Request& request) override;

  Stats stats() const;
  // A call has ended that the meter has not heard of. `begun`: if it was let
  // in.
  void note(const Op& op, CallPath path, const absl::Status& status,
            std::optional<Clock::time_point> begun);
  // Logs it if it is because of a limit.
  void note_limit(const absl::Status& status);

  // As Node::stop.
  absl::Status stop(std::chrono::nanoseconds bound);

 private:
  std::vector<PeerStats> peer_stats() const;
  bool is_defined(const Op& op) const;

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
  const Tracer tracer_;
  const std::shared_ptr<Log> log_;
  CallMeter meter_;

  Mutex stop_mutex_;  // held for the whole of stop()
  std::optional<absl::Status> stopped_ ABSL_GUARDED_BY(stop_mutex_);
};

}  // namespace kv::internal

#endif  // KV_NODE_CORE_H_
