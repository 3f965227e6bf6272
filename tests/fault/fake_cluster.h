// FakeCluster: nodes in one process that reach each other through the Peer
// seam, without gRPC, over links whose faults the test chooses.
#ifndef KV_TESTS_FAULT_FAKE_CLUSTER_H_
#define KV_TESTS_FAULT_FAKE_CLUSTER_H_

#include <array>
#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "exec/timers.h"
#include "kv/node_options.h"
#include "node/core.h"
#include "peer/peer.h"

namespace kv::internal {

// What becomes of one request.
enum class Fate {
  kDeliver,
  kRefuse,      // nobody listens there: kUnavailable, not_run
  kDrop,        // a black hole: kDeadlineExceeded when the time is up
  kLoseAnswer,  // it runs, then the connection breaks: kUnavailable, unknown
};
struct Passage {
  Fate fate = Fate::kDeliver;
  std::chrono::microseconds delay{0};  // before it arrives
};
// Asked for each request, one at a time; must not use the cluster.
using Link = std::function<Passage(const Request& request)>;

// On whose thread a request arrives: one of the network's, or the sender's.
enum class Delivery { kNetwork, kInline };

// Nodes are called by their short names; their ports count from 4001. Safe from
// any thread.
class FakeCluster {
 public:
  explicit FakeCluster(const std::vector<std::string>& nodes,
                       const NodeOptions& options = {},
                       Delivery delivery = Delivery::kNetwork);
  // Stops all nodes, then the network.
  ~FakeCluster();
  FakeCluster(const FakeCluster&) = delete;
  FakeCluster& operator=(const FakeCluster&) = delete;

  Core& core(const std::string& node) const { return *nodes_.at(node).core; }
  Router& router(const std::string& node) const { return core(node).router(); }
  // `foo@127.0.0.1:4001`; also of a node that does not exist.
  NodeName name(const std::string& node) const;
  std::string str(const std::string& node) const { return name(node).str(); }

  // A table in which nodes have short names: "a..m foo\nn..z bar".
  RoutingTable table(const std::string& text) const;
  void set_table(const std::string& node, const std::string& text) const;
  void set_tables(const std::string& text) const;
  void define(const std::string& node, const std::string& op,
              OpFunction function) const;

  // Of the requests from one node to another; all are delivered until then.
  void set_link(const std::string& from, const std::string& to, Link link);
  void set_link(const std::string& from, const std::string& to, Fate fate);
  // Of all requests on all links.
  void set_all_links(Link link);
  // How many requests one node has sent to another, whatever became of them.
  int sent(const std::string& from, const std::string& to) const;

 private:
  class Flight;
  class TripFlight;
  class Line;
  class Lines;
  struct FakeNode {
    NodeName name;
    std::shared_ptr<Core> core;
  };

  std::shared_ptr<Cancellable> send(const NodeName& from, const NodeName& to,
                                    const Request& request, Done done);
  std::shared_ptr<Cancellable> send_trip(
      const NodeName& from, const NodeName& to,
      const std::vector<const Request*>& requests, Peer::Trip kind,
      Peer::DoneEach done);
  Passage passage(const NodeName& from, const NodeName& to,
                  const Request& request);
  void later(Clock::time_point time, std::function<void()> job);

  const Delivery delivery_;
  std::map<std::string, FakeNode> nodes_;
  std::array<Timers, 2> network_;
  std::atomic<unsigned> turn_{0};

  mutable std::mutex mutex_;
  std::map<std::pair<std::string, std::string>, Link> links_;
  std::map<std::pair<std::string, std::string>, int> sent_;
  Link all_links_;
};

}  // namespace kv::internal

#endif  // KV_TESTS_FAULT_FAKE_CLUSTER_H_
