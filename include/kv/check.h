// kv::check: does the cluster's routing hold together?
#ifndef KV_CHECK_H_
#define KV_CHECK_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "kv/call_options.h"
#include "kv/export.h"
#include "kv/node_name.h"
#include "kv/routing_table.h"

namespace kv {

struct CheckOptions {
  // Nodes whose tables could not be had: calls that are sent there fail.
  std::vector<NodeName> unreachable = {};
  // As CallOptions::max_hops.
  std::uint32_t max_hops = CallOptions().max_hops;
  // A table that all nodes are to get: what would move?
  std::optional<RoutingTable> next = {};
};

// How a call ends for which no node on its way has a reason to refuse it but
// its table.
enum class CallEnd {
  kOwner,        // it runs
  kGap,          // a node has no entry for it: kOutOfRange
  kCircle,       // kAborted
  kTooManyHops,  // kAborted
  kUnreachable,  // a table names one of CheckOptions::unreachable
  kUnknownNode,  // a table names a node of which nothing is known
};
// "owner", "gap", "circle", "too many hops", "unreachable", "unknown node".
KV_EXPORT const char* call_end_name(CallEnd end);

// What kv::check found. A value.
struct KV_EXPORT CheckReport {
  // A node on which calls are made, as its position in `nodes`, and how many
  // further nodes a call from there reached.
  struct From {
    std::uint32_t node = 0;
    std::uint32_t hops = 0;
  };
  // Calls that end alike.
  struct Ending {
    CallEnd end = CallEnd::kOwner;
    // The owner, or the node that can't be reached or isn't known; no name for
    // the other ends, which nodes share.
    NodeName node = {};
    std::vector<From> from = {};  // in the order of `nodes`
    // The way of the first of them, from where the call is made to where it
    // ends, or to the node that it would reach a second time, or too late.
    std::vector<NodeName> path = {};
  };
  // Names which all tables treat alike.
  struct Interval {
    // As a table has it: `a..m`, or `0..8191`, of slots. `a..\<b\x00` where the
    // names end before "b\x00", which no last prefix says. Where tables of both
    // kinds meet, both: `a..m 0..8191`.
    std::string range = {};
    std::string example = {};  // a name that belongs to it
    // In the order of `nodes`, by the first that each is for; one alone where
    // calls from everywhere end alike. Shared by intervals that fare alike.
    std::shared_ptr<const std::vector<Ending>> endings = {};
    // The tables name different nodes for it.
    bool disagree = false;

    // Calls from everywhere run, and on one node; or there is an entry nowhere,
    // which is legal.
    bool ok() const;
    bool gap() const;  // no call for it runs
    std::uint32_t most_hops() const;
  };
  struct Move {
    std::string range = {};
    // Where calls end now; more than one where tables disagree, none if they
    // reach nobody.
    std::vector<NodeName> from = {};
    std::optional<NodeName> to = {};  // nullopt: `next` has no entry for it
  };

  std::vector<NodeName> nodes = {};  // those whose tables were given, in order
  std::vector<NodeName> unreachable = {};
  // Named by a table, but neither of the above.
  std::vector<NodeName> unknown = {};

  // What names are cut by: in order, and together all names. Of slots, `slots`
  // as the tables say, or 65536, all values of the hash, if they say different
  // numbers; 0 if all tables are of name ranges.
  std::vector<Interval> intervals = {};
  std::uint32_t slots = 0;
  bool mixed = false;  // tables of different kinds, or numbers of slots

  std::uint64_t least_version = 0;
  std::uint64_t most_version = 0;

  // With CheckOptions::next: what would live elsewhere, and the nodes that
  // would refuse it, since their tables have a higher version.
  std::vector<Move> moves = {};
  std::vector<NodeName> refused_by = {};

  // All intervals are.
  bool ok() const;
  // One line: whether the tables hold together, and if not why.
  std::string verdict() const;
  // For people: the verdict, what is worth a note, then a table with a line for
  // each interval, at most `max_lines` of them, those with problems first if
  // they don't all fit; then the moves.
  std::string str(std::size_t max_lines = 40) const;

  friend std::ostream& operator<<(std::ostream& out,
                                  const CheckReport& report) {
    return out << report.str();
  }
};

// Follows a call for every name from every node, by the table of each node on
// its way, as the nodes themselves would. Pure: asks nobody. Cuts the names at
// the bounds of all tables, so that it costs about
// O(bounds * different tables * log) and, for each way in which names fare
// differently, O(nodes * hops).
// kInvalidArgument: no tables, a nameless node, or one both with a table and
// unreachable.
// kResourceExhausted: tables of different kinds that cut the names into more
// than a million pieces.
KV_EXPORT absl::StatusOr<CheckReport> check(
    const std::map<NodeName, RoutingTable>& tables,
    const CheckOptions& options = {});

}  // namespace kv

#endif  // KV_CHECK_H_
