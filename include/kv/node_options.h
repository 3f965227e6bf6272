// kv::NodeOptions: everything a node can be told before it starts.
#ifndef KV_NODE_OPTIONS_H_
#define KV_NODE_OPTIONS_H_

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kv/log.h"
#include "kv/observer.h"
#include "kv/peer_event.h"
#include "kv/routing_table.h"
#include "kv/tls.h"

namespace kv {

struct NodeOptions {
  // `foo@127.0.0.1:4001`: what peers call this node and where they dial it.
  // Port 0 takes a free one, and Node::name() then tells it.
  std::string name = {};
  // Where to listen, `host:port`, where that is not what peers dial (a
  // container, a wildcard address). Empty: the address in `name`. Its port must
  // not be 0.
  std::string listen = {};
  RoutingTable table = {};

  // A node that only calls others, as a tool does: it does not listen, and
  // nobody can call it or have buckets on it. Its `name` has port 0, which it
  // keeps and which no table can name, so that several clients may share a
  // name; peers show it in traces and errors. A table that gives all names to
  // one peer (`..` is the range of all names) lets that peer decide.
  bool client = false;

  // Peers may replace this node's table, by kv::SetTable. Whoever may call a
  // node could send its buckets' callers anywhere, so it has to be written.
  bool remote_set_table = false;

  // Who may come in: SECURITY.md says what protects against whom. Without `tls`
  // traffic is plaintext, which is for loopback: listening on any other address
  // is then refused unless `insecure` is written.
  std::optional<Tls> tls = {};
  bool insecure = false;
  // With mutual TLS: the peers whose calls this node takes, each a subject
  // alternative name of a certificate. A DNS name (`foo.example.org`;
  // `*.example.org`: any one label before it), an IP address, or a URI
  // (`spiffe://example.org/foo`, compared byte by byte). Empty: all with a
  // certificate from Tls::ca.
  std::vector<std::string> allowed_peers = {};
  // A secret that all nodes of a cluster share, 1 to 1024 bytes. Calls that
  // come without it are refused with kUnauthenticated, not_run. Sent with each
  // call: over plaintext whoever can listen learns it.
  std::string cookie = {};
  // Or a file that holds it, less the line break at its end. As
  // ~/.erlang.cookie: it must belong to this process's user, and nobody else
  // may read it.
  std::string cookie_file = {};

  // Sizes. What is over one of them is kInvalidArgument at the caller, before
  // anything is sent; a receiver checks again.
  std::size_t max_bucket_name_bytes = 1024;
  std::size_t max_key_bytes = 64 * 1024;
  std::size_t max_value_bytes = 16 * 1024 * 1024;
  std::size_t max_op_name_bytes = 1024;
  // Arguments of an operation of the host, and its answer (over it:
  // kResourceExhausted, ran).
  std::size_t max_args_bytes = 16 * 1024 * 1024;
  // What one operation may write to OpContext::out().
  std::size_t max_out_bytes = 1024 * 1024;

  // Counts. Past them a call is refused with kResourceExhausted, not_run.
  // Calls that this node has under way: with peers, waiting for their bucket,
  // or running. A call that is answered at once on the calling thread does not
  // count.
  std::size_t max_calls = 65536;
  // Of those, calls that have come from one peer, and calls that are at one
  // peer or on their way: so neither a peer that floods nor one that is frozen
  // uses them all up. A peer goes by the name that it gives itself.
  std::size_t max_calls_per_peer = 16384;
  // Bytes of the requests under way. One that finds no other is let in whatever
  // its size.
  std::size_t max_queued_bytes = 256 * 1024 * 1024;
  // Of the calls under way, those that wait for one bucket. Nor does a call
  // wait there that would lose half of its time with it.
  std::size_t max_calls_per_bucket = 16384;
  std::size_t max_buckets = 16 * 1024 * 1024;
  std::size_t max_peers = 1024;
  // Connections from peers. Those beyond it are closed at once.
  std::size_t max_connections = 8192;

