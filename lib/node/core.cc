#include "node/core.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/outcome_mark.h"
#include "node/call.h"

namespace kv::internal {
namespace {

// How long stop() waits, once its bound has passed, for what it has cancelled.
constexpr std::chrono::milliseconds kGrace{250};

Executor::Options op_thread_options(const NodeOptions& options) {
  return {options.op_threads, options.max_waiting_ops, options.max_queued_ops};
}

// Beyond so many, callbacks run where their results are.
Executor::Options callback_options(const NodeOptions& options, Timers& timers) {
  constexpr std::chrono::milliseconds kPatience{1};
  return {options.callback_threads, options.max_waiting_ops, options.max_calls,
          kPatience, &timers};
}

Line::Options line_options(const NodeOptions& options) {
  return {options.max_trips_per_peer, options.max_trip_ops,
          options.max_trip_bytes};
}

}  // namespace

Core::Core(const NodeOptions& options, NodeName name,
           std::unique_ptr<Peers> peers)
    : self_(std::move(name)),
      buckets_(Limits::of(options)),
      table_(self_, options.table),
      takes_tables_(options.remote_set_table),
      calls_(options.max_calls),
      peers_(std::move(peers)),
      lines_(*peers_, timers_, line_options(options), options.max_peers),
      op_threads_(op_thread_options(options)),
      callbacks_(callback_options(options, timers_)),
      router_(*this),
      registry_(buckets_) {}

Core::~Core() = default;

std::shared_ptr<Cancellable> Core::receive(Request request, Done done) {
  return Call::receive(shared_from_this(), std::move(request), std::move(done));
}

std::optional<Response> Core::answer_now(const Request& request) {
  return Call::answer_now(*this, request);
}

Stats Core::stats() const {
  Stats stats;
  stats.node = self_;
  stats.uptime = Clock::now() - started_;
  const RoutingTable table = table_.table();
  stats.table_version = table.version();
  stats.table_entries = table.entries().size();
  stats.buckets = buckets_.size();
  stats.calls = calls_.size();
  const Executor::Load ops = op_threads_.load();
  stats.running_ops = ops.running;
  stats.waiting_ops = ops.waiting;
  stats.queued_ops = ops.queued;
  stats.queued_callbacks = callbacks_.load().queued;

  std::map<NodeName, PeerStats> peers;
  for (const NodeName& name : peers_->connected()) {
    peers[name].connected = true;
  }
  for (const Line::Load& line : lines_.load()) {
    peers[line.name].calls = line.away;
    peers[line.name].waiting = line.waiting;
  }
  for (auto& [name, peer] : peers) {
    peer.node = name;
    if (peer.connected || peer.calls > 0 || peer.waiting > 0) {
      stats.peers.push_back(peer);
    }
  }
  return stats;
}

absl::Status Core::stop(std::chrono::nanoseconds bound) {
  const MutexLock lock(stop_mutex_);
  if (stopped_.has_value()) return *stopped_;
  const Clock::time_point deadline = deadline_after(Clock::now(), bound);
  calls_.close();
  const bool finished = calls_.wait_until_empty(deadline);
  // From here on for all that is left together.
  const Clock::time_point end = std::max(deadline, Clock::now() + kGrace);
  if (!finished) {
    calls_.cancel_all();
    calls_.wait_until_empty(end);
  }
  const bool ops_ended = op_threads_.stop(end);
  const bool callbacks_ended = callbacks_.stop(end);
  timers_.stop();
  if (!ops_ended || !callbacks_ended) {
    stopped_ = absl::DeadlineExceededError(
        ops_ended ? "callbacks of the host are still running"
                  : "operations of the host are still running");
  } else {
    stopped_ = absl::OkStatus();
  }
  return *stopped_;
}

}  // namespace kv::internal
