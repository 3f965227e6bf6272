#include "kv/check.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/hops.h"
#include "table/check_cells.h"
#include "table/text.h"

namespace kv {
namespace {

using internal::table::cut_into_pieces;
using internal::table::Piece;
using internal::table::Pieces;

using Endings = std::vector<CheckReport::Ending>;

// Nodes by number: those with a table first, then the unreachable, then those
// that only tables name.
constexpr std::uint32_t kNoNode = UINT32_MAX;
using Numbers = std::vector<std::uint32_t>;

class Checker {
 public:
  Checker(const std::map<NodeName, RoutingTable>& tables,
          const CheckOptions& options)
      : max_hops_(std::min(options.max_hops, internal::kMostHops)) {
    for (const auto& [node, table] : tables) {
      number(node);
      add_table(table.with_version(0));
    }
    with_table_ = static_cast<std::uint32_t>(nodes_.size());
    for (const NodeName& node : options.unreachable) number(node);
    known_ = static_cast<std::uint32_t>(nodes_.size());
  }

  absl::Status cut(CheckReport& report) {
    absl::StatusOr<Pieces> pieces = cut_into_pieces(different_);
    if (!pieces.ok()) return std::move(pieces).status();
    report.slots = pieces->slots;
    report.mixed = pieces->mixed;
    for (Piece& piece : pieces->pieces) {
      const Numbers owners = numbers(piece.owners);
      report.intervals.push_back({range_of(piece), std::move(piece.example),
                                  endings(owners), differ(owners)});
    }
    return absl::OkStatus();
  }

  absl::Status compare(const RoutingTable& next, CheckReport& report) {
    std::vector<RoutingTable> all = different_;
    all.push_back(next);
    absl::StatusOr<Pieces> pieces = cut_into_pieces(all);
    if (!pieces.ok()) return std::move(pieces).status();
    std::vector<Numbers> from;
    std::vector<std::uint32_t> to;
    for (const Piece& piece : pieces->pieces) {
      Numbers owners = numbers(piece.owners);
      to.push_back(owners.back());
      owners.pop_back();
      from.push_back(places(*endings(owners)));
    }
    for (std::size_t i = 0; i < from.size(); ++i) {
      if (from[i] == (to[i] == kNoNode ? Numbers() : Numbers{to[i]})) continue;
      Piece piece = pieces->pieces[i];
      const std::size_t first = i;
      while (i + 1 < from.size() && from[i + 1] == from[first] &&
             to[i + 1] == to[first] && join(piece, pieces->pieces[i + 1])) {
        ++i;
      }
      report.moves.push_back(move(piece, from[first], to[first]));
    }
    return absl::OkStatus();
  }

  void tell_nodes(CheckReport& report) const {
    for (std::uint32_t i = 0; i < nodes_.size(); ++i) {
      (i < with_table_ ? report.nodes
       : i < known_    ? report.unreachable
                       : report.unknown)
          .push_back(nodes_[i]);
    }
  }

 private:
  std::uint32_t number(const NodeName& node) {
    const auto [it, is_new] =
        number_of_.try_emplace(node, static_cast<std::uint32_t>(nodes_.size()));
    if (is_new) nodes_.push_back(node);
    return it->second;
  }

  void add_table(const RoutingTable& table) {
    const auto same = std::find(different_.begin(), different_.end(), table);
    table_of_.push_back(static_cast<std::uint32_t>(same - different_.begin()));
    if (same == different_.end()) different_.push_back(table);
  }

  Numbers numbers(const std::vector<const NodeName*>& owners) {
    Numbers result;
    result.reserve(owners.size());
    for (const NodeName* owner : owners) {
      if (owner == nullptr) {
        result.push_back(kNoNode);
        continue;
      }
      const auto [it, is_new] = number_at_.try_emplace(owner, 0);
      if (is_new) it->second = number(*owner);
      result.push_back(it->second);
    }
    return result;
  }

  static bool differ(const Numbers& owners) {
    return std::adjacent_find(owners.begin(), owners.end(),
                              std::not_equal_to<>()) != owners.end();
  }

  // Of calls for what the different tables give to `owners`.
  std::shared_ptr<const Endings> endings(const Numbers& owners) {
    std::shared_ptr<const Endings>& endings = endings_[owners];
    if (endings == nullptr) {
      auto made = std::make_shared<Endings>();
      for (std::uint32_t node = 0; node < with_table_; ++node) {
        follow(node, owners, *made);
      }
      endings = std::move(made);
    }
    return endings;
  }

  // As lib/node/call.cc does.
  void follow(std::uint32_t from, const Numbers& owners, Endings& endings) {
    Numbers path = {from};
    for (;;) {
      const std::uint32_t at = path.back();
      const auto hops = static_cast<std::uint32_t>(path.size() - 1);
      if (at >= with_table_) {
        const CallEnd end =
            at < known_ ? CallEnd::kUnreachable : CallEnd::kUnknownNode;
        return add(end, {from, hops - 1}, path, endings);
      }
      const std::uint32_t next = owners[table_of_[at]];
      if (next == kNoNode)
        return add(CallEnd::kGap, {from, hops}, path, endings);
      if (next == at) return add(CallEnd::kOwner, {from, hops}, path, endings);
      const bool circle =
          std::find(path.begin(), path.end(), next) != path.end();
      path.push_back(next);
      if (circle) return add(CallEnd::kCircle, {from, hops}, path, endings);
      if (hops >= max_hops_) {
        return add(CallEnd::kTooManyHops, {from, hops}, path, endings);
      }
    }
  }