  // Operations of the host run on threads of the node's own, which start when
  // needed and end when idle. This many run at once; so many that never return
  // leave no thread for others. One that waits in the library for another call
  // does not count, ...
  std::size_t op_threads = 16;
  // ... but keeps its thread. Once so many wait, a further wait is refused with
  // kResourceExhausted.
  std::size_t max_waiting_ops = 1024;
  // Operations that are ready to run and wait for a thread.
  std::size_t max_queued_ops = 16384;
  // How long they may wait for one when there are too many of them. Once more
  // operations wait than there are `op_threads`, the first of them for longer
  // than this, and for four times as long they do not become fewer, the first
  // are refused with kResourceExhausted, not_run, until no more are left than
  // that or they have waited for less. Callers' nodes then hold back. A burst
  // that comes within that time is served whole; who sends longer ones, and can
  // wait, sets this to seconds. So long also wait, on the way to
  // a peer, those that come faster than it takes them in and become more.
  std::chrono::milliseconds max_queue_delay{5};
  // Callbacks of asynchronous calls and coroutines run, and may block, on this
  // many threads of their own.
  std::size_t callback_threads = 4;

  // Calls to a peer that is answering others already wait for those, and then
  // leave together, as one message: so many messages, operations and bytes at a
  // time.
  std::size_t max_trips_per_peer = 4;
  std::size_t max_trip_ops = 1024;
  std::size_t max_trip_bytes = 256 * 1024;
  // Threads that speak to peers. One is the fastest on a small machine.
  std::size_t io_threads = 1;
  // After an event such a thread stays awake for so long, to see the next one
  // sooner than a sleeping thread could be woken; but only while events come
  // that fast, and nobody else needs the core, nor where it has only one. A
  // peer's single calls are answered sooner by it, for up to a whole core while
  // they last. 0: never. At most 10 ms.
  std::chrono::microseconds busy_poll = std::chrono::microseconds(200);

  // How long a connection attempt may take before the peer counts as
  // unreachable; and how long one from a peer may take until it is served.
  std::chrono::milliseconds connect_timeout = std::chrono::seconds(5);
  // The longest pause between two attempts to reach a peer that is down. The
  // first is 100 ms, if this is no less; each is a fifth longer or shorter by
  // chance.
  std::chrono::milliseconds max_reconnect_pause =
      std::chrono::milliseconds(400);
  // A peer that has died or frozen without a word is noticed after no longer
  // than this: calls under way with it end with kUnavailable, and others fail
  // at once. Not below 500 ms. Each half of it a few bytes travel on every
  // connection. A caller that has died so is noticed after six times as long.
  std::chrono::milliseconds keepalive = std::chrono::seconds(10);

  // What provably did not run may be sent again, where tables disagree: at most
  // this share of the calls made here, from 0 to 1, and ten a second besides.
  double retry_budget = 0.1;

  // Is told when a peer that this node has talked to comes, goes, or comes back
  // as another process. Runs on the threads of `callback_threads`, for one peer
  // one event at a time, in order. May call the node, but not destroy it. Of
  // one that lags behind by more than 64 events, the oldest are dropped.
  std::function<void(const PeerEvent& event)> on_peer = {};

  // Also serve grpc.health.v1.Health, for load balancers and orchestrators:
  // SERVING until stop(), for "" and "kvroute.v1.Peer". It asks for no cookie.
  bool serve_health = true;
  // Also serve grpc.reflection.v1alpha, by which grpcurl and grpc_cli learn the
  // messages that nodes exchange. Who may not call may not ask that either.
  bool serve_reflection = true;

  // What can be seen of the node. Stats::ops: counts and latencies of calls.
  bool stats = true;
  // Is told of each hop of each call: kv/observer.h. Shared with calls under
  // way.
  std::shared_ptr<Observer> observer = {};
  // What the node has to say: kv/log.h. Without it nothing is printed. Never
  // for each call; what strangers can cause at most once a second. Runs on the
  // threads of `callback_threads`, one entry at a time, in order; of a host
  // that lags behind by more than 1024 entries, the oldest are dropped. The
  // last ones, of stop(), come on the thread that stops. (gRPC has a log of its
  // own, for the whole process: see README.md.)
  std::function<void(const LogEntry& entry)> log = {};
};

}  // namespace kv

#endif  // KV_NODE_OPTIONS_H_
