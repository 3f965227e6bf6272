// kv::Stats: what a node is at, at one moment.
#ifndef KV_STATS_H_
#define KV_STATS_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "kv/node_name.h"

namespace kv {

// Another node, as this one sees it.
struct PeerStats {
  NodeName node = {};
  bool connected = false;
  // Calls of this node that are at the peer, or on their way.
  std::size_t calls = 0;
  // Calls that wait to share the next trip.
  std::size_t waiting = 0;

  friend bool operator==(const PeerStats& a, const PeerStats& b) {
    return a.node == b.node && a.connected == b.connected &&
           a.calls == b.calls && a.waiting == b.waiting;
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
  // Those that the node has a connection or calls to, in order of their names.
  std::vector<PeerStats> peers = {};

  friend bool operator==(const Stats& a, const Stats& b) {
    return a.node == b.node && a.uptime == b.uptime &&
           a.table_version == b.table_version &&
           a.table_entries == b.table_entries && a.buckets == b.buckets &&
           a.calls == b.calls && a.running_ops == b.running_ops &&
           a.waiting_ops == b.waiting_ops && a.queued_ops == b.queued_ops &&
           a.queued_callbacks == b.queued_callbacks && a.peers == b.peers;
  }
};

}  // namespace kv

#endif  // KV_STATS_H_
