// Peer: another node, as this one sees it. The seam where tests put faults.
#ifndef KV_PEER_PEER_H_
#define KV_PEER_PEER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "base/clock.h"
#include "data/op.h"
#include "kv/call_options.h"
#include "kv/internal/task_state.h"
#include "kv/node_name.h"
#include "kv/stats.h"
#include "kv/trace_context.h"

namespace kv::internal {

// A bucket that an operation of the host has to itself while it calls others.
struct Held {
  NodeName node;
  std::string bucket;
};

// One call, on its way from node to node.
struct Request {
  // What it is for. No name: for the node. An id: the bucket of a BucketRef.
  std::string bucket;
  std::uint64_t bucket_id = 0;
  Op op;

  // Nothing is to be run: who receives it answers at once, which tells that it
  // and what was sent before it have arrived. The operation is Whoami.
  bool acknowledge = false;
  // Whoever receives it runs it, whatever its table says.
  bool here = false;
  Clock::time_point deadline = Clock::time_point::max();
  std::uint32_t max_hops = 0;
  // The nodes that have passed it on before this one does, first the one where
  // it was made; and this one, which outlives the request. nullptr: nobody has.
  std::vector<NodeName> path;
  const NodeName* sender = nullptr;
  // The buckets whose operations wait for this call, outermost first.
  std::vector<Held> held;
  bool want_trace = false;
  bool want_out = false;
  // The trace that it belongs to, and what there is its parent.
  std::optional<TraceContext> trace;
};

// About how much of a message it takes.
std::size_t size_of(const Request& request);

struct Response {
  Answer answer;  // a failure carries its outcome
  // Of a failure that a table which is about to be replaced can have caused:
  // the node where the call was made may start over.
  bool look_again = false;
  // Of a failure: not 0 where the node that this comes from has too much to do.
  // So many operations of hosts it can run, or have wait, at a time.
  std::uint32_t room = 0;
  // No answer: a call that shared a trip can't be answered at once, has not
  // run, and must be sent by itself.
  bool handed_back = false;
  std::vector<Hop> hops;  // first that of the node which answers
  std::string out;
  // The call that it ends, if that is a small one of this node's.
  std::shared_ptr<Cancellable> call;
};

using Done = absl::AnyInvocable<void(Response&& response)>;

// Safe from any thread.
class Peer {
 public:
  virtual ~Peer() = default;

  // Sends `request`, to which nothing is written as long as it is shared, and
  // calls `done` once, on any thread, possibly before this returns; at the
  // latest a moment after the request's deadline, or after cancel() of what is
  // returned (not nullptr). A failure is marked: not_run if the request
  // provably never left or was refused before it ran, else unknown; unmarked
  // only if it is the operation's own.
  virtual std::shared_ptr<Cancellable> send(
      std::shared_ptr<const Request> request, Done done) = 0;

  // The same for several that share a trip, which are only read during this
  // call. `done` is called once for each,
  // with its place, one after the other; cancel() ends them all.
  enum class Trip {
    kFast,      // what can't be answered at once is handed back
    kTogether,  // all answers come together, when the last is there
  };
  using DoneEach =
      absl::AnyInvocable<void(std::size_t place, Response&& response)>;
  virtual std::shared_ptr<Cancellable> send_trip(
      const std::vector<const Request*>& requests, Trip kind,
      DoneEach done) = 0;
};

// The peers of a node. Safe from any thread.
class Peers {
 public:
  virtual ~Peers() = default;
  // kResourceExhausted (not_run) where there are too many already.
  virtual absl::StatusOr<std::shared_ptr<Peer>> find(const NodeName& name) = 0;
  // Of those there are: state, bytes and the last error of the connection.
  virtual std::vector<PeerStats> stats() const = 0;
};

// Is told what becomes of the peers, for each in order. Called under locks of
// the caller: an implementation takes note, and neither waits nor calls back.
// Safe from any thread.
class PeerListener {
 public:
  virtual ~PeerListener() = default;
  // Possibly again, or as another incarnation, without a down() in between.
  virtual void up(const NodeName& peer, std::uint64_t incarnation) = 0;
  virtual void down(const NodeName& peer, const absl::Status& reason) = 0;
};

// What takes the calls that arrive from peers. Safe from any thread.
class Receiver {
 public:
  virtual ~Receiver() = default;
  // Calls `done` once, on any thread, possibly before this returns, and soon
  // after cancel() of what is returned (nullptr once it is done).
  virtual std::shared_ptr<Cancellable> receive(Request request, Done done) = 0;
  // The answer, if it can be had at once on this thread; nullopt, and nothing
  // has run, where the request would have to wait or to be passed on.
  virtual std::optional<Response> answer_now(const Request& request) = 0;
};

}  // namespace kv::internal

#endif  // KV_PEER_PEER_H_
