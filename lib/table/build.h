// From entries to a table: the checks, and the index that find() asks.
#ifndef KV_TABLE_BUILD_H_
#define KV_TABLE_BUILD_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "table/routing_table_rep.h"

namespace kv::internal::table {

using Body = RoutingTable::Rep::Body;

// What errors call an entry: `line 7` of a text, or `entry 3` in code.
class Places {
 public:
  Places() = default;
  explicit Places(std::vector<std::uint32_t> lines)
      : lines_(std::move(lines)) {}

  std::string operator[](std::size_t entry) const;

 private:
  std::vector<std::uint32_t> lines_;
};

// kInvalidArgument for the first entry that is inverted, too long, out of the
// slots, without a node to dial, or beyond the reach of any name.
absl::StatusOr<std::shared_ptr<const Body>> build(
    std::vector<RoutingTable::Range> ranges, const Places& places);
absl::StatusOr<std::shared_ptr<const Body>> build(
    std::uint32_t slots, std::vector<RoutingTable::SlotRange> ranges,
    const Places& places);

}  // namespace kv::internal::table

#endif  // KV_TABLE_BUILD_H_
