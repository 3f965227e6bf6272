#include "table/build.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/strings.h"
#include "table/bounds.h"
#include "table/text.h"

namespace kv::internal::table {
namespace {

absl::Status invalid(std::string_view cause) {
  return absl::InvalidArgumentError(to_absl(cause));
}

absl::Status invalid(const std::string& place, std::string_view cause) {
  return invalid(absl::StrCat(place, ": ", to_absl(cause)));
}

absl::Status too_many_entries() {
  return invalid(absl::StrCat("more than ", kMaxEntries, " entries"));
}

// The checks of one entry by itself return what is wrong, "" if nothing is.

std::string check(const NodeName& node) {
  if (node.empty()) return "no node";
  if (node.port() == 0) {
    return absl::StrCat("bad node name ", quoted(node.str()),
                        ": nobody can dial port 0");
  }
  return "";
}

std::string check(const RoutingTable::Range& range) {
  const std::size_t longest = std::max(range.first.size(), range.last.size());
  if (longest > kMaxBoundBytes) {
    return absl::StrCat("a bound of ", longest, " bytes; at most ",
                        kMaxBoundBytes);
  }
  return check(range.node);
}

std::string check(const RoutingTable::SlotRange& range, std::uint32_t slots) {
  for (std::uint32_t slot : {range.first, range.last}) {
    if (slot >= slots) {
      return absl::StrCat("slot ", slot, " is beyond the last one, ",
                          slots - 1);
    }
  }
  return check(range.node);
}

std::string inverted(const RoutingTable::Range& range) {
  return absl::StrCat("inverted range ", shorten(print_range(range)),
                      ": no name is >= ", quoted(range.first),
                      " and begins with at most ", quoted(range.last));
}

std::string inverted(const RoutingTable::SlotRange& range) {
  return absl::StrCat("inverted range ", print_range(range));
}

std::string unreachable(const Body& body, std::size_t entry,
                        const std::vector<Interval>& intervals,
                        const Places& places) {
  const auto self = intervals.begin() + static_cast<std::ptrdiff_t>(entry);
  const auto taker = std::find_if(
      intervals.begin(), self,
      [self](const Interval& before) { return before.holds(*self); });
  const RoutingTable::Entry& shown = body.entries[entry];
  return absl::StrCat(
      "entry ", shorten(shown.range), " ", shown.node.str(),
      " can't be reached: ",
      taker == self
          ? "entries before it take all of it"
          : places[static_cast<std::size_t>(taker - intervals.begin())] +
                " takes all of it");
}

// Gives each cell to the first entry that wants it.
template <typename AnyRange>
absl::StatusOr<Claims> claim_cells(const Body& body,
                                   const std::vector<AnyRange>& ranges,
                                   const std::vector<Interval>& intervals,
                                   std::size_t cells, const Places& places) {
  Claims claims(cells);
  for (std::size_t i = 0; i < intervals.size(); ++i) {
    if (intervals[i].empty()) {
      return invalid(places[i], inverted(ranges[i]));
    }
    if (!claims.claim(intervals[i], static_cast<std::uint32_t>(i))) {
      return invalid(places[i], unreachable(body, i, intervals, places));
    }
  }
  return claims;
}

// Fills in all of the body but its index; moves the nodes out of `ranges`.
template <typename AnyRange>
absl::Status add_entries(std::vector<AnyRange>& ranges, Body& body) {
  body.entries.reserve(ranges.size());
  std::size_t bytes = kMaxDirectiveBytes;
  for (AnyRange& range : ranges) {
    body.entries.push_back({print_range(range), std::move(range.node)});
    bytes += text_bytes(body.entries.back());
    // parse() would not take back what str() prints.
    if (bytes > kMaxTextBytes) {
      return invalid(absl::StrCat("a table whose text has more than ",
                                  kMaxTextBytes, " bytes"));
    }
  }

  // The keys point into body.entries.
  absl::flat_hash_map<std::string_view, std::uint32_t, BytesHash, BytesEqual>
      positions;
  body.node_of_entry.reserve(ranges.size());
  for (const RoutingTable::Entry& entry : body.entries) {
    const auto [position, is_new] = positions.try_emplace(
        entry.node.str(), static_cast<std::uint32_t>(body.nodes.size()));
    if (is_new) body.nodes.push_back(entry.node);
    body.node_of_entry.push_back(position->second);
  }
  return absl::OkStatus();
}

}  // namespace

std::string Places::operator[](std::size_t entry) const {
  return lines_.empty() ? absl::StrCat("entry ", entry + 1)
                        : absl::StrCat("line ", lines_[entry]);
}

absl::StatusOr<std::shared_ptr<const Body>> build(
    std::vector<RoutingTable::Range> ranges, const Places& places) {
  if (ranges.size() > kMaxEntries) return too_many_entries();
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    if (std::string wrong = check(ranges[i]); !wrong.empty()) {
      return invalid(places[i], wrong);
    }
  }

  auto body = std::make_shared<Body>();
  absl::Status added = add_entries(ranges, *body);
  if (!added.ok()) return added;
  const Cells cells = cut_into_cells(ranges);
  absl::StatusOr<Claims> claims =
      claim_cells(*body, ranges, cells.intervals, cells.starts.size(), places);
  if (!claims.ok()) return claims.status();
  body->ranges = RangeIndex(cells.starts, claims->owners());
  return body;
}

absl::StatusOr<std::shared_ptr<const Body>> build(
    std::uint32_t slots, std::vector<RoutingTable::SlotRange> ranges,
    const Places& places) {
  if (slots < 1 || slots > RoutingTable::kMaxSlots) {
    return invalid(absl::StrCat(slots, " slots; a table has 1 to ",
                                RoutingTable::kMaxSlots));
  }
  if (ranges.size() > kMaxEntries) return too_many_entries();
  std::vector<Interval> intervals;
  intervals.reserve(ranges.size());
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    if (std::string wrong = check(ranges[i], slots); !wrong.empty()) {
      return invalid(places[i], wrong);
    }
    intervals.push_back({ranges[i].first, ranges[i].last + 1});
  }

  auto body = std::make_shared<Body>();
  body->slots = slots;
  absl::Status added = add_entries(ranges, *body);
  if (!added.ok()) return added;
  absl::StatusOr<Claims> claims =
      claim_cells(*body, ranges, intervals, slots, places);
  if (!claims.ok()) return claims.status();
  body->slot_owners = claims->owners();
  return body;
}

}  // namespace kv::internal::table
