// The pieces into which several tables together cut the names.
#ifndef KV_TABLE_CHECK_CELLS_H_
#define KV_TABLE_CHECK_CELLS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "kv/routing_table.h"
#include "table/claims.h"

namespace kv::internal::table {

inline constexpr std::size_t kMaxMixedPieces = 1'000'000;

// Names start <= name < end in the order of bytes. No `end`: to the last one.
struct NameSpan {
  std::string start;
  std::optional<std::string> end;
};
// first..last, or the names before an end that no prefix says.
std::string print_span(const NameSpan& span);

// Names which all of the tables treat alike.
struct Piece {
  // One of the two, or both where there are tables of both kinds.
  std::optional<NameSpan> span;
  std::optional<Interval> slots;
  std::string example;  // a name that belongs to it
  // Of each table what it finds for them: pointers into the tables.
  std::vector<const NodeName*> owners;
};

struct Pieces {
  std::vector<Piece> pieces;  // in order, adjacent ones different
  std::uint32_t slots = 0;    // as CheckReport::slots
  bool mixed = false;
};

// One for all names where there are no tables. kResourceExhausted: more than
// kMaxMixedPieces of tables of both kinds.
absl::StatusOr<Pieces> cut_into_pieces(const std::vector<RoutingTable>& tables);

}  // namespace kv::internal::table

#endif  // KV_TABLE_CHECK_CELLS_H_
