#include "kv/routing_table.h"

#include <algorithm>
#include <utility>

#include "table/build.h"
#include "table/routing_table_rep.h"
#include "table/text.h"

namespace kv {
namespace {

using Rep = RoutingTable::Rep;

std::shared_ptr<const Rep> make_rep(std::shared_ptr<const Rep::Body> body,
                                    std::uint64_t version) {
  return std::make_shared<const Rep>(Rep{std::move(body), version});
}

}  // namespace

RoutingTable::RoutingTable()
    : rep_(make_rep(std::make_shared<const Rep::Body>(), 0)) {}

absl::StatusOr<RoutingTable> RoutingTable::parse(std::string_view text) {
  absl::StatusOr<internal::table::Parsed> parsed =
      internal::table::parse_text(text);
  if (!parsed.ok()) return parsed.status();
  const internal::table::Places places(std::move(parsed->lines));
  auto body = parsed->slots == 0
                  ? internal::table::build(std::move(parsed->ranges), places)
                  : internal::table::build(
                        parsed->slots, std::move(parsed->slot_ranges), places);
  if (!body.ok()) return body.status();
  return RoutingTable(make_rep(*std::move(body), parsed->version));
}

absl::StatusOr<RoutingTable> RoutingTable::from_ranges(
    std::vector<Range> ranges) {
  auto body =
      internal::table::build(std::move(ranges), internal::table::Places());
  if (!body.ok()) return body.status();
  return RoutingTable(make_rep(*std::move(body), 0));
}

absl::StatusOr<RoutingTable> RoutingTable::from_slots(
    std::uint32_t slots, std::vector<SlotRange> ranges) {
  auto body = internal::table::build(slots, std::move(ranges),
                                     internal::table::Places());
  if (!body.ok()) return body.status();
  return RoutingTable(make_rep(*std::move(body), 0));
}

RoutingTable RoutingTable::with_version(std::uint64_t version) const {
  return RoutingTable(make_rep(rep_->body, version));
}

std::uint64_t RoutingTable::version() const { return rep_->version; }

const NodeName* RoutingTable::find(std::string_view bucket) const {
  const Rep::Body& body = *rep_->body;
  const std::uint32_t entry = body.find(bucket);
  if (entry == internal::table::Claims::kNobody) return nullptr;
  return &body.nodes[body.node_of_entry[entry]];
}

std::size_t RoutingTable::find_index(std::string_view bucket) const {
  const std::uint32_t entry = rep_->body->find(bucket);
  return entry == internal::table::Claims::kNobody ? kNone : entry;
}

const std::vector<RoutingTable::Entry>& RoutingTable::entries() const {
  return rep_->body->entries;
}

const std::vector<NodeName>& RoutingTable::nodes() const {
  return rep_->body->nodes;
}

std::uint32_t RoutingTable::slots() const { return rep_->body->slots; }

std::string RoutingTable::str() const {
  return internal::table::print_text(slots(), version(), entries());
}

std::string RoutingTable::summary() const {
  return internal::table::summarize(entries());
}

bool operator==(const RoutingTable& a, const RoutingTable& b) {
  if (a.version() != b.version()) return false;
  if (a.rep_->body == b.rep_->body) return true;
  if (a.slots() != b.slots() || a.entries().size() != b.entries().size()) {
    return false;
  }
  // The same range has always the same text.
  return std::equal(a.entries().begin(), a.entries().end(), b.entries().begin(),
                    [](const auto& x, const auto& y) {
                      return x.range == y.range && x.node == y.node;
                    });
}

}  // namespace kv
