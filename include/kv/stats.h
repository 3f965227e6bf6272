// kv::Stats: what a node is at, and what it has done since it started.
#ifndef KV_STATS_H_
#define KV_STATS_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "kv/export.h"
#include "kv/histogram.h"
#include "kv/node_name.h"
#include "kv/outcome.h"

namespace kv {

// Which part a node had in a call.
enum class CallPath {
  kLocal,      // Made here, and ended here: it ran here or was refused.
  kRemote,     // Made here, went to a peer.
  kServed,     // Came from a peer, and ended here.
  kForwarded,  // Came from a peer, was passed on to another.
};

// "local", "remote", "served", "forwarded".
KV_EXPORT const char* call_path_name(CallPath path);

inline std::ostream& operator<<(std::ostream& out, CallPath path) {
  return out << call_path_name(path);
}

// Calls of one operation that have ended, and ended alike.
struct OpStats {
  // "Get"; of the host's own, its name. Those have a row each as long as there
  // are no more than kMaxNamedOps of them that the node's host has defined or
  // calls; the others share the name "other".
  std::string op = {};
  bool of_host = false;
  CallPath path = CallPath::kLocal;
  absl::StatusCode code = absl::StatusCode::kOk;
  Outcome outcome = Outcome::kRan;
  std::uint64_t count = 0;
  // From the call's arrival at this node to its answer, the nodes after it
  // included. Not of every call: of those that are answered at once on the
  // thread that brings them, only of each 64th of a thread that succeeds, since
  // to read the clock takes as long as the operation. Not of those that are
  // turned away at once.
  Histogram latency = {};

  friend bool operator==(const OpStats& a, const OpStats& b) {
    return a.op == b.op && a.of_host == b.of_host && a.path == b.path &&
           a.code == b.code && a.outcome == b.outcome && a.count == b.count &&
           a.latency == b.latency;
  }
};

inline constexpr std::size_t kMaxNamedOps = 256;

enum class PeerState {
  kIdle,        // Nobody has asked for a connection.
  kConnecting,  // The first attempt goes on, or a lost one is made again.
  kUp,
  kDown,  // It does not answer, or does not let this node in. Tried again.
};

// "idle", "connecting", "up", "down".
KV_EXPORT const char* peer_state_name(PeerState state);

inline std::ostream& operator<<(std::ostream& out, PeerState state) {
  return out << peer_state_name(state);
}

// Another node, as this one sees it: the connection that this one made, and the
// calls on it. Starts anew if the peer was forgotten meanwhile (disconnect(),
// or because of NodeOptions::max_peers).
struct PeerStats {
  NodeName node = {};
  PeerState state = PeerState::kIdle;
  // Calls of this node that are at the peer, or on their way.
  std::size_t calls = 0;
  // Calls that wait to leave for it: to share the next trip, or until it has
  // taken in those before them.
  std::size_t waiting = 0;
  // Calls that have ended: with an answer of the operation's own, good or bad,
  // and without (refused, cancelled, too late, the connection broke).
  std::uint64_t answered = 0;
  std::uint64_t failed = 0;
  // Of messages: without headers, framing and encryption.
  std::uint64_t sent_bytes = 0;
  std::uint64_t received_bytes = 0;
  // Why the last call or connection failed, and how long ago. Empty: none has.
  std::string last_error = {};
  std::chrono::nanoseconds last_error_age{0};

  friend bool operator==(const PeerStats& a, const PeerStats& b) {
    return a.node == b.node && a.state == b.state && a.calls == b.calls &&
           a.waiting == b.waiting && a.answered == b.answered &&
           a.failed == b.failed && a.sent_bytes == b.sent_bytes &&
           a.received_bytes == b.received_bytes &&
           a.last_error == b.last_error && a.last_error_age == b.last_error_age;
  }
};

// A snapshot: its parts are read one after the other, while the node goes on.
struct Stats {
  NodeName node = {};
  std::chrono::nanoseconds uptime{0};
  std::uint64_t table_version = 0;
  std::size_t table_entries = 0;
  std::size_t buckets = 0;
  // Calls under way: with peers, waiting for their bucket, or running. Of
  // NodeOptions::max_calls.
  std::size_t calls = 0;
  // Operations of the host: those that run, of NodeOptions::op_threads; that
  // wait within the library for other calls, of max_waiting_ops; that wait for
  // a thread, of max_queued_ops.
  std::size_t running_ops = 0;
  std::size_t waiting_ops = 0;
  std::size_t queued_ops = 0;
  // Callbacks and coroutines that wait for a thread.
  std::size_t queued_callbacks = 0;
  // Those that the node talks to or has talked to, in order of their names.
  std::vector<PeerStats> peers = {};
  // What has ended, since the node started. Empty without NodeOptions::stats.
  std::vector<OpStats> ops = {};

  friend bool operator==(const Stats& a, const Stats& b) {
    return a.node == b.node && a.uptime == b.uptime &&
           a.table_version == b.table_version &&
           a.table_entries == b.table_entries && a.buckets == b.buckets &&
           a.calls == b.calls && a.running_ops == b.running_ops &&
           a.waiting_ops == b.waiting_ops && a.queued_ops == b.queued_ops &&
           a.queued_callbacks == b.queued_callbacks && a.peers == b.peers &&
           a.ops == b.ops;
  }
};

}  // namespace kv

#endif  // KV_STATS_H_
