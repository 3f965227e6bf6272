#include "node/core.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/awake.h"
#include "base/outcome_mark.h"
#include "node/call.h"

namespace kv::internal {
namespace {

// How long stop() waits, once its bound has passed, for what it has cancelled.
constexpr std::chrono::milliseconds kGrace{250};

Executor::Options op_thread_options(const NodeOptions& options) {
  Executor::Options threads;
  threads.threads = options.op_threads;
  threads.max_waiting = options.max_waiting_ops;
  threads.max_queued = options.max_queued_ops;
  threads.max_delay = options.max_queue_delay;
  return threads;
}

// Beyond so many, callbacks run where their results are.
Executor::Options callback_options(const NodeOptions& options, Timers& timers) {
  constexpr std::chrono::milliseconds kPatience{1};
  return {options.callback_threads,
          options.max_waiting_ops,
          options.max_calls,
          kPatience,
          &timers,
          {},
          &callback_threads_awake};
}

Line::Options line_options(const NodeOptions& options) {
  return {options.max_trips_per_peer, options.max_trip_ops,
          options.max_trip_bytes, options.max_calls_per_peer,
          options.max_queue_delay};
}

}  // namespace

Core::Core(const NodeOptions& options, NodeName name,
           std::unique_ptr<Peers> peers, std::shared_ptr<Log> log)
    : self_(std::move(name)),
      buckets_(Limits::of(options)),
      table_(self_, options.table),
      takes_tables_(options.remote_set_table),
      calls_(options.max_calls, options.max_queued_bytes),
      callers_(options.max_calls_per_peer, options.max_peers),
      retries_(options.retry_budget, Clock::now()),
      peers_(std::move(peers)),
      lines_(*peers_, timers_, line_options(options), options.max_peers),
      op_threads_(op_thread_options(options)),
      callbacks_(callback_options(options, timers_)),
      router_(*this),
      registry_(buckets_),
      tracer_(options.observer, self_),
      log_(std::move(log)),
      meter_(options.stats) {
  if (log_ != nullptr) log_->start(self_, callbacks());
}

Core::~Core() = default;

std::shared_ptr<Cancellable> Core::receive(Request request, Done done) {
  return Call::receive(shared_from_this(), std::move(request), std::move(done));
}

std::optional<Response> Core::answer_now(const Request& request) {
  constexpr CallPath kPath = CallPath::kServed;
  CallMeter::AtOnce meter(meter_, request.op.index(), kPath);
  const Clock::time_point begun =
      tracer_.on() ? Clock::now() : Clock::time_point();
  std::optional<Response> response = Call::answer_now(*this, request);
  if (!response.has_value()) return response;
  const absl::Status& status = response->answer.status;
  meter.ended(status);
  if (!status.ok()) note_limit(status);
  if (tracer_.on()) {
    tracer_.tell_at_once(Span::Kind::kServe, request, request.trace, status,
                         begun);
  }
  return response;
}

absl::Status Core::set_table(const RoutingTable& table) {
  absl::Status status = table_.set(table);
  if (log_ == nullptr) return status;
  if (status.ok()) {
    log_->write(LogSeverity::kInfo,
                absl::StrCat("goes by a table with version ", table.version(),
                             " and ", table.entries().size(), " entries"));
  } else {
    log_->write(LogSeverity::kWarning,
                absl::StrCat("refused a table: ", status.message()));
  }
  return status;
}

void Core::note(const Op& op, CallPath path, const absl::Status& status,
                std::optional<Clock::time_point> begun) {
  if (meter_.on()) {
    std::optional<std::chrono::nanoseconds> took;
    if (begun.has_value()) took = Clock::now() - *begun;
    const bool own = path == CallPath::kLocal || path == CallPath::kRemote;
    meter_.add(op, path, status, took, own || is_defined(op));
  }
  if (!status.ok()) note_limit(status);
}

void Core::note_limit(const absl::Status& status) {
  if (log_ == nullptr || !absl::IsResourceExhausted(status) ||
      outcome(status) != Outcome::kNotRun ||
      !log_->due(Log::Often::kRefusedCall)) {
    return;
  }
  log_->write_due(Log::Often::kRefusedCall, LogSeverity::kWarning,
                  absl::StrCat("a call was refused: ", status.message()));
}

bool Core::is_defined(const Op& op) const {
  const std::string* const name = name_of_host_op(op);
  return name == nullptr || ops_.find(*name) != nullptr;
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

  stats.peers = peer_stats();
  stats.ops = meter_.read();
  return stats;
}

std::vector<PeerStats> Core::peer_stats() const {
  std::map<NodeName, PeerStats> peers;
  for (PeerStats& it : peers_->stats()) {
    const NodeName name = it.node;
    peers.emplace(name, std::move(it));
  }
  for (const Line::Load& line : lines_.load()) {
    PeerStats& peer = peers[line.name];
    peer.node = line.name;
    peer.calls = line.away;
    peer.waiting = line.waiting;
    peer.answered = line.answered;
    peer.failed = line.failed;
    if (line.last_failure.empty()) continue;
    const Clock::duration age = Clock::now() - line.last_failure_time;
    if (!peer.last_error.empty() && peer.last_error_age <= age) continue;
    peer.last_error = line.last_failure;
    peer.last_error_age = age;
  }
  std::vector<PeerStats> stats;
  stats.reserve(peers.size());
  for (auto& [name, peer] : peers) stats.push_back(std::move(peer));
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
