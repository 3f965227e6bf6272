// Ranges of names: cut into cells when a table is made, looked up afterwards.
//
// In the order of byte strings a range of prefixes first..last is one interval:
// from `first` up to, but without, the least string that is greater than every
// string that begins with `last`. So the bounds of all ranges, sorted, cut the
// names into cells, and each range is an interval of cells.
#ifndef KV_TABLE_RANGES_H_
#define KV_TABLE_RANGES_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kv/routing_table.h"
#include "table/claims.h"

namespace kv::internal::table {

// The least string greater than every string that begins with `prefix`;
// nothing if there is none, as for "" and "\xff".
std::optional<std::string> successor(std::string_view prefix);

struct Cells {
  // The least name of each cell, in order; the last cell has no end.
  std::vector<std::string> starts;
  // The cells of each range; empty if no name can belong to it.
  std::vector<Interval> intervals;
};

Cells cut_into_cells(const std::vector<RoutingTable::Range>& ranges);

// From a name to the owner of its cell. Immutable, so safe from any thread.
class RangeIndex {
 public:
  // Nobody owns anything.
  RangeIndex() = default;
  // REQUIRES: `starts` ascend, none is empty, and `owners` is as long.
  RangeIndex(const std::vector<std::string>& starts,
             const std::vector<std::uint32_t>& owners);

  // Claims::kNobody where there is no owner. REQUIRES: `name` is not empty.
  std::uint32_t find(std::string_view name) const {
    const Byte& byte = bytes_[static_cast<unsigned char>(name.front())];
    return byte.begin == byte.end ? byte.owner : find_among(byte, name);
  }

 private:
  // The names that begin with one byte.
  struct Byte {
    // Who owns the least of them, the byte alone, and all up to the first of
    // the pieces [begin, end) that start within the byte.
    std::uint32_t owner = Claims::kNobody;
    std::uint32_t begin = 0;
    std::uint32_t end = 0;
    // How many first bytes those pieces' starts have in common.
    std::uint32_t common = 0;
  };

  std::uint32_t find_among(const Byte& byte, std::string_view name) const;
  bool starts_after(std::uint32_t piece, std::uint64_t head,
                    std::string_view name) const;
  void index_byte(unsigned value, std::uint32_t& next, std::uint32_t& owner);
  std::string_view start(std::uint32_t piece) const {
    return std::string_view(text_).substr(
        offsets_[piece], offsets_[piece + 1] - offsets_[piece]);
  }

  std::array<Byte, 256> bytes_;
  // A piece is a run of cells of one owner; sorted by its start. The search
  // looks at the heads, and at the start itself only where two heads are equal.
  std::vector<std::uint64_t> heads_;  // 8 bytes behind the common ones
  std::vector<std::uint32_t> owners_;
  std::vector<std::size_t> offsets_;  // of the starts in text_, and its end
  std::string text_;
};

}  // namespace kv::internal::table

#endif  // KV_TABLE_RANGES_H_
