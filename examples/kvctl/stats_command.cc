// What a node is at, and what it has done.
#include <kv/kv.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "kvctl/commands.h"
#include "kvctl/histogram.h"

namespace kvctl {
namespace {

std::string code_name(absl::StatusCode code) {
  return absl::StatusCodeToString(code);
}

Json to_json(const kv::PeerStats& peer) {
  return {{"node", peer.node.str()},
          {"state", kv::peer_state_name(peer.state)},
          {"calls", peer.calls},
          {"waiting", peer.waiting},
          {"answered", peer.answered},
          {"failed", peer.failed},
          {"sent_bytes", peer.sent_bytes},
          {"received_bytes", peer.received_bytes},
          {"last_error", to_json(std::string_view(peer.last_error))},
          {"last_error_age_nanoseconds", peer.last_error_age.count()}};
}

Json to_json(const kv::OpStats& op) {
  const auto quantile = [&](double part) {
    return op.latency.quantile(part).count();
  };
  return {{"op", to_json(std::string_view(op.op))},
          {"of_host", op.of_host},
          {"path", kv::call_path_name(op.path)},
          {"code", code_name(op.code)},
          {"outcome", kv::outcome_name(op.outcome)},
          {"count", op.count},
          {"timed", op.latency.count()},
          {"mean_nanoseconds", op.latency.mean().count()},
          {"p50_nanoseconds", quantile(0.5)},
          {"p99_nanoseconds", quantile(0.99)},
          {"p999_nanoseconds", quantile(0.999)}};
}

Json to_json(const kv::Stats& stats) {
  Json peers = Json::array();
  for (const kv::PeerStats& it : stats.peers) peers.push_back(to_json(it));
  Json ops = Json::array();
  for (const kv::OpStats& it : stats.ops) ops.push_back(to_json(it));
  return {{"node", stats.node.str()},
          {"uptime_nanoseconds", stats.uptime.count()},
          {"table_version", stats.table_version},
          {"table_entries", stats.table_entries},
          {"buckets", stats.buckets},
          {"calls", stats.calls},
          {"running_ops", stats.running_ops},
          {"waiting_ops", stats.waiting_ops},
          {"queued_ops", stats.queued_ops},
          {"queued_callbacks", stats.queued_callbacks},
          {"peers", std::move(peers)},
          {"ops", std::move(ops)}};
}

Columns gauges(const kv::Stats& stats) {
  Columns columns({"WHAT", "NOW"});
  const auto add = [&](const char* what, std::uint64_t count) {
    columns.add({what, std::to_string(count)});
  };
  columns.add({"node", stats.node.str()});
  columns.add({"uptime", shown(stats.uptime)});
  add("table version", stats.table_version);
  add("table entries", stats.table_entries);
  add("buckets", stats.buckets);
  add("calls under way", stats.calls);
  add("ops that run", stats.running_ops);
  add("ops that wait for calls", stats.waiting_ops);
  add("ops that wait for a thread", stats.queued_ops);
  add("callbacks that wait for a thread", stats.queued_callbacks);
  add("peers", stats.peers.size());
  return columns;
}

Columns peers(const kv::Stats& stats) {
  Columns columns({"PEER", "STATE", "CALLS", "WAITING", "ANSWERED", "FAILED",
                   "SENT", "RECEIVED", "LAST ERROR"});
  for (const kv::PeerStats& it : stats.peers) {
    columns.add(
        {it.node.str(), kv::peer_state_name(it.state), std::to_string(it.calls),
         std::to_string(it.waiting), std::to_string(it.answered),
         std::to_string(it.failed), std::to_string(it.sent_bytes),
         std::to_string(it.received_bytes),
         it.last_error.empty()
             ? "-"
             : shown(it.last_error_age) + " ago: " + escape(it.last_error)});
  }
  return columns;
}

Columns ops(const kv::Stats& stats) {
  Columns columns({"OP", "PATH", "ENDED", "COUNT", "P50", "P99"});
  for (const kv::OpStats& it : stats.ops) {
    const bool timed = it.latency.count() > 0;
    std::string ended = code_name(it.code);
    if (it.code != absl::StatusCode::kOk) {
      ended += std::string(" ") + kv::outcome_name(it.outcome);
    }
    columns.add({escape(it.op), kv::call_path_name(it.path), ended,
                 std::to_string(it.count),
                 timed ? shown(it.latency.quantile(0.5)) : "-",
                 timed ? shown(it.latency.quantile(0.99)) : "-"});
  }
  return columns;
}

Ending stats(Context& context, const std::string& node_text) {
  KVCTL_TRY(node, context.session.node(node_text));
  KVCTL_TRY(stats, context.session.call(node, kv::GetStats{}));
  context.out.columns(to_json(stats), gauges(stats));
  if (!stats.peers.empty()) context.out.more_columns(peers(stats));
  if (!stats.ops.empty()) context.out.more_columns(ops(stats));
  return {};
}

}  // namespace

void add_stats_command(Commands& commands) {
  auto node = std::make_shared<std::string>();
  commands
      .add("stats",
           "Shows what a node is at, its peers, and the calls that have ended",
           "stats", [node](Context& context) { return stats(context, *node); })
      .add_option("NODE", *node, "Which node; else the one asked");
}

}  // namespace kvctl