  void add(CallEnd end, CheckReport::From from, const Numbers& path,
           Endings& endings) const {
    NodeName node;
    if (end == CallEnd::kOwner || end == CallEnd::kUnreachable ||
        end == CallEnd::kUnknownNode) {
      node = nodes_[path.back()];
    }
    for (CheckReport::Ending& ending : endings) {
      if (ending.end == end && ending.node == node) {
        return ending.from.push_back(from);
      }
    }
    CheckReport::Ending ending{end, std::move(node), {from}, {}};
    for (const std::uint32_t step : path) ending.path.push_back(nodes_[step]);
    endings.push_back(std::move(ending));
  }

  // Where calls end, in order.
  Numbers places(const Endings& endings) {
    Numbers places;
    for (const CheckReport::Ending& ending : endings) {
      if (!ending.node.empty()) places.push_back(number(ending.node));
    }
    std::sort(places.begin(), places.end());
    places.erase(std::unique(places.begin(), places.end()), places.end());
    return places;
  }

  static std::string range_of(const Piece& piece) {
    std::string range;
    if (piece.span.has_value())
      range = internal::table::print_span(*piece.span);
    if (piece.slots.has_value()) {
      absl::StrAppend(&range, range.empty() ? "" : " ", piece.slots->first,
                      "..", piece.slots->end - 1);
    }
    return range;
  }

  // False: `piece` and `next` are no one range.
  static bool join(Piece& piece, const Piece& next) {
    if (piece.span.has_value() && piece.slots.has_value()) return false;
    if (piece.span.has_value()) {
      piece.span->end = next.span->end;
    } else {
      piece.slots->end = next.slots->end;
    }
    return true;
  }

  CheckReport::Move move(const Piece& piece, const Numbers& from,
                         std::uint32_t to) const {
    CheckReport::Move move{range_of(piece), {}, {}};
    for (const std::uint32_t node : from) move.from.push_back(nodes_[node]);
    if (to != kNoNode) move.to = nodes_[to];
    return move;
  }

  const std::uint32_t max_hops_;
  std::vector<NodeName> nodes_;
  absl::flat_hash_map<NodeName, std::uint32_t> number_of_;
  std::uint32_t with_table_ = 0;
  std::uint32_t known_ = 0;

  std::vector<RoutingTable> different_;
  Numbers table_of_;  // of each node with a table, in different_
  absl::flat_hash_map<const NodeName*, std::uint32_t> number_at_;
  absl::flat_hash_map<Numbers, std::shared_ptr<const Endings>> endings_;
};

absl::Status check_input(const std::map<NodeName, RoutingTable>& tables,
                         const CheckOptions& options) {
  if (tables.empty()) return absl::InvalidArgumentError("no tables to check");
  if (tables.begin()->first.empty()) {
    return absl::InvalidArgumentError("a table of a nameless node");
  }
  for (const NodeName& node : options.unreachable) {
    if (node.empty()) {
      return absl::InvalidArgumentError("an unreachable node without a name");
    }
    if (tables.count(node) > 0) {
      return absl::InvalidArgumentError(
          absl::StrCat(node.str(), " is unreachable and has a table at once"));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<CheckReport> check(
    const std::map<NodeName, RoutingTable>& tables,
    const CheckOptions& options) {
  absl::Status status = check_input(tables, options);
  if (!status.ok()) return status;
  CheckReport report;
  report.least_version = UINT64_MAX;
  for (const auto& [node, table] : tables) {
    const std::uint64_t version = table.version();
    report.least_version = std::min(report.least_version, version);
    report.most_version = std::max(report.most_version, version);
    if (options.next.has_value() && version > options.next->version()) {
      report.refused_by.push_back(node);
    }
  }
  Checker checker(tables, options);
  status = checker.cut(report);
  if (!status.ok()) return status;
  checker.tell_nodes(report);
  if (options.next.has_value()) {
    status = checker.compare(*options.next, report);
    if (!status.ok()) return status;
  }
  return report;
}

bool CheckReport::Interval::gap() const {
  return endings->size() == 1 && endings->front().end == CallEnd::kGap;
}

bool CheckReport::Interval::ok() const {
  return endings->size() == 1 && (endings->front().end == CallEnd::kOwner ||
                                  endings->front().end == CallEnd::kGap);
}

std::uint32_t CheckReport::Interval::most_hops() const {
  std::uint32_t most = 0;
  for (const Ending& ending : *endings) {
    for (const From& from : ending.from) most = std::max(most, from.hops);
  }
  return most;
}

bool CheckReport::ok() const {
  return std::all_of(intervals.begin(), intervals.end(),
                     [](const Interval& it) { return it.ok(); });
}

}  // namespace kv
